// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/frame.h>
#include <eventsync/transport/sseparser_p.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::transport;

using Events = std::vector<SseEvent>;
Q_DECLARE_METATYPE(Events)

namespace {

// Fed in pieces of `size` bytes.
Events parsed(SseParser &parser, const QByteArray &stream, int size)
{
    Events all;
    for (int at = 0; at < stream.size(); at += size) {
        auto some = parser.feed(stream.mid(at, size).toStdString());
        if (!some)
            return {{"failed", some.error().toString(), {}}};
        all.insert(all.end(), some->begin(), some->end());
    }
    return all;
}

} // namespace

class SseParserTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsTheStreamHoweverItIsCut_data()
    {
        QTest::addColumn<QByteArray>("stream");
        QTest::addColumn<Events>("events");
        QTest::newRow("one event") << QByteArray("data: a\n\n") << Events{{"message", "a", ""}};
        QTest::newRow("a named one") << QByteArray("event: ack\ndata: {}\n\n") << Events{{"ack", "{}", ""}};
        QTest::newRow("lines are joined") << QByteArray("data: a\ndata:b\ndata\n\n") << Events{{"message", "a\nb\n", ""}};
        QTest::newRow("one space is taken off") << QByteArray("data:  a\n\n") << Events{{"message", " a", ""}};
        QTest::newRow("CR") << QByteArray("data: a\r\rdata: b\r\r") << Events{{"message", "a", ""}, {"message", "b", ""}};
        QTest::newRow("CRLF") << QByteArray("data: a\r\n\r\ndata: b\r\n\r\n")
                              << Events{{"message", "a", ""}, {"message", "b", ""}};
        QTest::newRow("mixed") << QByteArray("event: x\rdata: a\n\r\ndata: b\n\n") << Events{{"x", "a", ""}, {"message", "b", ""}};
        QTest::newRow("byte-order mark") << QByteArray("\xEF\xBB\xBF" "data: a\n\n") << Events{{"message", "a", ""}};
        QTest::newRow("half a mark is text") << QByteArray("\xEF\xBB" "data: a\n\n") << Events{};
        QTest::newRow("a second mark is text") << QByteArray("\xEF\xBB\xBF\xEF\xBB\xBF" "data: a\n\n") << Events{};
        QTest::newRow("comments") << QByteArray(": hi\n\n:\ndata: a\n: there\n\n") << Events{{"message", "a", ""}};
        QTest::newRow("unknown fields") << QByteArray("foo: 1\nbar\ndata: a\n\n") << Events{{"message", "a", ""}};
        QTest::newRow("no data, no event") << QByteArray("event: x\n\ndata: a\n\n") << Events{{"message", "a", ""}};
        QTest::newRow("empty data") << QByteArray("data\n\n") << Events{{"message", "", ""}};
        QTest::newRow("an id stays") << QByteArray("id: 7\ndata: a\n\ndata: b\n\n")
                                     << Events{{"message", "a", "7"}, {"message", "b", "7"}};
        QTest::newRow("an empty id ends it") << QByteArray("id: 7\ndata: a\n\nid\ndata: b\n\n")
                                             << Events{{"message", "a", "7"}, {"message", "b", ""}};
        QTest::newRow("an id with NUL is none") << QByteArray("id: 7\0\ndata: a\n\n", 16) << Events{{"message", "a", ""}};
        QTest::newRow("unfinished") << QByteArray("data: a\n\ndata: b\n") << Events{{"message", "a", ""}};
    }
    void readsTheStreamHoweverItIsCut()
    {
        QFETCH(QByteArray, stream);
        QFETCH(Events, events);
        for (int size = 1; size <= stream.size(); ++size) {
            SseParser parser;
            const Events seen = parsed(parser, stream, size);
            QVERIFY2(seen == events, qPrintable(QStringLiteral("in pieces of %1").arg(size)));
        }
    }

    void readsWhatAFrameWrites()
    {
        const auto frame = Frame::text("a\nb\n\nc", "events");
        SseParser parser;
        QVERIFY(parsed(parser, frame.sseBytes(), 3) == (Events{{"events", "a\nb\n\nc", ""}}));
    }

    void retryIsANumberOrNothing()
    {
        SseParser parser;
        QVERIFY(parser.feed("retry: 1500\nretry: -1\nretry: 2x\nretry:\n\n").has_value());
        QVERIFY(parser.retryMs() == 1500);
    }

    void whatIsTooLongIsRefusedWithoutBeingKept_data()
    {
        QTest::addColumn<QByteArray>("piece");
        QTest::newRow("an endless line") << QByteArray("aaaaaaaaaa");
        QTest::newRow("an endless event") << QByteArray("data: aaaa\n");
    }
    void whatIsTooLongIsRefusedWithoutBeingKept()
    {
        QFETCH(QByteArray, piece);
        SseParser parser(100);
        for (int i = 0; i < 25; ++i) {
            auto fed = parser.feed(piece.toStdString());
            if (!fed) {
                QCOMPARE(fed.error().code, ErrorCode::TooLarge);
                QVERIFY(i >= 9);
                return;
            }
        }
        QFAIL("250 bytes were taken with a limit of 100");
    }
};

QTEST_GUILESS_MAIN(SseParserTest)
#include "tst_sseparser.moc"
