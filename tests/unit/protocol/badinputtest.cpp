// SPDX-License-Identifier: Apache-2.0
#include "badinputtest.h"

#include "samplemessages.h"

#include <eventsync/base/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/cbor_p.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/protocol/messagewriter.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::protocol;
using namespace eventsync::test;

namespace {

QString outcome(const Result<Message> &result)
{
    return result ? QStringLiteral("ok") : QString::fromUtf8(errorName(result.error().code).data());
}

json::Object objectOf(const std::string &sample)
{
    for (const SampleMessage &one : sampleMessages()) {
        if (one.name == sample)
            return toObject(one.message);
    }
    qFatal("no sample %s", sample.c_str());
    return {};
}

Bytes bytesOf(const json::Value &message, Codec codec)
{
    if (codec == Codec::Json)
        return json::canonical(message);
    Bytes out;
    cbor::append(out, message, messageShape());
    return out;
}

// What a sample's field becomes: its message in both codecs.
Result<Message> decodedWith(const std::string &sample, const std::string &pointer, const json::Value &value, Codec codec)
{
    json::Value message = objectOf(sample);
    const auto place = json::Pointer::parse(pointer);
    auto *parent = json::find(message, place->parent());
    if (auto *object = parent->if_object())
        object->insert_or_assign(place->last(), value);
    else
        parent->get_array()[*json::arrayIndex(place->last())] = value;
    return decode(bytesOf(message, codec), codec);
}

} // namespace

void BadInputTest::refusedMessagesNameTheirDocument()
{
    const json::Object push{{"type", "push"}, {"documentId", "game-1"}, {"batchId", 1}, {"events", json::Array{json::Object{}}}};
    const json::Object unnamed{{"type", "push"}, {"documentId", "not allowed/id"}, {"batchId", 1}, {"events", json::Array{}}};
    for (const Codec codec : {Codec::Json, Codec::Cbor}) {
        const Bytes bytes = bytesOf(push, codec);
        QVERIFY(!decode(bytes, codec));
        QCOMPARE(namesInRefused(bytes, codec).documentId.value(), DocumentId("game-1"));
        QVERIFY(!namesInRefused(bytesOf(unnamed, codec), codec).documentId);
        QVERIFY(!namesInRefused(bytes.substr(1), codec).documentId);
    }
}

void BadInputTest::aRefusedQueryTellsItsRequestId_data()
{
    QTest::addColumn<QString>("message");
    QTest::addColumn<QString>("requestId"); // null: none
    QTest::newRow("an unknown kind") << QStringLiteral(R"({"type":"query","requestId":"q1","kind":"dance"})") << QStringLiteral("q1");
    QTest::newRow("no kind") << QStringLiteral(R"({"type":"query","requestId":"q1"})") << QStringLiteral("q1");
    QTest::newRow("a wrong field") << QStringLiteral(R"({"type":"query","requestId":"q1","kind":"list","collection":7})") << QStringLiteral("q1");
    QTest::newRow("no id") << QStringLiteral(R"({"type":"query","kind":"dance"})") << QString();
    QTest::newRow("an id that is none") << QStringLiteral(R"({"type":"query","requestId":1,"kind":"dance"})") << QString();
    QTest::newRow("another message") << QStringLiteral(R"({"type":"push","requestId":"q1"})") << QString();
    QTest::newRow("a list") << QStringLiteral(R"(["query","q1"])") << QString();
}

void BadInputTest::aRefusedQueryTellsItsRequestId()
{
    QFETCH(QString, message);
    QFETCH(QString, requestId);
    const json::Value value = json::parse(message.toStdString()).value();
    for (const Codec codec : {Codec::Json, Codec::Cbor}) {
        const Bytes bytes = bytesOf(value, codec);
        QVERIFY(!decode(bytes, codec));
        const auto found = namesInRefused(bytes, codec).requestId;
        QCOMPARE(found.has_value(), !requestId.isNull());
        if (found)
            QCOMPARE(QString::fromStdString(*found), requestId);
        QVERIFY(!namesInRefused(bytes.substr(0, bytes.size() - 1), codec).requestId);
    }
}

