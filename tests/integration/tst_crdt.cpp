// SPDX-License-Identifier: Apache-2.0
// Documents of kind crdt through the server program: clients on a real WebSocket and on a real event stream, and REST.
#include "futures.h"
#include "serverprocess.h"

#include <eventsync/client/syncclient.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdt/encoding.h>

#include <QFuture>
#include <QTest>

#include <map>
#include <optional>

namespace eventsync::test {

namespace {

using namespace Qt::StringLiterals;
using client::SyncClient;

const DocumentId kNote("note");
const CollectionName kNotes("notes");
constexpr qsizetype kEnd = -1;

std::unique_ptr<SyncClient> openClient(const QString &profile, const QUrl &server)
{
    auto opened = SyncClient::open(profile.toStdString(), {.connect = client::dialing(server)});
    if (!opened)
        qFatal("%s", opened.error().toString().c_str());
    (*opened)->openDocument(kNote, kNotes);
    (*opened)->goOnline();
    return std::move(*opened);
}

QByteArray shown(const SyncClient &client)
{
    const DocumentState *state = client.core().optimistic(kNote);
    return state && state->exists() ? QByteArray::fromStdString(state->canonical()) : QByteArray("absent");
}

auto typing(qsizetype position, const QString &text)
{
    return [=](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
        return str.ins(position == kEnd ? str.length() : position, text);
    };
}

bool type(SyncClient &client, qsizetype position, const QString &text)
{
    const auto made = resultOf(client.updateCrdt(kNote, typing(position, text)));
    return made && made->has_value();
}

bool isSettled(SyncClient &client)
{
    const auto settled = resultOf(client.waitForSettled(kNote));
    return settled && settled->has_value();
}

} // namespace

class CrdtServerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (QStringLiteral(EVENTSYNC_CURL_PROGRAM).endsWith(u"NOTFOUND"_s))
            QSKIP("curl is not installed");
    }
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_server = std::make_unique<ServerProcess>(m_folder->filePath(u"data"_s));
        QVERIFY2(m_server->isReady(), m_server->errors().constData());
    }
    void cleanup() { m_server.reset(); }

    void webSocketEventStreamAndRestWriteOneText_data();
    void webSocketEventStreamAndRestWriteOneText();
    void everyFormatAndEveryVersionIsRead();
    void whatWaitedIsAConflictWhenTheDocumentWasMadeAnew();
    void whoLooksAtATextIsSeenWhileTheyAreThere();

private:
    QByteArray rest(const char *method, const QByteArray &body = {}, const QString &query = {}) const;
    QByteArray get(const QString &query = {}) const { return rest("GET", {}, query); }
    std::unique_ptr<SyncClient> overWebSocket() const { return openClient(m_folder->filePath(u"a.sqlite"_s), m_server->webSocketUrl()); }
    std::unique_ptr<SyncClient> overEventStream() const { return openClient(m_folder->filePath(u"b.sqlite"_s), m_server->url()); }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<ServerProcess> m_server;
};

QByteArray CrdtServerTest::rest(const char *method, const QByteArray &body, const QString &query) const
{
    QStringList words{u"-X"_s, QString::fromLatin1(method)};
    if (!body.isEmpty())
        words << u"-H"_s << u"Content-Type: application/json"_s << u"--data-binary"_s << QString::fromUtf8(body);
    return curl(words << m_server->url(u"/api/notes/note"_s).toString() + query).output;
}

void CrdtServerTest::webSocketEventStreamAndRestWriteOneText_data()
{
    QTest::addColumn<QString>("creator");
    QTest::newRow("created over REST") << u"rest"_s;
    QTest::newRow("created over WebSocket") << u"ws"_s;
    QTest::newRow("created over an event stream") << u"sse"_s;
}

