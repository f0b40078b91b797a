// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// What work on values costs where a peer decides how long it takes: steps of a budget, never time.
class WorkTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aFilterEndsWithItsBudget_data();
    void aFilterEndsWithItsBudget();
    void aListOfValuesIsNotSearchedFromItsBeginning();
    void aFilterThatIsTooMuchToTakeInIsRefused();
    void comparingEndsWithItsBudget();
    void aProjectionCostsNoMoreThanItsFields();
    void aProjectionEndsWithItsBudget();
    void aSortValueIsCharged();
    void aDiffOfManyListsComparesTheLastInPlace();
    void aDiffOfDeepListsIsRight();
    void aMergePatchOfDeepObjectsIsRight();
};