void BadInputTest::badFramesHaveNamedErrors_data()
{
    QTest::addColumn<QString>("frame");
    QTest::addColumn<QString>("code");
    const auto row = [](const char *name, const QString &frame, const char *code) { QTest::newRow(name) << frame << code; };
    row("nothing", {}, "InvalidValue");
    row("no JSON", QStringLiteral("hello"), "InvalidValue");
    row("a list", QStringLiteral("[]"), "InvalidMessage");
    row("a number", QStringLiteral("1"), "InvalidMessage");
    row("no type", QStringLiteral("{}"), "InvalidMessage");
    row("a type that is a number", QStringLiteral(R"({"type":1})"), "InvalidMessage");
    row("an unknown type", QStringLiteral(R"({"type":"hug"})"), "UnknownMessage");
    row("a key twice", QStringLiteral(R"({"type":"ping","n":1,"n":1})"), "InvalidValue");
    row("a key twice, in other letters", QStringLiteral(R"({"type":"ping","n":1,"\u006e":1})"), "InvalidValue");
    row("NUL in a key", QStringLiteral(R"({"type":"ping","n":1,"\u0000":1})"), "InvalidValue");
    row("a lone surrogate", QStringLiteral(R"({"type":"auth","token":"\ud800"})"), "InvalidValue");
    row("more after the message", QStringLiteral(R"({"type":"ping","n":1} 1)"), "InvalidValue");
    row("a comment", QStringLiteral(R"({"type":"ping","n":1/**/})"), "InvalidValue");
    row("a number too large for a double", QStringLiteral(R"({"type":"ping","n":1e999})"), "InvalidValue");
    row("an integer beyond 2^53", QStringLiteral(R"({"type":"ping","n":9007199254740993})"), "InvalidMessage");
    row("too deep", QStringLiteral(R"({"type":"ping","n":1,"x":)") + QStringLiteral("[").repeated(200) + QStringLiteral("]").repeated(200) +
                        QStringLiteral("}"), "TooDeep");
    row("endlessly deep", QStringLiteral("[").repeated(1'000'000), "TooDeep");
}

void BadInputTest::badFramesHaveNamedErrors()
{
    QFETCH(QString, frame);
    QFETCH(QString, code);
    QCOMPARE(outcome(decode(frame.toStdString(), Codec::Json)), code);
}

void BadInputTest::badFieldsHaveNamedErrors_data()
{
    QTest::addColumn<QString>("sample");
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QString>("content");
    QTest::addColumn<QString>("code");
    const auto row = [](const char *name, const char *sample, const char *pointer, const char *content, const char *code) {
        QTest::newRow(name) << sample << pointer << content << code;
    };
    row("a document id with a space", "unsubscribe", "/documentId", R"("a b")", "InvalidValue");
    row("a long document id", "unsubscribe", "/documentId",
        R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")",
        "InvalidValue");
    row("a collection in capitals", "unwatch", "/collection", R"("Games")", "InvalidValue");
    row("the server's client id", "hello", "/clientId", R"("rest:me")", "ClientIdReserved");
    row("the server's name", "hello", "/clientId", R"("server")", "ClientIdReserved");
    row("a bad client id", "hello", "/clientId", R"("a/b")", "InvalidValue");
    row("capabilities with a number", "hello", "/capabilities/0", "1", "InvalidMessage");
    row("a negative position", "subscribe", "/afterSeq", "-1", "InvalidMessage");
    row("position and clock", "subscribe", "/vectorClock", "{}", "InvalidMessage");
    row("a checkpoint of one", "subscribe", "/checkpoints/0", "[1]", "InvalidMessage");
    row("a checkpoint at -1", "subscribe", "/checkpoints/0/0", "-1", "InvalidMessage");
    row("a pending pair of three", "subscribe", "/pending/0", R"(["a","b","c"])", "InvalidMessage");
    row("a pending id of version 4", "subscribe", "/pending/0/1", R"("019a9b1c-7c00-4abc-8def-000000000001")", "InvalidValue");
    row("a known id that is a number", "snapshot-state", "/known/0/0", "1", "InvalidMessage");
    row("an unknown kind", "snapshot-state", "/kind", R"("xml")", "InvalidMessage");
    row("part 0", "snapshot-part", "/part", "0", "InvalidMessage");
    row("a part beyond the last", "snapshot-part", "/part", "4", "InvalidMessage");
    row("state and bytes", "snapshot-part", "/state", "1", "InvalidMessage");
    row("deleted, and a state", "snapshot-null", "/deleted", "true", "InvalidMessage");
    row("not deleted, and no state", "snapshot-deleted", "/deleted", "false", "InvalidMessage");
    row("deleted as a number", "snapshot-deleted", "/deleted", "1", "InvalidMessage");
    row("an unknown permission", "synced", "/permission", R"("all")", "InvalidMessage");
    row("a policy with a bad rule's bounds", "synced", "/policy/paths/~1gold/min", R"("0")", "InvalidMessage");
    row("a clock with a text", "synced", "/vectorClock/alice-laptop", R"("7")", "InvalidMessage");
    row("an unknown field of an event", "push", "/events/0/priority", "1", "UnknownField");
    row("a logged field in a pushed event", "push", "/events/1/serverSeq", "1", "UnknownField");
    row("a pushed field in a logged event", "events", "/events/0/onOverlap", R"("ours")", "UnknownField");
    row("an event of another document", "push", "/events/1/documentId", R"("hero-2")", "InvalidMessage");
    row("an event that is a list", "events", "/events/2", "[]", "InvalidMessage");
    row("a bad id of an event", "push", "/events/0/id", R"("7")", "InvalidValue");
    row("a bad time", "push", "/events/0/timestamp", R"("now")", "InvalidValue");
    row("an unknown status", "ack", "/results/0/status", R"("done")", "InvalidMessage");
    row("an unknown code", "ack", "/results/4/code", R"("Oops")", "InvalidMessage");
    row("an unknown scope", "error", "/scope", R"("world")", "InvalidMessage");
    row("a filter with an unknown operator", "watch", "/filter/all/0/op", R"("like")", "InvalidValue");
    row("fields that are no pointers", "watch", "/fields/0", R"("name")", "InvalidValue");
    row("a sort key that is no pointer", "query-list", "/sort/0", R"("--/a")", "InvalidValue");
    row("a limit of 0", "query-list", "/limit", "0", "InvalidMessage");
    row("an unknown question", "query-stats", "/kind", R"("why")", "InvalidMessage");
    row("a time without zone", "welcome", "/serverTime", R"("2026-11-21T09:30:00.000")", "InvalidValue");
    row("limits in a list", "welcome", "/limits", "[]", "InvalidMessage");
    row("a limit that is a text", "welcome", "/limits/inFlight", R"("64")", "InvalidMessage");
    row("null for a missing field", "error", "/action", "null", "InvalidMessage");
    row("a bad hash", "events", "/chain", R"("zz")", "InvalidValue / InvalidMessage");
    row("a hash in capitals", "events", "/chain", R"("ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")",
        "InvalidValue / InvalidMessage");
    row("a short hash", "synced", "/chain", R"("abcd")", "InvalidValue");
    row("padded base64", "snapshot-part", "/bytes", R"("AA==")", "InvalidValue / InvalidMessage");
    row("ordinary base64", "snapshot-part", "/bytes", R"("+/+/")", "InvalidValue / InvalidMessage");
    row("stray bits in base64", "events", "/events/2/diff/crdt", R"("AB")", "InvalidValue / InvalidMessage");
}

