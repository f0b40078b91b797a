// SPDX-License-Identifier: Apache-2.0
#include "codectest.h"

#include "randommessages.h"
#include "samplemessages.h"

#include <eventsync/base/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/protocol/cbor_p.h>
#include <eventsync/protocol/cborpush_p.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/protocol/messagereader.h>
#include <eventsync/protocol/messagewriter.h>

#include <QTest>

#include <thread>

using namespace eventsync;
using namespace eventsync::protocol;
using namespace eventsync::test;

namespace {

constexpr int kRounds = 60; // per type

QByteArray hex(const std::string &bytes)
{
    return QByteArray::fromStdString(bytes).toHex();
}

} // namespace

void CodecTest::randomMessagesSurviveBothCodecs_data()
{
    QTest::addColumn<int>("type");
    for (std::size_t type = 0; type < std::variant_size_v<MessageVariant>; ++type)
        QTest::addRow("type %d", int(type)) << int(type);
}

void CodecTest::randomMessagesSurviveBothCodecs()
{
    QFETCH(int, type);
    for (int round = 0; round < kRounds; ++round) {
        RandomMessages random(static_cast<std::uint64_t>(type * 1000 + round)); // the seed to repeat it with
        const Message message = random.next(static_cast<std::size_t>(type));
        const Bytes json = encode(message, Codec::Json), cbor = encode(message, Codec::Cbor);
        const auto fromJson = decode(json, Codec::Json), fromCbor = decode(cbor, Codec::Cbor);
        QVERIFY2(fromJson.has_value(), (std::to_string(round) + json + (fromJson ? "" : fromJson.error().toString())).c_str());
        QVERIFY2(fromCbor.has_value(), (std::to_string(round) + json + (fromCbor ? "" : fromCbor.error().toString())).c_str());
        QCOMPARE(fromJson->index(), std::size_t(type));
        QCOMPARE(QByteArray::fromStdString(encode(*fromJson, Codec::Json)), QByteArray::fromStdString(json));
        QCOMPARE(hex(encode(*fromJson, Codec::Cbor)), hex(cbor));
        QCOMPARE(QByteArray::fromStdString(encode(*fromCbor, Codec::Json)), QByteArray::fromStdString(json));
        QCOMPARE(hex(encode(*fromCbor, Codec::Cbor)), hex(cbor));
    }
}

namespace {

// What decode() does without its short cut.
Result<Message> decodedGenerally(const Bytes &frame)
{
    const auto value = cbor::read(frame, messageShape(), {.bytes = limits::kFrameBytes, .depth = DecodeLimits().depth});
    if (!value)
        return failure(value.error());
    return messageFrom(*value, {.eventBytes = limits::kEventBytes, .measureEvents = true});
}

Bytes canonicalOf(const Result<Message> &message)
{
    return message ? encode(*message, Codec::Json) : message.error().toString();
}

} // namespace

// `events`, `push` and `ack` are written without a json::Value, a plain push is read without one.
void CodecTest::theDirectWaysAgreeWithTheGeneralOnes()
{
    int plain = 0;
    for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
        RandomMessages random(seed);
        const std::size_t types[] = {*messageIndex("events"), *messageIndex("push"), *messageIndex("ack")};
        const Message message = random.next(types[seed % 3]);
        const json::Object object = toObject(message);
        Bytes general;
        cbor::append(general, object, messageShape());
        QCOMPARE(QByteArray::fromStdString(encode(message, Codec::Json)), QByteArray::fromStdString(json::canonical(object)));
        QCOMPARE(hex(encode(message, Codec::Cbor)), hex(general));
        if (const auto push = cbor::readPlainPush(general, {})) {
            QCOMPARE(QByteArray::fromStdString(encode(*push, Codec::Json)), QByteArray::fromStdString(json::canonical(object)));
            ++plain;
        }
        // An author's plain edits, as the general message of this kind seldom has them.
        Push edits;
        if (const auto *push = std::get_if<Push>(&message)) {
            edits = *push;
            for (EventPtr &event : edits.events) {
                Event one = *event;
                one.author.reset();
                one.metadata.reset();
                one.onOverlap.reset();
                event = std::make_shared<const Event>(std::move(one));
            }
            const bool patches = std::all_of(edits.events.begin(), edits.events.end(), [](const EventPtr &e) { return !e->diff.isCrdt(); });
            const Bytes frame = encode(edits, Codec::Cbor);
            const auto read = cbor::readPlainPush(frame, {});
            QCOMPARE(read.has_value(), patches);
            if (read)
                QCOMPARE(QByteArray::fromStdString(encode(*read, Codec::Json)), QByteArray::fromStdString(encode(edits, Codec::Json)));
        }
    }
    QVERIFY(plain > 0);
}

