// SPDX-License-Identifier: Apache-2.0
#include "convergencetest.h"
#include "managertest.h"
#include "messagestest.h"
#include "setstest.h"
#include "storetest.h"

#include <QCoreApplication>
#include <QTest>

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    int failed = 0;
    const auto run = [&](auto test) { failed += QTest::qExec(&test, argc, argv); };
    run(eventsync::test::SetsTest());
    run(eventsync::test::MessagesTest());
    run(eventsync::test::StoreTest());
    run(eventsync::test::ConvergenceTest());
    run(eventsync::test::ManagerTest());
    return failed == 0 ? 0 : 1;
}
