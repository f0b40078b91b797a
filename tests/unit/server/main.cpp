// SPDX-License-Identifier: Apache-2.0
#include "routestest.h"

#include <QCoreApplication>
#include <QTest>

// Every route, against a server on each store.
int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    using namespace eventsync::server;
    int failed = 0;
    for (const auto kind : {StoreLocation::Kind::Memory, StoreLocation::Kind::Sqlite}) {
        RoutesTest test(kind);
        failed += QTest::qExec(&test, argc, argv);
    }
    return failed == 0 ? 0 : 1;
}
