// SPDX-License-Identifier: Apache-2.0
#include "schematest.h"

#include "messageschema.h"
#include "randommessages.h"
#include "samplemessages.h"

#include <eventsync/model/jsonfields.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/protocol/messagereader.h>
#include <eventsync/protocol/messagewriter.h>

#include <boost/json/serialize.hpp>

#include <QFile>
#include <QSaveFile>
#include <QTest>

#include <algorithm>
#include <ranges>

using namespace eventsync;
using namespace eventsync::protocol;
using namespace eventsync::test;

namespace {

constexpr int kRounds = 6; // random messages of each type

const MessageSchema &schema()
{
    static const MessageSchema loaded = MessageSchema::load();
    return loaded;
}

json::Value jsonOf(const Message &message)
{
    return *json::parse(encode(message, Codec::Json));
}

std::vector<json::Value> messagesOf(std::size_t type)
{
    std::vector<json::Value> messages;
    for (const SampleMessage &sample : sampleMessages()) {
        if (sample.message.index() == type)
            messages.push_back(jsonOf(sample.message));
    }
    for (int round = 0; round < kRounds; ++round)
        messages.push_back(jsonOf(RandomMessages(static_cast<std::uint64_t>(round)).next(type)));
    return messages;
}

// What a place may hold instead of what it holds.
std::vector<json::Value> replacements()
{
    return {nullptr, true, -1, 0, 1, 1.5, "", "*", json::Array(), json::Object(), json::Array{1}, json::Object{{"x", 1}}};
}

// Calls visit(changed message, path, what is there now) with one place changed at a time, down to the members of its members' items.
template<class Visit>
void changeEach(const json::Value &message, json::Value &place, const std::string &path, int depth, const Visit &visit)
{
    if (depth == 0)
        return;
    if (auto *object = place.if_object()) {
        const json::Object before = *object;
        for (const auto &[name, value] : before) {
            if (path.empty() && name == "type")
                continue;
            object->erase(name);
            visit(message, childPath(path, name), "without it");
            for (const json::Value &other : replacements()) {
                (*object)[name] = other;
                visit(message, childPath(path, name), boost::json::serialize(other));
            }
            (*object)[name] = value;
        }
        for (const auto &[name, value] : before)
            changeEach(message, object->at(name), childPath(path, name), depth - 1, visit);
        *object = before;
    } else if (auto *list = place.if_array(); list && !list->empty()) {
        const json::Array before = *list;
        for (const json::Value &other : replacements()) {
            list->front() = other;
            visit(message, childPath(path, "0"), boost::json::serialize(other));
        }
        *list = before;
        changeEach(message, list->front(), childPath(path, "0"), depth - 1, visit);
    }
}

// Rules between fields, which the schema leaves to the text of the page.
bool isRuleBetweenFields(const Error &error)
{
    return error.message == "the event belongs to another document" || error.message == "a part beyond the last"
        || error.message == "min is above max";
}

// What the decoder takes on purpose: a greeting of another version, which gets an answer of its own, and whatever a result
// holds beside its envelope, which the one who asked reads.
bool isLeftToTheReceiver(const Message &message, const std::string &path)
{
    if (std::holds_alternative<Hello>(message) || std::holds_alternative<Welcome>(message))
        return path == "/protocol";
    const std::string_view envelope[] = {"/requestId", "/part", "/more", "/piece", "/code", "/reason"};
    return std::holds_alternative<QueryResult>(message) && std::ranges::find(envelope, path) == std::end(envelope);
}

} // namespace

bool SchemaTest::writePage(const QString &path)
{
    QSaveFile file(path);
    const QByteArray page = QByteArray::fromStdString(schema().page());
    return file.open(QIODevice::WriteOnly) && file.write(page) == page.size() && file.commit();
}

void SchemaTest::everyMessageHasASchema()
{
    QCOMPARE(schema().types().size(), std::variant_size_v<MessageVariant>);
    for (const std::string &type : schema().types())
        QVERIFY2(messageIndex(type), type.c_str());
}

