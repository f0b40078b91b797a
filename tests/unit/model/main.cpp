// SPDX-License-Identifier: Apache-2.0
#include "clocktest.h"
#include "crdtstatetest.h"
#include "eventtest.h"
#include "patterntest.h"
#include "policytest.h"
#include "schematest.h"
#include "statetest.h"

#include <QCoreApplication>
#include <QTest>

// tst_model [class] [Qt Test's arguments]: all test classes, or the one named.
int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QStringList arguments = QCoreApplication::arguments();
    QString only;
    if (arguments.size() > 1 && arguments.at(1).endsWith(QLatin1String("Test")))
        only = arguments.takeAt(1);

    int failures = 0;
    auto run = [&](auto &&test) {
        if (only.isEmpty() || only == QLatin1String(test.metaObject()->className()))
            failures += QTest::qExec(&test, arguments);
    };
    run(EventTest());
    run(ClockTest());
    run(StateTest());
    run(CrdtStateTest());
    run(PolicyTest());
    run(PatternTest());
    run(SchemaTest());
    return failures;
}
