// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class PatternTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aLongTextMeetsNoRegularExpression();
    void regularExpressionsAreThoseOfEcmaScript_data();
    void regularExpressionsAreThoseOfEcmaScript();
    void regularExpressionsAreBounded();
    void formatsAreValidated_data();
    void formatsAreValidated();
};