void SchemaTest::whatIsEncodedFitsTheSchemaAndIsNamedInIt()
{
    for (std::size_t type = 0; type < std::variant_size_v<MessageVariant>; ++type) {
        for (const json::Value &message : messagesOf(type)) {
            const std::string text = boost::json::serialize(message);
            QVERIFY2(schema().allows(message), text.c_str());
            const auto unnamed = schema().unnamedMembers(message);
            QVERIFY2(unnamed.empty(), (unnamed.empty() ? "" : unnamed.front() + " of " + text).c_str());
        }
    }
}

void SchemaTest::flagsAreWrittenAsBooleans_data()
{
    QTest::addColumn<int>("type");
    QTest::addColumn<QString>("path");
    const auto row = [](const Message &message, const char *path) {
        QTest::addRow("%s %s", std::string(messageType(message)).c_str(), path) << int(message.index()) << QString::fromLatin1(path);
    };
    row(Subscribe{}, "/clocks");
    row(Snapshot{}, "/deleted");
    row(Heads{}, "/heads/0/deleted");
    row(Watching{}, "/full");
    row(QueryResult{}, "/more");
}

// Every other number of these messages could be written by the same function as the flag.
void SchemaTest::flagsAreWrittenAsBooleans()
{
    QFETCH(const int, type);
    QFETCH(const QString, path);
    Message message = RandomMessages(1).next(static_cast<std::size_t>(type));
    std::visit(
        [](auto &one) {
            if constexpr (requires { one.clocks; })
                one.clocks = true;
            else if constexpr (requires { one.full; })
                one.full = true;
            else if constexpr (requires { one.more; })
                one.more = true;
            else if constexpr (requires { one.deleted; })
                one.deleted = true;
            else if constexpr (requires { one.heads; })
                one.heads = {Head{.documentId = DocumentId("a"), .serverSeq = ServerSeq(1), .deleted = true}};
        },
        message);
    for (const json::Value &written : {jsonOf(message), json::Value(toObject(message))})
        QCOMPARE(boost::json::serialize(written.at_pointer(path.toStdString())), std::string("true"));
}

void SchemaTest::theDecoderTakesWhatTheSchemaTakes_data()
{
    QTest::addColumn<int>("type");
    for (const std::string &type : schema().types())
        QTest::addRow("%s", type.c_str()) << int(*messageIndex(type));
}

void SchemaTest::theDecoderTakesWhatTheSchemaTakes()
{
    QFETCH(int, type);
    int taken = 0, refused = 0;
    QStringList differences;
    for (const json::Value &whole : messagesOf(static_cast<std::size_t>(type))) {
        json::Value message = whole;
        changeEach(message, message, {}, 5, [&](const json::Value &changed, const std::string &path, const std::string &now) {
            const auto decoded = messageFrom(changed, {});
            const bool allowed = schema().allows(changed);
            ++(allowed ? taken : refused);
            if (decoded.has_value() == allowed
                || (decoded ? isLeftToTheReceiver(*decoded, path) : isRuleBetweenFields(decoded.error())))
                return;
            differences.append(QString::fromStdString(path + " is " + now + (decoded ? ": taken  " : ": " + decoded.error().toString() + "  ") +
                                                      boost::json::serialize(changed)));
        });
    }
    QVERIFY2(differences.isEmpty(), qPrintable(QString::number(differences.size()) + u'\n' + differences.mid(0, 12).join(u'\n')));
    QVERIFY(refused > 0);
    const bool hasChoices = type != int(*messageIndex("unsubscribe")) && type != int(*messageIndex("unwatch"));
    QCOMPARE(taken > 0, hasChoices); // names of documents and collections only: nothing that could be another value
}

void SchemaTest::thePageIsMadeFromTheSchema()
{
    QFile page(qEnvironmentVariable("EVENTSYNC_SOURCE_DIR", QStringLiteral(".")) + QStringLiteral("/docs/protocol-messages.md"));
    QVERIFY(page.open(QIODevice::ReadOnly));
    QVERIFY2(page.readAll() == QByteArray::fromStdString(schema().page()),
             "make it anew: tst_protocol --write-page docs/protocol-messages.md");
}
