// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// What a transaction on several documents holds, and for how long.
class TransactionTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aTransactionHoldsItsDocumentsUntilItHasThemAll_data();
    void aTransactionHoldsItsDocumentsUntilItHasThemAll();
};

} // namespace eventsync::sync::test
