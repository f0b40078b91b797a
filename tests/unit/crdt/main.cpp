// SPDX-License-Identifier: Apache-2.0
#include "apitest.h"
#include "convergencetest.h"
#include "hostiletest.h"

#include <QCoreApplication>
#include <QTest>

// tst_crdt [class] [Qt Test's arguments]: all test classes, or the one named.
int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QStringList arguments = QCoreApplication::arguments();
    QString only;
    if (arguments.size() > 1 && arguments.at(1).endsWith(QLatin1String("Test")))
        only = arguments.takeAt(1);

    int failures = 0;
    const auto run = [&](auto &&test) {
        if (only.isEmpty() || only == QLatin1String(test.metaObject()->className()))
            failures += QTest::qExec(&test, arguments);
    };
    run(ApiTest());
    run(HostileTest());
    run(ConvergenceTest());
    return failures;
}
