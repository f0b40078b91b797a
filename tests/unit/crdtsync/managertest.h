// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::test {

class ManagerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void twoNodesFollowEachOther_data();
    void twoNodesFollowEachOther();
    void aNodeComesBackWithItsStore();
    void whatTheStoreRefusesIsTriedAgain();
    void nodesOverRedisSurviveARestartOfTheServer();
};

} // namespace eventsync::test
