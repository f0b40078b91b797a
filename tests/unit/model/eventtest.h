// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class EventTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theWorkedExampleOfTheProtocolPageHolds_data();
    void theWorkedExampleOfTheProtocolPageHolds();
    void chainsOfTheWorkedExampleHold();
    void pushDigestKnowsTheIntentOnly();
    void aSaltedDigestHidesTheBody();
    void bytesWrittenDirectlyAreCanonical_data();
    void bytesWrittenDirectlyAreCanonical();
    void randomEventsSurviveTheirBytes();
    void everyFieldIsHashed();
    void badEventsAreRefused_data();
    void badEventsAreRefused();
    void fieldsOfTheOtherFormAreUnknown();
    void anEventTooLargeIsRefused();
    void anEventIsMeasuredInEveryFormInWhichItIsRead_data();
    void anEventIsMeasuredInEveryFormInWhichItIsRead();
    void theFirstIdComesFromReplaces();
};
