// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// JSON Schema, draft 7: what it means, what a schema must look like, and what holding a state to it may cost.
class SchemaTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void thePublishedSuiteIsFollowed_data();
    void thePublishedSuiteIsFollowed();
    void whatIsNotSupportedIsWhatTheListSays();
    void numbersAreComparedAsDecimals_data();
    void numbersAreComparedAsDecimals();
    void aSchemaIsCheckedWhole_data();
    void aSchemaIsCheckedWhole();
    void complaintsNameThePlace_data();
    void complaintsNameThePlace();
    void validationEndsAfterItsSteps_data();
    void validationEndsAfterItsSteps();
    void aPatternIsTriedInAllOnly();
};
