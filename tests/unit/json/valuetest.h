// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// Parsing, the value domain (G4), canonical form, pointers, filters, Qt's JSON.
class ValueTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void badTextIsANamedError_data();
    void badTextIsANamedError();
    void goodTextHasOneForm_data();
    void goodTextHasOneForm();
    void normalizeBringsValuesOfCodeIntoTheDomain_data();
    void normalizeBringsValuesOfCodeIntoTheDomain();
    void normalizeRefusesWithThePath();
    void keysAreSortedByUtf16CodeUnits();
    void malformedPointersAreRefused_data();
    void malformedPointersAreRefused();
    void pointersFindWhatTheyName();
    void valuesHaveATotalOrder();
    void filterDecides_data();
    void filterDecides();
    void malformedFiltersAreRefused_data();
    void malformedFiltersAreRefused();
    void sortingAndProjection();
    void sortValuesAreShortAndKeepTheOrder();
    void largeIntegersAreRefusedIfTheyWouldChange_data();
    void largeIntegersAreRefusedIfTheyWouldChange();
    void qtJsonLosesNothing();
    void qtJsonOutsideTheDomainIsRefused();
};
