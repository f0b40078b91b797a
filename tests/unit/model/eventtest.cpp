// SPDX-License-Identifier: Apache-2.0
#include "eventtest.h"

#include "samples.h"

#include <eventsync/base/random.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/chain.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/model/limits.h>

#include <set>

using namespace eventsync;
using namespace eventsync::test;

namespace {

const char kPushed[] = R"({"id":"019a9b1c-7c00-7abc-8def-0123456789ab","documentId":"hero-1","collection":"games","operation":"update",
    "clientId":"alice","clientSeq":2,"baseSeq":1,"timestamp":"2026-11-21T09:30:00.000Z","diff":{"patch":[{"op":"inc","path":"/gold","value":5}]}})";

Event loggedSample()
{
    auto event = eventFromJson(value(kPushed), EventForm::Pushed);
    Event logged = std::move(*event);
    logged.serverSeq = ServerSeq(2);
    logged.storedAt = Timestamp(logged.timestamp.value() + 5);
    logged.metadata = value(R"({"madeAt":1})").get_object();
    logged.author = "alice";
    return logged;
}

json::Value changed(std::string_view event, const char *field, std::string_view content)
{
    json::Value whole = value(event);
    if (content.empty())
        whole.get_object().erase(field);
    else
        whole.get_object().insert_or_assign(field, value(content));
    return whole;
}

std::string randomText(Random &random)
{
    static const char *const kPieces[] = {"a", "\"", "\\", "/", "~", "\n", "\x01", "\x1f", "\x7f", "ß", "€", "\xEF\xBF\xBD", "😀", " ", "0"};
    std::string text;
    for (auto n = random.below(6); n > 0; --n)
        text += kPieces[random.below(std::size(kPieces))];
    return text;
}

json::Value randomValue(Random &random, int depth)
{
    switch (random.below(depth > 0 ? 8 : 6)) {
    case 0:
        return nullptr;
    case 1:
        return random.below(2) == 1;
    case 2:
        return static_cast<std::int64_t>(random.below(1u << 20)) - (1 << 19);
    case 3:
        return limits::kMaxInteger - static_cast<std::int64_t>(random.below(3));
    case 4:
        return (random.unit() + 0.25) * 1e-9;
    case 5:
        return json::Value(randomText(random));
    case 6: {
        json::Array list;
        for (auto n = random.below(4); n > 0; --n)
            list.push_back(randomValue(random, depth - 1));
        return list;
    }
    default: {
        json::Object object;
        for (auto n = random.below(4); n > 0; --n)
            object.insert_or_assign(randomText(random), randomValue(random, depth - 1));
        return object;
    }
    }
}

json::Pointer randomPointer(Random &random)
{
    std::vector<std::string> tokens;
    for (auto n = random.below(4); n > 0; --n)
        tokens.push_back(randomText(random));
    return json::Pointer(std::move(tokens));
}

Event randomEvent(Random &random, UuidGenerator &ids)
{
    Event event;
    event.id = ids.next();
    event.documentId = DocumentId("doc-" + std::to_string(random.below(9)));
    event.collection = CollectionName("games");
    event.operation = static_cast<Operation>(random.below(3));
    event.serverSeq = ServerSeq(1 + static_cast<std::int64_t>(random.below(1000)));
    event.clientId = ClientId(random.below(2) ? "alice" : "rest:server");
    event.clientSeq = ClientSeq(1 + static_cast<std::int64_t>(random.below(1000)));
    event.baseSeq = ServerSeq(static_cast<std::int64_t>(random.below(1000)));
    if (random.below(2))
        event.author = randomText(random);
    event.timestamp = Timestamp(static_cast<std::int64_t>(random.below(4'000'000'000'000)));
    event.storedAt = Timestamp(static_cast<std::int64_t>(random.below(4'000'000'000'000)));
    if (random.below(4) == 0) {
        event.diff = Diff(CrdtPatchBytes{randomText(random)});
    } else {
        std::vector<json::PatchOperation> operations;
        for (auto n = random.below(4); n > 0; --n) {
            json::PatchOperation operation{.kind = static_cast<json::OperationKind>(random.below(6)), .path = randomPointer(random)};
            if (operation.kind == json::OperationKind::Move || operation.kind == json::OperationKind::Copy)
                operation.from = randomPointer(random);
            else if (operation.kind != json::OperationKind::Remove)
                operation.value = randomValue(random, 3);
            operations.push_back(std::move(operation));
        }
        event.diff = Diff(json::Patch(std::move(operations)));
    }
    if (random.below(2)) {
        event.metadata = json::Object{{"z", randomValue(random, 2)}, {"a", 1}, {"\xEF\xBF\xBD", 2}, {"😀", 3}};
    }
    if (random.below(3) == 0)
        event.salt = randomText(random);
    return event;
}

