// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// Which documents are followed: those that are open, and those with edits that are not settled.
class FollowingTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anEditOfADocumentThatIsNotOpenIsSent();
    void aDocumentMadeWithoutOpeningItIsSent();
    void aClosedDocumentIsFollowedUntilItsEditsAreSettled();
    void queuedEditsOfAClosedDocumentAreSentAfterARestart();
    void anUndecidedConflictOfAClosedDocumentIsFollowed();
    void moreDocumentsWithEditsThanPlacesTakeTurns();
    void anEditTakesThePlaceThatIsIdleLongest();
    void moreOpenDocumentsThanPlacesAreReadInTurns();
    void aDocumentThatIsNotInStepKeepsItsPlace();
    void aClosedDocumentShowsNoPresence();
};

} // namespace eventsync::client::test
