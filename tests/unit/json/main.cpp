// SPDX-License-Identifier: Apache-2.0
#include "conformancetest.h"
#include "patchtest.h"
#include "propertytest.h"
#include "valuetest.h"
#include "worktest.h"

#include <QCoreApplication>
#include <QTest>

// tst_json [class] [Qt Test's arguments]: all test classes, or the one named.
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
    run(ValueTest());
    run(PatchTest());
    run(ConformanceTest());
    run(PropertyTest());
    run(WorkTest());
    return failures;
}