class FixedClock final : public Clock
{
public:
    Timestamp wall() const override { return Timestamp(1'763'717'400'000); }
    std::chrono::milliseconds steady() const override { return {}; }
};

} // namespace

void EventTest::theWorkedExampleOfTheProtocolPageHolds_data()
{
    QTest::addColumn<QString>("line");
    QTest::addColumn<bool>("logged");
    QTest::addColumn<QString>("digest");
    QTest::newRow("create") << "create" << true << "digest1";
    QTest::newRow("pushed") << "pushed" << false << QString();
    QTest::newRow("logged") << "logged" << true << "digest2";
    QTest::newRow("salted") << "salted" << true << "saltedDigest2";
}

void EventTest::theWorkedExampleOfTheProtocolPageHolds()
{
    QFETCH(QString, line);
    QFETCH(bool, logged);
    QFETCH(QString, digest);
    const EventForm form = logged ? EventForm::Logged : EventForm::Pushed;
    const std::string bytes = example(qPrintable(line));
    const auto event = eventFromBytes(bytes, form);
    VERIFY_OK(event);
    COMPARE_TEXT(canonicalBytes(*event, form), bytes);
    if (logged)
        COMPARE_TEXT(digestOf(*event).toHex(), example(qPrintable(digest)));
}

void EventTest::chainsOfTheWorkedExampleHold()
{
    const auto first = eventFromBytes(example("create"), EventForm::Logged);
    const auto second = eventFromBytes(example("logged"), EventForm::Logged);
    const auto salted = eventFromBytes(example("salted"), EventForm::Logged);
    const Digest start = chainStart(first->collection, first->documentId);
    COMPARE_TEXT(start.toHex(), example("chain0"));
    const Digest one = chainNext(start, digestOf(*first));
    COMPARE_TEXT(one.toHex(), example("chain1"));
    COMPARE_TEXT(chainNext(one, digestOf(*second)).toHex(), example("chain2"));
    COMPARE_TEXT(chainNext(one, digestOf(*salted)).toHex(), example("saltedChain2"));
}

void EventTest::pushDigestKnowsTheIntentOnly()
{
    auto event = eventFromBytes(example("pushed"), EventForm::Pushed);
    VERIFY_OK(event);
    COMPARE_TEXT(sha256(example("intent")).toHex(), example("pushDigest"));
    const Digest digest = pushDigestOf(*event);
    COMPARE_TEXT(digest.toHex(), example("pushDigest"));

    event->clientId = ClientId("bob");
    event->clientSeq = ClientSeq(99);
    event->baseSeq = ServerSeq(77);
    event->onOverlap.reset();
    QVERIFY(pushDigestOf(*event) == digest);
    event->metadata.reset();
    QVERIFY(pushDigestOf(*event) != digest);
}

void EventTest::aSaltedDigestHidesTheBody()
{
    const auto salted = eventFromBytes(example("salted"), EventForm::Logged);
    VERIFY_OK(salted);
    const Digest body = Sha256().add(*salted->salt).add(example("body")).finish();
    COMPARE_TEXT(body.toHex(), example("bodyDigest"));
    const Digest whole = Sha256().add(example("kept")).add(std::string_view("\0", 1)).add(body.view()).finish();
    QVERIFY(whole == digestOf(*salted));

    Event bare = *salted;
    bare.metadata.reset();
    QVERIFY(digestOf(bare) != digestOf(*salted));
}

void EventTest::bytesWrittenDirectlyAreCanonical_data()
{
    QTest::addColumn<int>("form");
    QTest::newRow("pushed") << int(EventForm::Pushed);
    QTest::newRow("logged") << int(EventForm::Logged);
}

void EventTest::bytesWrittenDirectlyAreCanonical()
{
    QFETCH(int, form);
    SeededRandom random(7);
    FixedClock clock;
    UuidGenerator ids(clock, random);
    for (int i = 0; i < 500; ++i) {
        Event event = randomEvent(random, ids);
        if (random.below(2))
            event.onOverlap = static_cast<OnOverlap>(random.below(3));
        const auto which = static_cast<EventForm>(form);
        COMPARE_TEXT(canonicalBytes(event, which), json::canonical(toJson(event, which)));
    }
}

void EventTest::randomEventsSurviveTheirBytes()
{
    SeededRandom random(11);
    FixedClock clock;
    UuidGenerator ids(clock, random);
    for (int i = 0; i < 500; ++i) {
        const Event event = randomEvent(random, ids);
        const Bytes bytes = canonicalBytes(event, EventForm::Logged);
        const auto back = eventFromBytes(bytes, EventForm::Logged);
        QVERIFY2(back.has_value(), qPrintable(text(bytes + (back ? "" : back.error().toString()))));
        QVERIFY2(*back == event, bytes.c_str());
        QVERIFY(digestOf(*back) == digestOf(event));
    }
}

