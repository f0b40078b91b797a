// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// Everything that the service says stays within the granted frame, is bounded in memory, and waits for a slow reader.
class AnswersTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aLongAnswerComesInPieces_data();
    void aLongAnswerComesInPieces();
    void aLongAnswerWaitsForASlowReaderAndForNothingElse();
    void aListEndsItsPageAtItsBytes();
    void aPageTokenStaysShort();
    void stateVectorsGoOnFromTheLastOne();
    void headsComeInStepsAndALargeOneIsNamed();
    void changedHeadsWaitForASlowReader();
    void clocksCountAsTheirEventsDo();
    void cursorsComeInSteps();
    void presencesWaitForASlowReader();
    void whatAnErrorQuotesIsShort();
    void aMessageThatWasTooLongFailsByName();
    void othersAreServedWhileALongReadWaits_data();
    void othersAreServedWhileALongReadWaits();
    void whatWasAskedByASessionThatHasEndedIsNotRead();
    void aWatchWhoseFilterIsTooMuchWorkEnds();
};

} // namespace eventsync::sync::test
