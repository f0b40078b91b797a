// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::desktop::test {

class ConflictChoiceTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void asksOnlyWhatBothChanged_data();
    void asksOnlyWhatBothChanged();
    void mergesAsChosen_data();
    void mergesAsChosen();
    void addsUpOnlyCounters();
    void contestsEverythingWithoutABase();
    void recordsThePersonInTheDecision();
};

} // namespace eventsync::desktop::test
