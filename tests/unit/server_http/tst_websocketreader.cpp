// SPDX-License-Identifier: Apache-2.0
// RFC 6455 as a server reads it, without a socket.
#include "serverfixture.h"

#include <server/http/websocketreader.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::server;
using transport::CloseCode;

namespace {

constexpr std::size_t kLimit = 100'000;

// What bytes led to: "text:abc", "ping:", "close:1001 going", and last "violation:1002" if there was one.
QStringList readAll(const QByteArray &bytes, qsizetype step, std::size_t limit = kLimit)
{
    WebSocketReader reader(limit);
    QStringList out;
    for (qsizetype at = 0; at < bytes.size(); at += step) {
        const QByteArray piece = bytes.mid(at, step);
        std::string_view rest(piece.constData(), static_cast<std::size_t>(piece.size()));
        while (!rest.empty()) {
            auto taken = reader.feed(rest);
            if (!taken)
                return out << QStringLiteral("violation:%1").arg(static_cast<int>(taken.error().code));
            rest.remove_prefix(taken->bytes);
            if (!taken->message) {
                if (!rest.empty())
                    return out << QStringLiteral("bytes left over");
                break;
            }
            static const QStringList names{QStringLiteral("text:"), QStringLiteral("binary:"), QStringLiteral("ping:"),
                                           QStringLiteral("pong:"), QStringLiteral("close:")};
            QString line = names.at(static_cast<int>(taken->message->kind));
            if (taken->message->code)
                line += QStringLiteral("%1 ").arg(static_cast<int>(*taken->message->code));
            out << line + QString::fromStdString(taken->message->payload);
        }
    }
    return out;
}

QByteArray closePayload(int code, const QByteArray &text = {})
{
    return QByteArray(1, static_cast<char>(code >> 8)).append(static_cast<char>(code & 0xff)) + text;
}

} // namespace

class WebSocketReaderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void framesBecomeMessagesHoweverTheyAreCut_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QStringList>("expected");
        const auto row = [](const char *name, const QByteArray &bytes, const char *expected) {
            QTest::newRow(name) << bytes << QString::fromUtf8(expected).split(u'|', Qt::SkipEmptyParts);
        };
        row("a text", clientFrame(0x81, "Hello"), "text:Hello");
        row("the text of the specification", QByteArray::fromHex("818537fa213d7f9f4d5158"), "text:Hello");
        row("an empty text", clientFrame(0x81, ""), "text:");
        row("bytes", clientFrame(0x82, "\xff"), "binary:\xef\xbf\xbd");
        row("three fragments", clientFrame(0x01, "He") + clientFrame(0x00, "") + clientFrame(0x80, "llo"), "text:Hello");
        row("fragments of bytes", clientFrame(0x02, "a") + clientFrame(0x80, "b"), "binary:ab");
        row("a ping between fragments", clientFrame(0x01, "He") + clientFrame(0x89, "now") + clientFrame(0x80, "llo"),
            "ping:now|text:Hello");
        row("one after the other", clientFrame(0x81, "a") + clientFrame(0x8A, "b") + clientFrame(0x82, "c"),
            "text:a|pong:b|binary:c");
        row("the longest ping", clientFrame(0x89, QByteArray(125, 'x')), ("ping:" + QByteArray(125, 'x')).constData());
        row("126 bytes", clientFrame(0x81, QByteArray(126, 'x')), ("text:" + QByteArray(126, 'x')).constData());
        row("65536 bytes", clientFrame(0x81, QByteArray(65'536, 'x')), ("text:" + QByteArray(65'536, 'x')).constData());
        row("exactly the limit", clientFrame(0x81, QByteArray(100'000, 'x')), ("text:" + QByteArray(100'000, 'x')).constData());
        row("a close", clientFrame(0x88, ""), "close:");
        row("a close with a code", clientFrame(0x88, closePayload(1001)), "close:1001 ");
        row("a close with a text", clientFrame(0x88, closePayload(4321, "\xED\x95\x9C")), "close:4321 \xED\x95\x9C");
        row("what began is not ended by a control frame", clientFrame(0x01, "He") + clientFrame(0x89, ""), "ping:");
        const auto bad = [](const char *name, const QByteArray &bytes, int code) {
            QTest::newRow(name) << bytes << QStringList{QStringLiteral("violation:%1").arg(code)};
        };
        bad("not masked", clientFrame(0x81, "Hello", false), 1002);
        bad("not masked and empty", clientFrame(0x88, "", false), 1002);
        bad("a first reserved bit", clientFrame(0xC1, "Hello"), 1002);
        bad("a last reserved bit", clientFrame(0x91, "Hello"), 1002);
        for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
            bad(qPrintable(QStringLiteral("opcode %1").arg(opcode)), clientFrame(static_cast<unsigned char>(0x80 | opcode), ""), 1002);
        bad("a continuation of nothing", clientFrame(0x80, "a"), 1002);
        bad("a fragmented ping", clientFrame(0x09, "a"), 1002);
        bad("a fragmented close", clientFrame(0x08, ""), 1002);
        bad("a ping of 126 bytes", clientFrame(0x89, QByteArray(126, 'x')), 1002);
        bad("5 bytes with a length of two bytes", QByteArray::fromHex("81fe000537fa213d7f9f4d5158"), 1002);
        bad("126 bytes with a length of eight bytes", QByteArray::fromHex("81ff000000000000007e37fa213d"), 1002);
        bad("a length above 2^63", QByteArray::fromHex("81ff800000000000000037fa213d"), 1002);
        bad("half a close code", clientFrame(0x88, "\x03"), 1002);
        for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
            bad(qPrintable(QStringLiteral("close code %1").arg(code)), clientFrame(0x88, closePayload(code)), 1002);
        bad("a close text that is no UTF-8", clientFrame(0x88, closePayload(1000, "\xff")), 1007);
        bad("a text that is no UTF-8", clientFrame(0x81, "\xff"), 1007);
        bad("a text that ends inside a character", clientFrame(0x81, "\xED\x95"), 1007);
        bad("a surrogate in two fragments", clientFrame(0x01, "\xED\xA0") + clientFrame(0x80, "\x80"), 1007);
        bad("a promise beyond the limit", QByteArray::fromHex("81ff00000000000186a137fa213d"), 1009);
        bad("the largest promise", QByteArray::fromHex("82ff7fffffffffffffff37fa213d"), 1009);
        bad("fragments beyond the limit", clientFrame(0x01, QByteArray(60'000, 'x')) + clientFrame(0x80, QByteArray(40'001, 'x')), 1009);
        QTest::newRow("a text inside another one") << clientFrame(0x01, "a") + clientFrame(0x81, "b")
                                                   << QStringList{QStringLiteral("violation:1002")};
        QTest::newRow("a wrong frame after a good one")
            << clientFrame(0x81, "a") + clientFrame(0x81, "b", false)
            << QStringList{QStringLiteral("text:a"), QStringLiteral("violation:1002")};
    }
    void framesBecomeMessagesHoweverTheyAreCut()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QStringList, expected);
        for (const qsizetype step : {qsizetype(1), qsizetype(7), bytes.size()})
            QCOMPARE(readAll(bytes, step), expected);
    }

    void aTextMayBeCutInsideACharacter()
    {
        const QByteArray text = "{\"a\":\"\xED\x95\x9C\xF0\x9F\x98\x80\"}";
        for (qsizetype at = 0; at <= text.size(); ++at) {
            const QByteArray bytes = clientFrame(0x01, text.left(at)) + clientFrame(0x80, text.mid(at));
            QCOMPARE(readAll(bytes, bytes.size()), QStringList{QStringLiteral("text:") + QString::fromUtf8(text)});
        }
    }

    void aLongMessageOfManyFragmentsIsWhole()
    {
        QByteArray text, bytes;
        for (int i = 0; i < 3000; ++i) {
            const QByteArray piece = QByteArray::number(i).repeated(i % 9);
            bytes += clientFrame(i == 0 ? 0x01 : 0x00, piece);
            text += piece;
        }
        bytes += clientFrame(0x80, "");
        QCOMPARE(readAll(bytes, 1000), QStringList{QStringLiteral("text:") + QString::fromLatin1(text)});
    }
};

QTEST_GUILESS_MAIN(WebSocketReaderTest)
#include "tst_websocketreader.moc"
