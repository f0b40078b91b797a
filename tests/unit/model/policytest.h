// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class PolicyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void policiesSurviveTheirJson_data();
    void policiesSurviveTheirJson();
    void badPoliciesAreRefused_data();
    void badPoliciesAreRefused();
    void aPeersNewerPolicyIsPassedOver();
    void rulesAreFound_data();
    void rulesAreFound();
    void diffsFollowTheRules();
    void countersKeepTheirBounds_data();
    void countersKeepTheirBounds();
    void engineFieldsAreNotWritten_data();
    void engineFieldsAreNotWritten();
    void viewsShowEngineFields();
    void collectionsWithoutPolicyMergeFields();
    void schemasValidateStates_data();
    void schemasValidateStates();
    void badSchemasAreRefused_data();
    void badSchemasAreRefused();
    void theCheckOfACollectionJoinsAll();
    void stricterRulesLetPassWhatMakesNothingWorse_data();
    void stricterRulesLetPassWhatMakesNothingWorse();
    void aValidatorThatSaysOneThingAtATimeLetsStepsPass();
};
