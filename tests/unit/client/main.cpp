// SPDX-License-Identifier: Apache-2.0
#include "editstest.h"
#include "pulltest.h"

#include <QCoreApplication>
#include <QTest>

using namespace eventsync::client::test;

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    int failed = 0;
    const auto run = [&](QObject &&test) { failed += QTest::qExec(&test, argc, argv); };
    run(EditsTest());
    run(PullTest());
    return failed;
}
