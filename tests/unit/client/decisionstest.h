// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// Conflicts decided, dead letters tried again or given up; the resolvers.
class DecisionsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void decisions_data();
    void decisions();
    void theDecisionIsRecorded();
    void theRecordGivesWayToALargeEdit();
    void aDecisionIsRecognisedByTheFirstId();
    void deletedMeanwhileOursCreatesAgain();
    void createdMeanwhileOursReplacesTheRoot();
    void afterSomeTriesTheEventCarriesItsDecision();
    void discardGivesUp();
    void retryMakesANewEdit();
    void mergeFields_data();
    void mergeFields();
    void builtInResolvers();
};

} // namespace eventsync::client::test
