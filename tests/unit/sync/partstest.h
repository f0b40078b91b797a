// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// What belongs to a session, each part alone: no service, no connection.
class PartsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aSubscriberGetsWhatIsCommitted();
    void aSubscriberThatIsBehindCatchesUpAfterTheOthersHaveTheEvents();
    void whatFailsAfterACommitFailsAlone();
    void presenceGoesToOthersAndEndsWithItsSession();
    void announcementsGoOutInChunks();
    void longAnswersWaitForThePeer();
    void submissionsByCodeAreProcessedInTheirOrder();
    void aDocumentThatCannotBeReadEndsWhatWaitsForIt();
};

} // namespace eventsync::sync::test
