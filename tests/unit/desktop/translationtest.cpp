// SPDX-License-Identifier: Apache-2.0
#include "translationtest.h"

#include <desktop/application.h>
#include <desktop/texts.h>

#include <QApplication>
#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;

void TranslationTest::isUsedByTheProgram()
{
    QCOMPARE(Texts::operation(Operation::Create), u"Create"_s);
    installLanguage(*qApp, u"ko"_s);
    QCOMPARE(Texts::operation(Operation::Create), u"생성"_s);
    QCOMPARE(Texts::change(Operation::Delete, {}), u"문서 전체"_s);
    installLanguage(*qApp, u"en"_s);
    QCOMPARE(Texts::operation(Operation::Create), u"Create"_s);
}

} // namespace eventsync::desktop::test
