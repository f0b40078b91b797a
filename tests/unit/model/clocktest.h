// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class ClockTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void clocksCompare_data();
    void clocksCompare();
    void mergingKeepsTheLargerEntries();
    void entriesOfZeroAreNotKept();
    void clocksTravelAsObjects_data();
    void clocksTravelAsObjects();
    void stateVectorsSurviveTheirJson();
};
