// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/frame.h>

#include <QTest>

#include <thread>
#include <vector>

using eventsync::transport::Frame;

class FrameTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void webSocketHeadHasTheShortestLength_data()
    {
        QTest::addColumn<int>("size");
        QTest::addColumn<QByteArray>("head");
        QTest::newRow("empty") << 0 << QByteArray::fromHex("8100");
        QTest::newRow("7 bits") << 125 << QByteArray::fromHex("817d");
        QTest::newRow("16 bits from 126") << 126 << QByteArray::fromHex("817e007e");
        QTest::newRow("16 bits up to 65535") << 65535 << QByteArray::fromHex("817effff");
        QTest::newRow("64 bits above") << 65536 << QByteArray::fromHex("817f0000000000010000");
    }
    void webSocketHeadHasTheShortestLength()
    {
        QFETCH(int, size);
        QFETCH(QByteArray, head);
        const std::string payload(static_cast<std::size_t>(size), 'x');
        QCOMPARE(Frame::text(payload).webSocketBytes(), head + QByteArray::fromStdString(payload));
    }

    void binaryFramesSayWhatTheyAre()
    {
        QCOMPARE(Frame::binary("\x01").webSocketBytes(), QByteArray::fromHex("820101"));
    }

    void everyLineOfTheDataGetsItsOwnField_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("event");
        QTest::newRow("one line") << QByteArray("{}") << QByteArray("event: events\ndata: {}\n\n");
        QTest::newRow("empty") << QByteArray("") << QByteArray("event: events\ndata: \n\n");
        QTest::newRow("LF") << QByteArray("a\nb") << QByteArray("event: events\ndata: a\ndata: b\n\n");
        QTest::newRow("CRLF") << QByteArray("a\r\nb") << QByteArray("event: events\ndata: a\ndata: b\n\n");
        QTest::newRow("CR") << QByteArray("a\rb") << QByteArray("event: events\ndata: a\ndata: b\n\n");
        QTest::newRow("LF at the end") << QByteArray("a\n") << QByteArray("event: events\ndata: a\ndata: \n\n");
    }
    void everyLineOfTheDataGetsItsOwnField()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, event);
        QCOMPARE(Frame::text(text.toStdString(), "events").sseBytes(), event);
    }

    void copiesShareWhatWasMadeOnce()
    {
        const Frame frame = Frame::text("{\"type\":\"ping\"}");
        const Frame copy = frame;
        QCOMPARE(copy.bytes().data(), frame.bytes().data());
        QCOMPARE(copy.webSocketBytes().constData(), frame.webSocketBytes().constData());
        QCOMPARE(copy.toQString().constData(), frame.toQString().constData());
        QCOMPARE(copy.sseBytes().constData(), frame.sseBytes().constData());
    }

    void manyThreadsMayAskForTheSameForm()
    {
        const Frame frame = Frame::text(std::string(100'000, 'x'));
        std::vector<const char *> seen(8);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < seen.size(); ++i)
            threads.emplace_back([&, i] { seen[i] = Frame(frame).webSocketBytes().constData(); });
        for (auto &thread : threads)
            thread.join();
        for (const char *each : seen)
            QCOMPARE(each, seen.front());
    }

    void textsSurviveTheQString()
    {
        const std::string text = "\xED\x95\x9C\xEA\xB8\x80 \xF0\x9F\x8C\x8D";
        QCOMPARE(Frame::text(text).toQString().toUtf8().toStdString(), text);
    }
};

QTEST_GUILESS_MAIN(FrameTest)
#include "tst_frame.moc"
