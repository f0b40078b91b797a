// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// Who may come in, read and write; and every error that ends or answers what a peer asked.
class AccessTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aHelloNeedsItsToken_data();
    void aHelloNeedsItsToken();
    void aReaderIsToldSoAndMayNotWrite();
    void whatMayNotBeReadLooksLikeWhatIsNotThere();
    void aWithdrawnRightRevokes_data();
    void aWithdrawnRightRevokes();
    void noPresenceReachesWhoMayNotRead();
    void aTokenIsRenewedOrEndsTheConnection();
    void whatCannotBeReadNamesItsDocument();
    void aPolicyThatThrowsGivesNoAccess();
    void everyErrorHasItsScope_data();
    void everyErrorHasItsScope();
};

} // namespace eventsync::sync::test
