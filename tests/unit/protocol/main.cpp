// SPDX-License-Identifier: Apache-2.0
#include "badinputtest.h"
#include "cbortest.h"
#include "codectest.h"
#include "goldentest.h"
#include "schematest.h"

#include <QCoreApplication>
#include <QTest>

// tst_protocol [class] [Qt Test's arguments]: all test classes, or the one named.
// tst_protocol --write-golden FOLDER: writes the golden files and runs no test. A change to them is a change of the
// protocol and needs a decision record (docs/decisions).
// tst_protocol --write-page FILE: writes the page of messages, docs/protocol-messages.md, from the schema beside it.
int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() == 3 && arguments.at(1) == QLatin1String("--write-golden"))
        return GoldenTest::write(arguments.at(2)) ? 0 : 1;
    if (arguments.size() == 3 && arguments.at(1) == QLatin1String("--write-page"))
        return SchemaTest::writePage(arguments.at(2)) ? 0 : 1;
    QString only;
    if (arguments.size() > 1 && arguments.at(1).endsWith(QLatin1String("Test")))
        only = arguments.takeAt(1);

    int failures = 0;
    auto run = [&](auto &&test) {
        if (only.isEmpty() || only == QLatin1String(test.metaObject()->className()))
            failures += QTest::qExec(&test, arguments);
    };
    run(GoldenTest());
    run(CodecTest());
    run(CborTest());
    run(BadInputTest());
    run(SchemaTest());
    return failures;
}
