// SPDX-License-Identifier: Apache-2.0
// What a program sees that embeds the libraries and knows none of this project's options and definitions. Most of this test
// is that it compiles: with Qt's keywords on, and with the language standard that the libraries carry.
#include <QTest>

#include <eventsync/client/syncclient.h>
#include <eventsync/crdt/api.h>

using namespace eventsync;

class HeadersTest : public QObject
{
    Q_OBJECT

private slots:
    void theLibrariesCarryTheirLanguageStandard() { QVERIFY(__cplusplus >= 202002L); }

    void qtsKeywordsAreThere()
    {
#if !defined(slots) || !defined(signals) || !defined(emit) || defined(QT_NO_CAST_FROM_ASCII)
        QFAIL("this program is compiled with the project's definitions");
#endif
    }

    void textIsInsertedFromALiteral()
    {
        crdt::Document document;
        crdt::Api api(document);
        QVERIFY(api.root({{"text", ""}}));
        auto text = api.str("/text");
        QVERIFY(text);
        QVERIFY(text->ins(0, "수신"));
        QVERIFY(text->ins(2, QString(" ok")));
        QVERIFY(text->ins(5, std::string("!")));
        QCOMPARE(text->text(), QString("수신 ok!"));
    }
};

QTEST_APPLESS_MAIN(HeadersTest)
#include "tst_headers.moc"
