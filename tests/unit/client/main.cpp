// SPDX-License-Identifier: Apache-2.0
#include "crdttest.h"
#include "decisionstest.h"
#include "drivertest.h"
#include "editstest.h"
#include "followingtest.h"
#include "partstest.h"
#include "pulltest.h"
#include "repairtest.h"
#include "syncclienttest.h"

#include <QCoreApplication>
#include <QTest>

#include <string_view>

using namespace eventsync::client::test;

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    if (argc == 3 && std::string_view(argv[1]) == "--edit")
        return editUntilKilled(argv[2]);
    if (argc == 2 && std::string_view(argv[1]) == "--another-thread")
        return callFromAnotherThread();
    int failed = 0;
    const auto run = [&](QObject &&test) { failed += QTest::qExec(&test, argc, argv); };
    run(PartsTest());
    run(DriverTest());
    run(EditsTest());
    run(FollowingTest());
    run(PullTest());
    run(RepairTest());
    run(DecisionsTest());
    run(CrdtTest());
    run(SyncClientTest());
    return failed;
}
