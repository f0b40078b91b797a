// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "windowrig.h"

#include <QObject>

#include <memory>

namespace eventsync::desktop::test {

// A window and somebody else, over the real server.
class TogetherTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void twoReplicasSeeEachOther_data();
    void twoReplicasSeeEachOther();
    void aConflictIsDecidedByThePerson_data();
    void aConflictIsDecidedByThePerson();
    void aConflictNamesItsPeopleAfterARestart();
    void textsAreWrittenTogether_data();
    void textsAreWrittenTogether();
    void listsAreEditedTogether();
    void showsWhoElseLooks();

private:
    bool goOnline(Transport transport); // both; false: there is no server in this build

    std::unique_ptr<WindowRig> m_rig;
    Server m_server;
    std::unique_ptr<Session> m_bob;
};

} // namespace eventsync::desktop::test