void CodecTest::damagedPushesAreReadAlikeOnBothWays()
{
    SeededRandom random(11);
    int taken = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        RandomMessages messages(seed);
        Push push = std::get<Push>(messages.next(*messageIndex("push")));
        std::erase_if(push.events, [](const EventPtr &e) { return e->diff.isCrdt() || e->author || e->metadata || e->onOverlap; });
        const Bytes whole = encode(push, Codec::Cbor);
        for (int damage = 0; damage < 60; ++damage) {
            Bytes frame = whole;
            const std::size_t at = random.below(frame.size());
            switch (random.below(3)) {
            case 0:
                frame[at] = static_cast<char>(random.below(256));
                break;
            case 1:
                frame[at] = static_cast<char>(frame[at] ^ 1 << random.below(8));
                break;
            default:
                frame.resize(at);
            }
            const auto direct = cbor::readPlainPush(frame, {});
            if (!direct)
                continue;
            ++taken;
            QCOMPARE(QByteArray::fromStdString(encode(*direct, Codec::Json)), QByteArray::fromStdString(canonicalOf(decodedGenerally(frame))));
        }
    }
    QVERIFY(taken > 100);
}

void CodecTest::jsonFramesAreCanonical()
{
    for (const SampleMessage &sample : sampleMessages()) {
        const Bytes bytes = encode(sample.message, Codec::Json);
        const auto parsed = json::parse(bytes, {.bytes = limits::kFrameBytes, .depth = 80});
        QVERIFY2(parsed.has_value(), bytes.c_str());
        QCOMPARE(QByteArray::fromStdString(json::canonical(*parsed)), QByteArray::fromStdString(bytes));
    }
}

void CodecTest::storedBytesGoOutUntouched()
{
    // A stored event that this version would write otherwise shows that nobody looked inside.
    const auto stored = std::make_shared<const Bytes>(R"({"stored":  "as it is"})");
    const Events events{DocumentId("d"), {{.canonical = stored}, {.canonical = stored, .vectorClock = VectorClock()}}, Digest()};
    const Bytes bytes = encode(events, Codec::Json);
    QVERIFY2(bytes.find(R"("events":[{"stored":  "as it is"},{"event":{"stored":  "as it is"},"vectorClock":{}}],)") != std::string::npos,
             bytes.c_str());
}

void CodecTest::aMessageIsEncodedOncePerCodec()
{
    const OutgoingMessage outgoing(Ping{5});
    std::vector<std::shared_ptr<const Bytes>> seen(8);
    std::vector<std::thread> threads;
    for (auto &slot : seen)
        threads.emplace_back([&] { slot = outgoing.encoded(Codec::Json); });
    for (auto &thread : threads)
        thread.join();
    for (const auto &slot : seen)
        QCOMPARE(slot.get(), seen.front().get());
    QVERIFY(*outgoing.encoded(Codec::Json) == encode(Ping{5}, Codec::Json));
    QVERIFY(*outgoing.encoded(Codec::Cbor) == encode(Ping{5}, Codec::Cbor));
}

void CodecTest::anotherProtocolIsReadAsSuch()
{
    const auto hello = decode(R"({"type":"hello","protocol":2,"clientId":{"new":"form"}})", Codec::Json);
    QVERIFY(hello.has_value());
    QCOMPARE(std::get<Hello>(*hello).protocol, 2);
    const auto huge = decode(R"({"type":"hello","protocol":9007199254740991})", Codec::Json);
    QVERIFY(huge.has_value() && std::get<Hello>(*huge).protocol != kProtocolVersion);
}

