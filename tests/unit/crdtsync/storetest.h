// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::test {

class StoreTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void patchesComeBackInTheOrderOfStoring_data();
    void patchesComeBackInTheOrderOfStoring();
    void pagesEndWhereTheyAreFull();
    void anotherPatchUnderTheSameNumberIsAConflict();
    void aSnapshotSurvivesReopening();
};

} // namespace eventsync::test