// In CBOR a text where bytes belong is of a wrong type, whatever it says: the second code is for CBOR where they differ.
void BadInputTest::badFieldsHaveNamedErrors()
{
    QFETCH(QString, sample);
    QFETCH(QString, pointer);
    QFETCH(QString, content);
    QFETCH(QString, code);
    const QStringList codes = code.split(QStringLiteral(" / "));
    const auto value = json::parse(content.toStdString());
    QVERIFY(value.has_value());
    const auto json = decodedWith(sample.toStdString(), pointer.toStdString(), *value, Codec::Json);
    QCOMPARE(outcome(json), codes.first());
    const auto cbor = decodedWith(sample.toStdString(), pointer.toStdString(), *value, Codec::Cbor);
    QCOMPARE(outcome(cbor), codes.last());
}

void BadInputTest::limitsAreCharged_data()
{
    QTest::addColumn<int>("codec");
    QTest::newRow("JSON") << int(Codec::Json);
    QTest::newRow("CBOR") << int(Codec::Cbor);
}

void BadInputTest::limitsAreCharged()
{
    QFETCH(int, codec);
    const auto which = static_cast<Codec>(codec);
    const auto codeWith = [&](const char *sample, const char *pointer, const json::Value &value) {
        return outcome(decodedWith(sample, pointer, value, which));
    };
    const json::Array checkpoint{1, Digest().toHex()};
    QCOMPARE(codeWith("subscribe", "/checkpoints", json::Array(16, checkpoint)), QStringLiteral("ok"));
    QCOMPARE(codeWith("subscribe", "/checkpoints", json::Array(17, checkpoint)), QStringLiteral("TooLarge"));
    QCOMPARE(codeWith("presence", "/state", json::Value(std::string(limits::kPresenceBytes - 2, 'x'))), QStringLiteral("ok"));
    QCOMPARE(codeWith("presence", "/state", json::Value(std::string(limits::kPresenceBytes - 1, 'x'))), QStringLiteral("TooLarge"));
    QCOMPARE(codeWith("push", "/events/0/diff/patch/0/value", json::Value(std::string(limits::kEventBytes - 2000, 'x'))), QStringLiteral("ok"));
    QCOMPARE(codeWith("push", "/events/0/diff/patch/0/value", json::Value(std::string(limits::kEventBytes, 'x'))), QStringLiteral("TooLarge"));
    QCOMPARE(codeWith("push", "/events/0/diff/patch/0/value", json::Value(std::string(limits::kFrameBytes, 'x'))), QStringLiteral("TooLarge"));
    // 200,000 control characters are small in CBOR and six times as long in canonical JSON.
    QCOMPARE(codeWith("push", "/events/0/diff/patch/0/value", json::Value(std::string(200'000, '\x01'))), QStringLiteral("TooLarge"));

    const auto nested = [](int depth) {
        json::Value value = 1;
        for (int i = 0; i < depth; ++i)
            value = json::Array{std::move(value)};
        return value;
    };
    // An event's patch is four containers down; a message adds two.
    QCOMPARE(codeWith("push", "/events/0/diff/patch/0/value", nested(68)), QStringLiteral("ok"));
    QCOMPARE(codeWith("push", "/events/0/diff/patch/0/value", nested(69)), QStringLiteral("TooDeep"));
    QCOMPARE(codeWith("presence", "/state", nested(64)), QStringLiteral("ok"));
    QCOMPARE(codeWith("presence", "/state", nested(65)), QStringLiteral("TooDeep"));
    QCOMPARE(codeWith("snapshot-state", "/state", nested(65)), QStringLiteral("TooDeep"));
}

namespace {

// Fields that may be left out or stand for something else when they are gone, by sample.
bool mayBeMissing(const std::string &sample, std::string_view field)
{
    static const std::vector<std::pair<std::string_view, std::string_view>> kOptional = {
        {"hello", "clientSecret token userAgent capabilities"}, {"welcome", "tokenExpiresInMs"},
        {"subscribe", "collection checkpoints pending clocks snapshotPart"}, {"snapshot-state", "collection known vectorClock"},
        {"synced", "policy vectorClock"}, {"watch", "filter fields since"}, {"error", "documentId retryAfterMs action"},
        {"query-events", "after before limit clientId path"}, {"query-list", "filter sort fields limit pageToken"},
        {"result", "state serverSeq"}};
    for (const auto &[name, fields] : kOptional) {
        if (name == sample)
            return (' ' + std::string(fields) + ' ').find(' ' + std::string(field) + ' ') != std::string::npos;
    }
    return false;
}

void addFields(bool withMembersOfContent)
{
    QTest::addColumn<QString>("sample");
    QTest::addColumn<QString>("field");
    for (const char *sample : {"hello", "welcome", "auth", "subscribe", "snapshot-state", "snapshot-part", "snapshot-deleted", "events", "synced", "diverged",
                               "push", "ack", "cursor", "cursors", "presence", "unsubscribe", "revoked", "watch", "heads", "watching",
                               "unwatch", "query-events", "query-state", "query-vectors", "query-list", "query-stats", "result", "ping",
                               "pong", "error", "goaway"}) {
        for (const auto &[field, value] : objectOf(sample)) {
            if (withMembersOfContent || (std::string_view(sample) != "result" || (field != "state" && field != "serverSeq")))
                QTest::addRow("%s of %s", std::string(field).c_str(), sample) << sample << QString::fromStdString(std::string(field));
        }
    }
}

} // namespace

void BadInputTest::aMissingFieldIsNamed_data()
{
    addFields(true);
}

void BadInputTest::aMissingFieldIsNamed()
{
    QFETCH(QString, sample);
    QFETCH(QString, field);
    json::Object message = objectOf(sample.toStdString());
    message.erase(field.toStdString());
    for (const Codec codec : {Codec::Json, Codec::Cbor}) {
        const auto decoded = decode(bytesOf(message, codec), codec);
        if (mayBeMissing(sample.toStdString(), field.toStdString())) {
            QCOMPARE(outcome(decoded), QStringLiteral("ok"));
        } else {
            QCOMPARE(outcome(decoded), QStringLiteral("InvalidMessage"));
            // Without its bytes, or the word that it is deleted, a snapshot is one without a state.
            const bool isForm = field == QLatin1String("bytes") || field == QLatin1String("deleted");
            const std::string named = isForm ? "state" : field.toStdString();
            QVERIFY2(decoded.error().path.find('/' + named) == 0, decoded.error().path.c_str());
        }
    }
}

void BadInputTest::aFieldOfAnotherTypeIsNamed_data()
{
    addFields(false);
}

void BadInputTest::aFieldOfAnotherTypeIsNamed()
{
    QFETCH(QString, sample);
    QFETCH(QString, field);
    json::Object message = objectOf(sample.toStdString());
    const bool anyValue = field == QLatin1String("state"); // a user's value: of any type
    json::Value &value = message[field.toStdString()];
    value = value.is_object() || value.is_bool() ? json::Value(json::Array{false}) : json::Value(json::Object{{"x", false}});
    for (const Codec codec : {Codec::Json, Codec::Cbor}) {
        const auto decoded = decode(bytesOf(message, codec), codec);
        QVERIFY2(anyValue || !decoded, qPrintable(sample + field));
        if (!decoded)
            QVERIFY2(outcome(decoded) == QLatin1String("InvalidMessage") || outcome(decoded) == QLatin1String("InvalidValue"),
                     qPrintable(outcome(decoded)));
    }
}