// [G8, G14]
void CrdtServerTest::webSocketEventStreamAndRestWriteOneText()
{
    QFETCH(QString, creator);
    const QByteArray first = R"({"done":false,"text":"안녕"})";
    const auto webSocket = overWebSocket();
    const auto stream = overEventStream();
    if (creator == u"rest"_s) {
        QCOMPARE(rest("PUT", first, u"?kind=crdt"_s), first);
    } else {
        SyncClient &client = creator == u"ws"_s ? *webSocket : *stream;
        const auto made = resultOf(client.createCrdt(kNote, kNotes, *json::parse(first.toStdString())));
        QVERIFY(made && made->has_value());
    }
    QTRY_COMPARE_WITH_TIMEOUT(shown(*webSocket), first, 60'000);
    QTRY_COMPARE_WITH_TIMEOUT(shown(*stream), first, 60'000);
    // Both type at both ends at once, without waiting for each other.
    for (int i = 0; i < 20; ++i) {
        QVERIFY(type(*webSocket, 0, u"w"_s));
        QVERIFY(type(*stream, kEnd, u"s"_s));
    }
    const QByteArray patched = curl({u"-X"_s, u"PATCH"_s, u"-H"_s, u"Content-Type: application/merge-patch+json"_s, u"-d"_s,
                                     uR"({"done":true})"_s, m_server->url(u"/api/notes/note"_s).toString()}).output;
    QVERIFY2(patched.contains("\"done\":true"), patched.constData());
    QVERIFY(isSettled(*webSocket) && isSettled(*stream));
    QTRY_VERIFY_WITH_TIMEOUT(shown(*webSocket).contains("\"done\":true") && shown(*webSocket) == shown(*stream), 60'000);
    const QByteArray all = shown(*webSocket);
    QCOMPARE(all.count('w'), 20);
    QCOMPARE(all.count('s'), 20);
    QVERIFY(all.contains("안") && all.contains("녕"));
    QCOMPARE(get(), all);
    QVERIFY(webSocket->core().queue().empty() && stream->core().queue().empty());
}

void CrdtServerTest::everyFormatAndEveryVersionIsRead()
{
    QCOMPARE(rest("PUT", R"({"text":"one"})", u"?kind=crdt"_s), QByteArray(R"({"text":"one"})"));
    const auto webSocket = overWebSocket();
    QTRY_COMPARE_WITH_TIMEOUT(shown(*webSocket), QByteArray(R"({"text":"one"})"), 60'000);
    QVERIFY(type(*webSocket, 3, u" two"_s) && type(*webSocket, 7, u" three"_s) && isSettled(*webSocket));
    const QList<QByteArray> versions{R"({"text":"one"})", R"({"text":"one two"})", R"({"text":"one two three"})"};
    for (int i = 0; i < versions.size(); ++i) {
        const QString at = u"?at="_s + QString::number(i + 1);
        QCOMPARE(get(at), versions[i]);
        const auto binary = crdt::decodeBinary(get(at + u"&format=binary"_s).toStdString());
        const auto compact = crdt::decodeCompact(get(at + u"&format=compact"_s).toStdString());
        const auto verbose = crdt::decodeVerbose(get(at + u"&format=verbose"_s).toStdString());
        QVERIFY(binary && compact && verbose);
        QCOMPARE(QByteArray::fromStdString(binary->canonicalView()), versions[i]);
        QVERIFY(*compact == *binary && *verbose == *binary);
    }
    const auto newest = crdt::decodeBinary(get(u"?format=binary"_s).toStdString());
    QVERIFY(newest && *newest == *webSocket->core().crdtDocument(kNote));
}

// The client comes back behind a log that no longer tells of the delete; only the document itself can.
void CrdtServerTest::whatWaitedIsAConflictWhenTheDocumentWasMadeAnew()
{
    QCOMPARE(rest("PUT", R"({"text":"old"})", u"?kind=crdt"_s), QByteArray(R"({"text":"old"})"));
    const auto webSocket = overWebSocket();
    QTRY_COMPARE_WITH_TIMEOUT(shown(*webSocket), QByteArray(R"({"text":"old"})"), 60'000);
    webSocket->goOffline();
    QVERIFY(type(*webSocket, 1, u"X"_s)); // behind a letter that REST wrote
    rest("DELETE");
    const QByteArray renewed = R"({"text":"something else"})";
    QCOMPARE(rest("PUT", renewed), renewed);
    QVERIFY(!rest("PUT", R"({"text":"something else!"})").isEmpty());
    const Finished compacted = runServerCommand({u"compact"_s, u"--keep"_s, u"1"_s, u"--data"_s, m_folder->filePath(u"data"_s)});
    QVERIFY2(compacted.exitCode == 0 && compacted.output.startsWith("removed 3 events"), (compacted.output + compacted.errors).constData());
    webSocket->goOnline();
    QTRY_COMPARE_WITH_TIMEOUT(shown(*webSocket), QByteArray(R"({"text":"something else!"})"), 60'000);
    QVERIFY(isSettled(*webSocket));
    const auto queue = webSocket->core().queue();
    QCOMPARE(queue.size(), std::size_t(1));
    QCOMPARE(queue.front().state, client::EntryState::Conflict);
    QCOMPARE(get(), QByteArray(R"({"text":"something else!"})"));
}

// Whoever comes is told who is there; whoever was away sees who is there now.
void CrdtServerTest::whoLooksAtATextIsSeenWhileTheyAreThere()
{
    rest("PUT", R"({"text":""})", u"?kind=crdt"_s);
    std::map<ClientId, json::Value> seen; // by the one on the event stream
    const auto follow = [&](SyncClient &client) {
        connect(&client, &SyncClient::presenceChanged, this, [&](const client::PresenceChanged &notification) {
            if (notification.state.is_null())
                seen.erase(notification.clientId);
            else
                seen.insert_or_assign(notification.clientId, notification.state);
        });
    };
    const auto alice = overWebSocket();
    alice->setPresence(kNote, json::Value("Alice")); // before there is a connection
    auto bob = overEventStream();
    follow(*bob);
    const auto sees = [&](const char *state) {
        return seen.size() == 1 && seen.begin()->first == alice->core().clientId() && seen.begin()->second == json::Value(state);
    };
    QTRY_VERIFY_WITH_TIMEOUT(sees("Alice"), 60'000);
    QVERIFY(type(*alice, 0, u"a"_s) && isSettled(*alice)); // nothing was refused for having told it early
    alice->setPresence(kNote, json::Value("Alice writes"));
    QTRY_VERIFY_WITH_TIMEOUT(sees("Alice writes"), 60'000);
    alice->goOffline();
    QTRY_VERIFY_WITH_TIMEOUT(seen.empty(), 60'000);
    alice->goOnline();
    QTRY_VERIFY_WITH_TIMEOUT(sees("Alice writes"), 60'000);
    // Bob is away while she says something else.
    bob->goOffline();
    seen.clear();
    alice->setPresence(kNote, json::Value("Alice reads"));
    bob->goOnline();
    QTRY_VERIFY_WITH_TIMEOUT(sees("Alice reads"), 60'000);
    alice->closeDocument(kNote);
    QTRY_VERIFY_WITH_TIMEOUT(seen.empty(), 60'000);
    QVERIFY(type(*bob, kEnd, u"b"_s) && isSettled(*bob));
    QCOMPARE(get(), QByteArray(R"({"text":"ab"})"));
}

} // namespace eventsync::test

QTEST_GUILESS_MAIN(eventsync::test::CrdtServerTest)
#include "tst_crdt.moc"
