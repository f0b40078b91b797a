// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// The published suites, case by case; where the value domain refuses what a suite accepts, a table names it.
class ConformanceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void jsonPatchSuite_data();
    void jsonPatchSuite();
    void jsonParsingSuite_data();
    void jsonParsingSuite();
    void canonicalFormSuite_data();
    void canonicalFormSuite();
    void numbersAreWrittenAsEcmaScriptDoes();
};
