// SPDX-License-Identifier: Apache-2.0
#include "conflictchoicetest.h"
#include "editortest.h"
#include "modelstest.h"
#include "playtest.h"
#include "queuetest.h"
#include "togethertest.h"
#include "translationtest.h"
#include "windowtest.h"

#include <QApplication>
#include <QTest>

using namespace eventsync::desktop::test;

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    int failed = 0;
    const auto run = [&](QObject &&test) { failed += QTest::qExec(&test, argc, argv); };
    run(ModelsTest());
    run(ConflictChoiceTest());
    run(EditorTest());
    run(PlayTest());
    run(TranslationTest());
    run(QueueTest());
    run(WindowTest());
    run(TogetherTest());
    return failed;
}
