// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::desktop::test {

class TranslationTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isUsedByTheProgram();
};

} // namespace eventsync::desktop::test