void EventTest::everyFieldIsHashed()
{
    const Event event = loggedSample();
    std::set<Digest> digests{digestOf(event)};
    const auto expectNew = [&](auto change) {
        Event other = event;
        change(other);
        return digests.insert(digestOf(other)).second;
    };
    QVERIFY(expectNew([](Event &e) { e.id = *eventIdFrom("019a9b1c-7c00-7abc-8def-0123456789ac"); }));
    QVERIFY(expectNew([](Event &e) { e.documentId = DocumentId("hero-2"); }));
    QVERIFY(expectNew([](Event &e) { e.collection = CollectionName("notes"); }));
    QVERIFY(expectNew([](Event &e) { e.operation = Operation::Create; }));
    QVERIFY(expectNew([](Event &e) { e.serverSeq = e.serverSeq.next(); }));
    QVERIFY(expectNew([](Event &e) { e.clientId = ClientId("bob"); }));
    QVERIFY(expectNew([](Event &e) { e.clientSeq = e.clientSeq.next(); }));
    QVERIFY(expectNew([](Event &e) { e.baseSeq = e.baseSeq.next(); }));
    QVERIFY(expectNew([](Event &e) { e.author = "bob"; }));
    QVERIFY(expectNew([](Event &e) { e.timestamp = e.timestamp.next(); }));
    QVERIFY(expectNew([](Event &e) { e.storedAt = e.storedAt.next(); }));
    QVERIFY(expectNew([](Event &e) { e.diff = Diff(patch("[]")); }));
    QVERIFY(expectNew([](Event &e) { e.metadata.reset(); }));
    QVERIFY(expectNew([](Event &e) { e.salt = "pepper"; }));
}

void EventTest::badEventsAreRefused_data()
{
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("content"); // empty: the field is missing
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("path");
    const auto row = [](const char *name, const char *field, const char *content, const char *code, const char *path) {
        QTest::newRow(name) << field << content << code << path;
    };
    row("no id", "id", "", "InvalidMessage", "/id");
    row("an id of another version", "id", R"("019a9b1c-7c00-4abc-8def-0123456789ab")", "InvalidValue", "/id");
    row("an id in capitals", "id", R"("019A9B1C-7C00-7ABC-8DEF-0123456789AB")", "InvalidValue", "/id");
    row("an id that is a number", "id", "7", "InvalidMessage", "/id");
    row("a document id with a slash", "documentId", R"("a/b")", "InvalidValue", "/documentId");
    row("a reserved collection", "collection", R"("snapshots")", "InvalidValue", "/collection");
    row("an unknown operation", "operation", R"("patch")", "InvalidMessage", "/operation");
    row("an empty client id", "clientId", R"("")", "InvalidValue", "/clientId");
    row("client numbers from 1", "clientSeq", "0", "InvalidMessage", "/clientSeq");
    row("a fraction as number", "clientSeq", "1.5", "InvalidMessage", "/clientSeq");
    row("a negative base", "baseSeq", "-1", "InvalidMessage", "/baseSeq");
    row("a time without milliseconds", "timestamp", R"("2026-11-21T09:30:00Z")", "InvalidValue", "/timestamp");
    row("a diff of both kinds", "diff", R"({"patch":[],"crdt":"AA"})", "UnknownField", "/diff/patch");
    row("a diff of no kind", "diff", "{}", "InvalidMessage", "/diff/patch");
    row("a diff with more", "diff", R"({"patch":[],"more":1})", "UnknownField", "/diff/more");
    row("an operation that is none", "diff", R"({"patch":[{"op":"insert","path":"/a"}]})", "InvalidValue", "/diff/patch/0");
    row("padded base64", "diff", R"({"crdt":"AA=="})", "InvalidValue", "/diff/crdt");
    row("metadata in a list", "metadata", "[]", "InvalidMessage", "/metadata");
    row("replaces with one id", "metadata", R"({"replaces":["019a9b1c-7c00-7abc-8def-0123456789ab"]})", "InvalidMessage",
        "/metadata/replaces");
    row("replaces with no ids", "metadata", R"({"replaces":["a","b"]})", "InvalidValue", "/metadata/replaces");
    row("an unknown field", "priority", "1", "UnknownField", "/priority");
    row("an unknown onOverlap", "onOverlap", R"("mine")", "InvalidMessage", "/onOverlap");
    row("null for a field that may be missing", "author", "null", "InvalidMessage", "/author");
}

