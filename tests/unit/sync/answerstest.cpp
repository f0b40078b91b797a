// SPDX-License-Identifier: Apache-2.0
#include "answerstest.h"

#include "rig.h"

#include <support/heldreads.h>

#include <eventsync/base/limits.h>
#include <eventsync/base/metrics.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/storage/queries.h>
#include <eventsync/sync/limits.h>

#include <QTest>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace eventsync::sync::test {

namespace {

using protocol::QueryResult;

const CollectionName kThings("things");

// Small frames, so that little is already too much.
ServiceOptions smallFrames()
{
    ServiceOptions options;
    options.limits.frameBytes = 64 * limits::kKiB;
    options.catchUpChunkBytes = 16 * limits::kKiB;
    return options;
}

void verifyFrames(const Rig &rig, const Peer &peer)
{
    const auto most = static_cast<std::size_t>(rig.options.limits.frameBytes);
    for (const auto &message : peer.received) {
        for (const Codec codec : {Codec::Json, Codec::Cbor}) {
            const std::size_t size = message->encoded(codec)->size();
            QVERIFY2(size <= most, qPrintable(QStringLiteral("%1 bytes").arg(size)));
        }
    }
}

// A state of about so many bytes, with what JSON and UTF-8 make long, and what CBOR makes longer than JSON.
std::string stateOf(int number, std::size_t bytes)
{
    std::string text, numbers;
    while (text.size() < bytes / 2)
        text += "\\\"가\\\\";
    while (numbers.size() < bytes / 2)
        numbers += "0.1,";
    return R"({"n":)" + std::to_string(number) + R"(,"text":")" + text + R"(","numbers":[)" + numbers + "0.5]}";
}

void writeState(Rig &rig, const std::string &document, const std::string &state)
{
    QVERIFY(rig.write(writeOf(document, state)).has_value());
}

json::Object wholeAnswer(Rig &rig, const protocol::Query &query)
{
    std::optional<QueryResult> answer;
    rig.service->query(query, [&](QueryResult result) { answer = std::move(result); });
    rig.run();
    return answer && !answer->code ? answer->content : json::Object();
}

// The pieces of the answer to one question, joined.
json::Object joined(const Peer &peer, const std::string &requestId)
{
    std::string text;
    std::int64_t part = 0;
    bool more = true;
    for (const QueryResult &result : peer.all<QueryResult>()) {
        if (result.requestId != requestId)
            continue;
        if (!result.piece)
            return result.content;
        if (result.part != ++part || !more || !result.content.empty())
            return {};
        text += *result.piece;
        more = result.more;
    }
    const auto content = json::parse(text, {.bytes = SIZE_MAX, .depth = 80});
    return content && !more && part > 1 ? content->get_object() : json::Object();
}

void addAuthors(Rig &rig, int count)
{
    writeState(rig, "d1", R"({"n":0})");
    for (int i = 1; i <= count; ++i) {
        const std::string author = std::string(58, 'a') + std::to_string(100'000 + i);
        QVERIFY(rig.write(writeOf("d1", R"({"n":)" + std::to_string(i) + "}", author)).has_value());
    }
}

} // namespace

void AnswersTest::aLongAnswerComesInPieces_data()
{
    QTest::addColumn<QString>("kind");
    for (const char *kind : {"list", "stateAt", "events", "stateVectors"})
        QTest::newRow(kind) << QString::fromLatin1(kind);
}

void AnswersTest::aLongAnswerComesInPieces()
{
    QFETCH(QString, kind);
    Rig rig(smallFrames());
    for (int i = 1; i <= 4; ++i)
        writeState(rig, "d" + std::to_string(i), stateOf(i, 40'000));
    protocol::Query query{"q", protocol::ListQuery{.collection = kThings}};
    if (kind == QLatin1String("stateAt"))
        query.query = protocol::StateAtQuery{DocumentId("d1"), ServerSeq(1)};
    else if (kind == QLatin1String("events"))
        query.query = protocol::EventsQuery{.documentId = DocumentId("d2")};
    else if (kind == QLatin1String("stateVectors"))
        query.query = protocol::StateVectorsQuery{DocumentId("d3")};
    for (int i = 0; i < 300; ++i) { // replicas of the third document
        Peer &reader = rig.follow(std::string(50, 'r') + std::to_string(i), "d3");
        rig.say(reader, protocol::Cursor{DocumentId("d3"), ServerSeq(1)});
    }
    Peer &alice = rig.hello("alice");
    rig.say(alice, query);
    verifyFrames(rig, alice);
    const json::Object whole = wholeAnswer(rig, query);
    QVERIFY(!whole.empty());
    QCOMPARE(json::canonical(joined(alice, "q")), json::canonical(whole));
}

void AnswersTest::aLongAnswerWaitsForASlowReaderAndForNothingElse()
{
    Rig rig(smallFrames());
    rig.options.highWaterBytes = 32 * limits::kKiB;
    rig.restart();
    for (int i = 1; i <= 10; ++i)
        writeState(rig, "d" + std::to_string(i), stateOf(i, 40'000));
    Peer &alice = rig.hello("alice");
    alice.slow = true;
    rig.say(alice, protocol::Query{"list", protocol::ListQuery{.collection = kThings}});
    rig.say(alice, protocol::Query{"stats", protocol::StatsQuery{}});
    QVERIFY(alice.unsent < 100'000); // a few pieces
    rig.say(alice, protocol::Ping{1});
    QCOMPARE(alice.types().back(), std::string("pong")); // control messages go between
    for (int i = 0; i < 100 && alice.last<QueryResult>()->requestId != "stats"; ++i) {
        alice.unsent = 0;
        rig.service->drained(alice.id);
        rig.run();
        QVERIFY(alice.unsent < 100'000);
    }
    QCOMPARE(joined(alice, "list").at("items").as_array().size(), std::size_t(10));
    QVERIFY(joined(alice, "stats").contains("stats"));
    for (std::size_t i = 0; i < limits::kQueriesAtATime + 1; ++i) // they wait while the peer does not drain, up to a number
        rig.say(alice, protocol::Query{"list", protocol::ListQuery{.collection = kThings}});
    alice.unsent = limits::kMiB;
    rig.say(alice, protocol::Query{"one more", protocol::StatsQuery{}});
    QCOMPARE(alice.last<QueryResult>()->code.value(), ErrorCode::RateLimited);
    QCOMPARE(alice.last<QueryResult>()->requestId, std::string("one more"));
}

void AnswersTest::aListEndsItsPageAtItsBytes()
{
    Rig rig;
    constexpr int kDocuments = 12;
    for (int i = 0; i < kDocuments; ++i)
        writeState(rig, "d" + std::to_string(10 + i), stateOf(kDocuments - i, 700'000));
    for (const char *sort : {"", "/n", "-/n"}) {
        protocol::ListQuery list{.collection = kThings, .sort = *json::sortKeysFrom(sort), .limit = 1'000};
        std::vector<std::string> seen;
        int pages = 0;
        for (; pages < kDocuments; ++pages) {
            const json::Object page = wholeAnswer(rig, {"q", list});
            QVERIFY(json::canonicalSize(page.at("items")) < limits::kAnswerBytes + 1'000);
            for (const json::Value &item : page.at("items").as_array())
                seen.emplace_back(item.at("id").as_string());
            if (!page.contains("nextPageToken"))
                break;
            list.pageToken = std::string(page.at("nextPageToken").as_string());
        }
        QVERIFY(pages > 0);
        std::vector<std::string> expected;
        for (int i = 0; i < kDocuments; ++i)
            expected.push_back("d" + std::to_string(10 + (std::string_view(sort) == "/n" ? kDocuments - 1 - i : i)));
        QVERIFY(seen == expected);
    }
    protocol::ListQuery reduced{.collection = kThings, .fields = {json::Pointer({"n"})}, .limit = 1'000};
    QCOMPARE(wholeAnswer(rig, {"q", reduced}).at("items").as_array().size(), std::size_t(kDocuments)); // what is sent counts
}

void AnswersTest::aPageTokenStaysShort()
{
    Rig rig;
    for (int i = 0; i < 6; ++i) { // alike for 20,000 letters, then different; the last two differ early
        const std::string id = "d" + std::to_string(i);
        const std::string text = (i < 4 ? std::string(20'000, 'x') : std::string(5, 'x')) + std::to_string(9 - i);
        writeState(rig, id, R"({"text":")" + text + R"(","list":[")" + text + R"(","b"]})");
    }
    for (const char *sort : {"/text", "-/list,/text", "/text,/list,/a,/b,/c,/d,/e,/f"}) {
        protocol::ListQuery list{.collection = kThings, .sort = *json::sortKeysFrom(sort), .fields = {json::Pointer({"n"})}, .limit = 1};
        std::set<std::string> seen;
        for (int pages = 0; pages < 10; ++pages) {
            const json::Object page = wholeAnswer(rig, {"q", list});
            seen.emplace(page.at("items").at(0).at("id").as_string());
            if (!page.contains("nextPageToken"))
                break;
            list.pageToken = std::string(page.at("nextPageToken").as_string());
            QVERIFY2(list.pageToken->size() < 9'000, qPrintable(QString::number(list.pageToken->size())));
        }
        QCOMPARE(seen.size(), std::size_t(6));
    }
    Peer &alice = rig.hello("alice");
    rig.say(alice, protocol::Query{"q", protocol::ListQuery{.collection = kThings, .sort = *json::sortKeysFrom("/a,/b,/c,/d,/e,/f,/g,/h,/i")}});
    QCOMPARE(alice.last<QueryResult>()->code.value(), ErrorCode::TooLarge);
}

void AnswersTest::stateVectorsGoOnFromTheLastOne()
{
    Rig rig;
    addAuthors(rig, 500); // a clock takes 40 KB
    std::vector<std::string> expected;
    for (int i = 0; i < 150; ++i) {
        Peer &reader = rig.follow("r" + std::to_string(1'000 + i));
        expected.push_back(reader.client.text());
        rig.say(reader, protocol::Cursor{DocumentId("d1"), ServerSeq(501)});
    }
    std::vector<std::string> seen;
    protocol::StateVectorsQuery query{DocumentId("d1")};
    for (int pages = 0; pages < 10; ++pages) {
        const json::Object page = wholeAnswer(rig, {"q", query});
        QVERIFY(json::canonicalSize(page.at("stateVectors")) < limits::kAnswerBytes + 100'000);
        for (const json::Value &vector : page.at("stateVectors").as_array())
            seen.emplace_back(vector.at("clientId").as_string());
        if (!page.contains("next"))
            break;
        query.after = ClientId(std::string(page.at("next").as_string()));
    }
    QVERIFY(query.after.has_value());
    QVERIFY(seen == expected);
}

void AnswersTest::headsComeInStepsAndALargeOneIsNamed()
{
    Rig rig(smallFrames());
    for (int i = 10; i < 50; ++i)
        writeState(rig, "d" + std::to_string(i), stateOf(i, i == 20 ? 100'000 : 6'000));
    Peer &alice = rig.hello("alice");
    rig.say(alice, protocol::Watch{kThings, {}, {json::Pointer({"numbers"}), json::Pointer({"text"})}, {}});
    verifyFrames(rig, alice);
    std::set<DocumentId> shown, named;
    for (const protocol::Heads &heads : alice.all<protocol::Heads>()) {
        for (const protocol::Head &head : heads.heads) {
            QVERIFY(head.fields.has_value() != head.code.has_value());
            (head.fields ? shown : named).insert(head.documentId);
        }
    }
    QCOMPARE(shown.size(), std::size_t(39));
    QVERIFY(named == std::set<DocumentId>{DocumentId("d20")});
    QCOMPARE(alice.types().back(), std::string("watching"));
    writeState(rig, "d21", stateOf(1, 100'000));
    QCOMPARE(alice.last<protocol::Heads>()->heads.front().code.value(), ErrorCode::TooLarge);
    QVERIFY(!alice.closed);
}

void AnswersTest::changedHeadsWaitForASlowReader()
{
    ServiceOptions options = smallFrames();
    options.highWaterBytes = 32 * limits::kKiB;
    Rig rig(options);
    Peer &alice = rig.hello("alice");
    rig.say(alice, protocol::Watch{kThings, {}, {json::Pointer({"text"})}, {}});
    alice.slow = true;
    alice.unsent = options.highWaterBytes;
    for (int i = 10; i < 50; ++i)
        writeState(rig, "d" + std::to_string(i), stateOf(i, 6'000));
    QVERIFY(alice.all<protocol::Heads>().empty());
    std::set<DocumentId> told;
    for (int i = 0; i < 50 && told.size() < 40; ++i) {
        alice.unsent = 0;
        rig.service->drained(alice.id);
        rig.run();
        QVERIFY(alice.unsent < 80'000);
        for (const protocol::Heads &heads : alice.all<protocol::Heads>()) {
            for (const protocol::Head &head : heads.heads)
                told.insert(head.documentId);
        }
    }
    QCOMPARE(told.size(), std::size_t(40));
    verifyFrames(rig, alice);
}

void AnswersTest::clocksCountAsTheirEventsDo()
{
    Rig rig;
    addAuthors(rig, 600); // every clock takes up to 50 KB: 15 MB for these events
    Peer &alice = rig.connect();
    alice.client = ClientId("alice");
    rig.say(alice, protocol::Hello{.clientId = alice.client, .capabilities = {"vectorClock"}});
    alice.slow = true;
    rig.subscribe(alice);
    QVERIFY(alice.unsent < 2 * limits::kUnsentHighWaterBytes);
    for (int i = 0; i < 100 && !alice.last<protocol::Synced>(); ++i) {
        alice.unsent = 0;
        rig.service->drained(alice.id);
        rig.run();
        QVERIFY(alice.unsent < 2 * limits::kUnsentHighWaterBytes);
    }
    QCOMPARE(alice.eventSeqs(), range(1, 601));
    for (const auto &message : alice.received)
        QVERIFY(message->encoded(Codec::Json)->size() <= limits::kFrameBytes);
    alice.unsent = 0;
    writeState(rig, "d1", R"({"n":-1})"); // and live
    QCOMPARE(alice.eventSeqs().back(), std::int64_t(602));
    QVERIFY(alice.last<protocol::Events>()->events.front().vectorClock.has_value());
}

void AnswersTest::cursorsComeInSteps()
{
    Rig rig(smallFrames());
    addAuthors(rig, 40);
    std::set<std::string> expected, seen;
    for (int i = 0; i < 60; ++i) {
        Peer &reader = rig.follow("r" + std::to_string(i));
        expected.insert(reader.client.text());
        rig.say(reader, protocol::Cursor{DocumentId("d1"), ServerSeq(41)});
    }
    Peer &alice = rig.hello("alice");
    rig.say(alice, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0), .clocks = true});
    verifyFrames(rig, alice);
    QVERIFY(alice.all<protocol::Cursors>().size() > 3);
    for (const protocol::Cursors &cursors : alice.all<protocol::Cursors>()) {
        for (const StateVector &cursor : cursors.cursors)
            seen.insert(cursor.clientId.text());
    }
    QVERIFY(seen == expected);
    writeState(rig, "d1", R"({"n":-1})"); // it is live afterwards
    QCOMPARE(alice.types().back(), std::string("events"));
}

void AnswersTest::presencesWaitForASlowReader()
{
    ServiceOptions options = smallFrames();
    options.highWaterBytes = 32 * limits::kKiB;
    Rig rig(options);
    writeState(rig, "d1", R"({"n":0})");
    for (int i = 0; i < 60; ++i) {
        Peer &looking = rig.follow("r" + std::to_string(i));
        rig.say(looking, protocol::Presence{DocumentId("d1"), looking.client, json::Value(std::string(3'000, 'x'))});
    }
    Peer &alice = rig.hello("alice");
    alice.slow = true;
    rig.subscribe(alice);
    QVERIFY(alice.last<protocol::Synced>().has_value());
    for (int i = 0; i < 50 && alice.all<protocol::Presence>().size() < 60; ++i) {
        QVERIFY(alice.unsent < 80'000);
        alice.unsent = 0;
        rig.service->drained(alice.id);
        rig.run();
    }
    std::set<ClientId> seen;
    for (const protocol::Presence &presence : alice.all<protocol::Presence>())
        seen.insert(presence.clientId);
    QCOMPARE(seen.size(), std::size_t(60));
    alice.unsent = 0;
    writeState(rig, "d1", R"({"n":1})"); // it is live afterwards
    QCOMPARE(alice.types().back(), std::string("events"));
}

void AnswersTest::whatAnErrorQuotesIsShort()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    const std::string far = "/" + std::string(500'000, 'x') + "/y";
    const auto ack = rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, R"([{"op":"replace","path":")" + far + R"(","value":1}])")});
    QCOMPARE(statuses(ack), std::string("rejected PatchFailed"));
    QVERIFY(ack.results.front().reason.value_or(std::string()).size() <= limits::kReasonBytes + 3);
    QVERIFY(ack.results.front().path.value_or(std::string()).size() <= limits::kReasonBytes);
}

void AnswersTest::aMessageThatWasTooLongFailsByName()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    rig.service->tooLong(alice.id, QueryResult{.requestId = "q"});
    QCOMPARE(alice.last<QueryResult>()->requestId, std::string("q"));
    QCOMPARE(alice.last<QueryResult>()->code.value(), ErrorCode::TooLarge);
    rig.service->tooLong(alice.id, protocol::Events{DocumentId("d1"), {}, {}});
    const auto error = alice.last<protocol::ErrorMessage>();
    QCOMPARE(error->code, ErrorCode::TooLarge);
    QCOMPARE(error->scope, protocol::ErrorScope::Document);
    QVERIFY(error->documentId == DocumentId("d1"));
    const std::size_t before = alice.received.size();
    writeMany(rig, 1); // it is not followed any more, and nothing else has changed
    QCOMPARE(alice.received.size(), before);
    QVERIFY(!alice.closed);
}

// The readers of long reads are busy until the test lets them go on.
struct BusyReaders
{
    explicit BusyReaders(Rig &rig) : store(rig.backend)
    {
        rig.options.queries = std::make_shared<storage::Queries>(store, rig.clock, &metrics);
        rig.restart();
    }
    std::uint64_t rowsRead() { return metrics.counter("eventsync_query_rows_total", "").value(); }
    std::uint64_t cancelled() { return metrics.counter("eventsync_queries_cut_off_total", "", R"(code="Cancelled")").value(); }

    Metrics metrics;
    eventsync::test::HeldReads store;
};

void AnswersTest::othersAreServedWhileALongReadWaits_data()
{
    QTest::addColumn<QString>("kind");
    for (const char *kind : {"list", "events", "stateAt", "watch"})
        QTest::newRow(kind) << QString::fromLatin1(kind);
}

void AnswersTest::othersAreServedWhileALongReadWaits()
{
    QFETCH(QString, kind);
    const DocumentId id("d1");
    const std::map<QString, protocol::Message> questions{
        {QStringLiteral("list"), protocol::Query{"q", protocol::ListQuery{.collection = kThings}}},
        {QStringLiteral("events"), protocol::Query{"q", protocol::EventsQuery{.documentId = id}}},
        {QStringLiteral("stateAt"), protocol::Query{"q", protocol::StateAtQuery{id, ServerSeq(1)}}},
        {QStringLiteral("watch"), protocol::Watch{.collection = kThings}},
    };
    Rig rig;
    writeState(rig, "d1", R"({"n":1})");
    BusyReaders busy(rig);
    Peer &asking = rig.hello("asking");
    rig.say(asking, questions.at(kind));
    QCOMPARE(busy.store.held(), std::size_t(1));
    QVERIFY(asking.all<QueryResult>().empty() && asking.all<protocol::Heads>().empty());

    Peer &other = rig.follow("other");
    QVERIFY(other.last<protocol::Synced>());
    QCOMPARE(statuses(rig.push(other, {rig.event(other, 1, 1, Operation::Update, R"([{"op":"replace","path":"/n","value":2}])")})),
             std::string("applied 2"));

    busy.store.readAll();
    rig.run();
    QVERIFY(!asking.all<QueryResult>().empty() || !asking.all<protocol::Heads>().empty());
}

void AnswersTest::whatWasAskedByASessionThatHasEndedIsNotRead()
{
    Rig rig;
    writeState(rig, "d1", R"({"n":1})");
    BusyReaders busy(rig);
    Peer &asking = rig.hello("asking");
    for (const char *requestId : {"q1", "q2"})
        rig.say(asking, protocol::Query{requestId, protocol::ListQuery{.collection = kThings}});
    rig.say(asking, protocol::Watch{.collection = kThings});
    rig.service->lost(asking.id);
    busy.store.readAll();
    rig.run();
    QCOMPARE(busy.rowsRead(), std::uint64_t(0));
    QCOMPARE(busy.cancelled(), std::uint64_t(2)); // the first query and the watch
}

void AnswersTest::aWatchWhoseFilterIsTooMuchWorkEnds()
{
    json::Object members;
    for (int i = 0; i < 1'000; ++i)
        members.emplace("k" + std::to_string(i), i);
    const json::Value condition = json::Object{{"path", "/members"}, {"op", "gt"}, {"value", members}};
    const auto filter = json::Filter::fromJson(json::Object{{"any", json::Array(150, condition)}});
    QVERIFY(filter.has_value());

    Rig rig;
    Peer &watching = rig.hello("watching");
    rig.say(watching, protocol::Watch{.collection = kThings, .filter = *filter});
    Peer &other = rig.hello("other");
    rig.say(other, protocol::Watch{.collection = kThings});
    const json::Value state = json::Object{{"members", std::move(members)}};
    writeState(rig, "d1", json::canonical(state));
    const auto refused = watching.last<protocol::ErrorMessage>();
    QVERIFY(refused && refused->code == ErrorCode::TooLarge);
    QVERIFY(!watching.closed);
    QCOMPARE(other.all<protocol::Heads>().size(), std::size_t(1));

    writeState(rig, "d1", R"({"n":1})");
    QCOMPARE(watching.all<protocol::ErrorMessage>().size(), std::size_t(1));
    QCOMPARE(other.all<protocol::Heads>().size(), std::size_t(2));
}

} // namespace eventsync::sync::test