void CodecTest::unknownFieldsOfMessagesAreIgnored()
{
    const auto json = decode(R"({"type":"ping","n":1,"later":{"deep":[1.5]}})", Codec::Json);
    QVERIFY(json.has_value());
    QCOMPARE(std::get<Ping>(*json).n, 1);
    // {"n": 1, "type": "ping", "later": h'00'}
    const QByteArray bytes = QByteArray::fromHex("a3616e016474797065" "6470696e67" "656c61746572" "4100");
    const auto cbor = decode(bytes.toStdString(), Codec::Cbor);
    QVERIFY2(cbor.has_value(), cbor ? "" : cbor.error().toString().c_str());
    QCOMPARE(std::get<Ping>(*cbor).n, 1);
}

void CodecTest::listsOfMessagesAreRead()
{
    const auto one = decodeList(R"({"type":"ping","n":1})");
    QVERIFY(one && one->size() == 1);
    const auto two = decodeList(R"([{"type":"ping","n":1},{"type":"unwatch","collection":"games"}])");
    QVERIFY(two && two->size() == 2 && std::holds_alternative<Unwatch>((*two)[1]));
    const auto none = decodeList("[]");
    QVERIFY(none && none->empty());
    const auto broken = decodeList(R"([{"type":"ping","n":1},{"type":"ping"}])");
    QVERIFY(!broken && broken.error().code == ErrorCode::InvalidMessage && broken.error().path == "/1/n");
    QVERIFY(!decodeList("[[]]"));
    QVERIFY(decodeList("[1", {}).error().code == ErrorCode::InvalidValue);
    QVERIFY(decodeList(R"({"type":"ping","n":1})", {.frameBytes = 5}).error().code == ErrorCode::TooLarge);
}

void CodecTest::resultsCannotPretend()
{
    json::Object content{{"type", "welcome"}, {"requestId", "other"}, {"more", true}, {"stats", 1}};
    const auto back = decode(encode(QueryResult{.requestId = "mine", .content = content}, Codec::Json), Codec::Json);
    QVERIFY(back.has_value());
    const auto &result = std::get<QueryResult>(*back);
    QCOMPARE(result.requestId, std::string("mine"));
    QVERIFY(!result.more);
    QCOMPARE(json::canonical(result.content), std::string(R"({"stats":1})"));
}

void CodecTest::whatAnEventMayBeFitsAFrameOfEitherCodec_data()
{
    QTest::addColumn<QByteArray>("element");
    for (const char *element : {"0.1", "1.5", "-0.1", "1e+300", "12345678901", "70000", "255", "null", "\"\"", "\"x\"", "{}", "[]", R"({"a":0.1})"})
        QTest::newRow(element) << QByteArray(element);
}

// As many elements as an event takes: what is measured is never less than what a frame then holds.
void CodecTest::whatAnEventMayBeFitsAFrameOfEitherCodec()
{
    QFETCH(QByteArray, element);
    const auto value = json::parse(element.toStdString());
    QVERIFY(value.has_value());
    const std::size_t count = (limits::kEventBytes - 2'000) / (json::canonicalSize(*value) + 1);
    Event event{.id = *eventIdFrom("019a9b1c-7c00-7abc-8def-0123456789ab"), .documentId = DocumentId("hero-1"), .collection = CollectionName("games"),
                .serverSeq = ServerSeq(1), .clientId = ClientId("alice"), .clientSeq = ClientSeq(1),
                .diff = Diff(json::Patch({{.kind = json::OperationKind::Add, .path = json::Pointer({"a"}), .from = {},
                                           .value = json::Array(count, *value)}}))};
    const auto canonical = std::make_shared<const Bytes>(canonicalBytes(event, EventForm::Logged));
    const bool allowed = checkEventSize(event, EventForm::Logged, canonical->size()).has_value();
    for (const Codec codec : {Codec::Json, Codec::Cbor}) {
        const Bytes frame = encode(Events{event.documentId, {{.canonical = canonical}}, {}}, codec);
        QVERIFY(frame.size() <= frameBytesOf(event, canonical->size()) + kEventFrameRoom);
        if (allowed) {
            const auto back = decode(frame, codec);
            QVERIFY2(back.has_value(), back ? "" : back.error().toString().c_str());
        }
    }
    QCOMPARE(allowed, element != "0.1");
}