void EventTest::badEventsAreRefused()
{
    QFETCH(QString, field);
    QFETCH(QString, content);
    QFETCH(QString, code);
    QFETCH(QString, path);
    VERIFY_OK(eventFromJson(value(kPushed), EventForm::Pushed));
    const auto event = eventFromJson(changed(kPushed, qPrintable(field), content.toStdString()), EventForm::Pushed);
    QCOMPARE(outcome(event), code);
    QVERIFY2(text(event.error().path).startsWith(path), event.error().path.c_str());
}

void EventTest::fieldsOfTheOtherFormAreUnknown()
{
    const Event event = loggedSample();
    const auto logged = toJson(event, EventForm::Logged);
    QCOMPARE(outcome(eventFromJson(logged, EventForm::Logged)), QStringLiteral("ok"));
    QCOMPARE(outcome(eventFromJson(logged, EventForm::Pushed)), QStringLiteral("UnknownField"));
    QCOMPARE(outcome(eventFromJson(value(kPushed), EventForm::Logged)), QStringLiteral("InvalidMessage"));
    auto withChoice = logged;
    withChoice.get_object().emplace("onOverlap", "ours");
    QCOMPARE(outcome(eventFromJson(withChoice, EventForm::Logged)), QStringLiteral("UnknownField"));
}

void EventTest::anEventTooLargeIsRefused()
{
    Event event = loggedSample();
    event.diff = Diff(json::Patch({{.kind = json::OperationKind::Add, .path = json::Pointer({"a"}), .from = {},
                                    .value = json::Value(std::string(limits::kEventBytes, 'x'))}}));
    QCOMPARE(outcome(eventFromBytes(canonicalBytes(event, EventForm::Pushed), EventForm::Pushed)), QStringLiteral("TooLarge"));
    std::string deep = R"({"diff":)" + std::string(80, '[') + std::string(80, ']') + "}";
    QCOMPARE(outcome(eventFromBytes(deep, EventForm::Pushed)), QStringLiteral("TooDeep"));
}

void EventTest::anEventIsMeasuredInEveryFormInWhichItIsRead_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<QString>("code");
    const auto row = [](const char *name, const std::string &value, const char *code) {
        QTest::newRow(name) << QByteArray::fromStdString(value) << QString::fromLatin1(code);
    };
    const auto numbers = [](const char *number, std::size_t count) {
        std::string list = "[";
        for (std::size_t i = 0; i < count; ++i)
            list += (i == 0 ? "" : ",") + std::string(number);
        return list + "]";
    };
    row("small", R"({"a":1.5})", "ok");
    row("a largest text", '"' + std::string(limits::kEventBytes - 1'000, 'x') + '"', "ok");
    row("a text", '"' + std::string(limits::kEventBytes + limits::kLoggedEventExtraBytes, 'x') + '"', "TooLarge");
    row("whole numbers", numbers("1234567", 130'000), "ok");
    row("many fractions", numbers("0.1", 150'000), "ok");
    row("fractions that take more room in CBOR", numbers("0.1", 230'000), "TooLarge");
    row("deepest", std::string(limits::kDepth + 4, '[') + std::string(limits::kDepth + 4, ']'), "ok");
    row("too deep", std::string(limits::kDepth + 5, '[') + std::string(limits::kDepth + 5, ']'), "TooDeep");
}

void EventTest::anEventIsMeasuredInEveryFormInWhichItIsRead()
{
    QFETCH(QByteArray, value);
    QFETCH(QString, code);
    Event event = loggedSample();
    const auto parsed = json::parse({value.data(), static_cast<std::size_t>(value.size())}, {.bytes = SIZE_MAX, .depth = 100});
    VERIFY_OK(parsed);
    event.diff = Diff(json::Patch({{.kind = json::OperationKind::Test, .path = json::Pointer({"a"}), .from = {}, .value = *parsed}}));
    const Bytes bytes = canonicalBytes(event, EventForm::Logged);
    QCOMPARE(outcome(checkEventSize(event, EventForm::Logged, bytes.size())), code);
    VERIFY_OK(eventFromBytes(bytes, EventForm::Logged)); // what lies in a log is read, whoever let it in
}

void EventTest::theFirstIdComesFromReplaces()
{
    Event event = loggedSample();
    QVERIFY(event.firstId() == event.id);
    event.metadata = value(R"({"replaces":["019a9b1c-7000-7111-8222-333344445555","019a9b1c-7c00-7abc-8def-0123456789ac"]})").get_object();
    COMPARE_TEXT(event.firstId().toText(), "019a9b1c-7000-7111-8222-333344445555");
}
