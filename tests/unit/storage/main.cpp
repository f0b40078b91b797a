// SPDX-License-Identifier: Apache-2.0
#include "childprocess.h"
#include "documentstoragetest.h"
#include "memorybackendtest.h"
#include "queriestest.h"
#include "sqlitebackendtest.h"
#include "typedstoragetest.h"

#include <QCoreApplication>
#include <QTest>

using namespace eventsync::test;

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    if (const auto exitCode = runAsChild(application.arguments()))
        return *exitCode;
    int failed = 0;
    const auto run = [&](QObject &&test) { failed += QTest::qExec(&test, argc, argv); };
    run(MemoryBackendSuite());
    run(InFlightMemoryBackendSuite());
    run(SqliteBackendSuite());
    run(MemoryBackendTest());
    run(SqliteBackendTest());
    run(QueriesTest());
    run(DocumentStorageTest());
    run(TypedStorageTest());
    return failed;
}
