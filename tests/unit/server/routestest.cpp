// SPDX-License-Identifier: Apache-2.0
#include "routestest.h"

#include <eventsync/base/digest.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdt/encoding.h>
#include <eventsync/model/crdtstate.h>
#include <eventsync/model/event.h>
#include <eventsync/protocol/limits.h>

#include <boost/json/parse.hpp>

#include <algorithm>

namespace eventsync::server {

namespace {

const Headers kMergePatch{{"Content-Type", "application/merge-patch+json"}};
const Headers kJsonPatch{{"Content-Type", "application/json-patch+json"}};

// An event as a client would push it.
std::string pushed(const QByteArray &id, const char *client, int clientSeq, int baseSeq, const char *operation, const char *patch,
                   int number)
{
    const std::string digits = std::to_string(1000 + number);
    return R"({"id":"019a9b1c-7c00-7abc-8def-0123456)" + digits + R"(a","documentId":")" + id.toStdString()
           + R"(","collection":"games","operation":")" + operation + R"(","clientId":")" + client
           + R"(","clientSeq":)" + std::to_string(clientSeq) + R"(,"baseSeq":)" + std::to_string(baseSeq)
           + R"(,"timestamp":"2026-11-21T09:30:00.000Z","diff":{"patch":)" + patch + "}}";
}

QByteArray bytes(const std::string &text)
{
    return QByteArray::fromStdString(text);
}

// A Last-Event-ID for a position of a history that no server here has.
QByteArray resumeToken(const QByteArray &document, int serverSeq)
{
    return QByteArray::fromStdString(toBase64Url("1\n" + document.toStdString() + ' ' + std::to_string(serverSeq) + ' ' +
                                                 toBase64Url(sha256("another history").view())));
}

} // namespace

void RoutesTest::initTestCase()
{
    CollectionPolicy strict;
    strict.setSchema(json::parse(R"({"type": "object", "required": ["owner"]})").value());
    m_server = std::make_unique<RunningServer>(StoreLocation{.kind = m_kind}, QString(),
                                               std::map<CollectionName, CollectionPolicy>{{CollectionName("accounts"), strict}});
    m_http = std::make_unique<HttpClient>(m_server->server->url());
}

void RoutesTest::init()
{
    m_id = "doc-" + QByteArray::number(++m_count);
}

Reply RoutesTest::create(const QByteArray &id, const QByteArray &state, const QByteArray &collection)
{
    return m_http->send("POST", "/api/" + collection + "?id=" + id, state);
}

void RoutesTest::createdDocumentIsReadBackWithItsVersion()
{
    const Reply created = create(m_id, R"({"name": "Zoe", "gold": 5})");
    QCOMPARE(created.status, 201);
    QCOMPARE(created.header("Location"), "/api/games/" + m_id);
    QCOMPARE(created.header("ETag"), QByteArray("\"1\""));
    const Reply read = m_http->get("/api/games/" + m_id);
    QCOMPARE(read.status, 200);
    QCOMPARE(read.header("ETag"), QByteArray("\"1\""));
    QCOMPARE(read.header("Content-Type"), QByteArray("application/json"));
    QCOMPARE(read.body, QByteArray(R"({"gold":5,"name":"Zoe","version":1})"));
}

void RoutesTest::createMakesAnIdWhereNoneIsGiven()
{
    const Reply created = m_http->send("POST", "/api/games", R"({"name": "Ann"})");
    QCOMPARE(created.status, 201);
    const QByteArray location = created.header("Location");
    QVERIFY(location.startsWith("/api/games/"));
    QCOMPARE(m_http->get(location).member("/name"), std::string(R"("Ann")"));
}

void RoutesTest::secondCreateOfAnIdIsRefused()
{
    QCOMPARE(create(m_id, "{}").status, 201);
    const Reply again = create(m_id, R"({"other": true})");
    QCOMPARE(again.status, 409);
    QCOMPARE(again.member("/code"), std::string(R"("DocumentExists")"));
}

void RoutesTest::anIdBelongsToItsCollectionForEver()
{
    QCOMPARE(create(m_id, "{}").status, 201);
    for (const bool deleted : {false, true}) {
        if (deleted)
            QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id, "").status, 204);
        for (const Reply &wanted : {create(m_id, "{}", "others"), m_http->send("PUT", "/api/others/" + m_id, "{}")}) {
            QCOMPARE(wanted.status, 409);
            QCOMPARE(wanted.member("/code"), std::string(R"("WrongCollection")"));
        }
    }
    QCOMPARE(create(m_id, "{}").status, 201); // where it was
}

void RoutesTest::integersThatWouldBeRoundedAreRefused()
{
    const QByteArray large = R"({"n":9007199254740993})";
    const QByteArray document = "/api/games/" + m_id;
    const QByteArray patch = R"([{"op":"replace","path":"/n","value":9007199254740993}])";
    const auto verifyRefused = [](const Reply &reply) {
        QCOMPARE(reply.status, 400);
        QCOMPARE(reply.member("/code"), std::string(R"("InvalidValue")"));
    };
    verifyRefused(create(m_id, large));
    QCOMPARE(create(m_id, R"({"n":100000000000000000000})").status, 201); // as it is read, so it may be written
    verifyRefused(m_http->send("PUT", document, large));
    verifyRefused(m_http->send("PATCH", document, large, kMergePatch));
    verifyRefused(m_http->send("PATCH", document, patch, kJsonPatch));
    QCOMPARE(m_http->get(document).member("/n"), std::string("100000000000000000000"));
    QCOMPARE(m_http->send("PUT", document + "?largeIntegers=round", large).status, 200);
    QCOMPARE(m_http->get(document).member("/n"), std::string("9007199254740992"));
    QCOMPARE(m_http->send("PUT", document + "?largeIntegers=maybe", large).status, 400);
}

void RoutesTest::putCreatesAndReplaces()
{
    const Reply first = m_http->send("PUT", "/api/games/" + m_id, R"({"a": 1})");
    QCOMPARE(first.status, 201);
    const Reply second = m_http->send("PUT", "/api/games/" + m_id, R"({"b": 2})");
    QCOMPARE(second.status, 200);
    QCOMPARE(second.body, QByteArray(R"({"b":2,"version":2})"));
    QCOMPARE(second.header("ETag"), QByteArray("\"2\""));
}

void RoutesTest::patchesOfBothKindsChangeTheDocument()
{
    create(m_id, R"({"gold": 10, "name": "Zoe"})");
    const Reply merge = m_http->send("PATCH", "/api/games/" + m_id, R"({"name": null, "title": "Dr"})", kMergePatch);
    QCOMPARE(merge.status, 200);
    QCOMPARE(merge.body, QByteArray(R"({"gold":10,"title":"Dr","version":2})"));
    const Reply patch = m_http->send("PATCH", "/api/games/" + m_id, R"([{"op": "inc", "path": "/gold", "value": 5}])", kJsonPatch);
    QCOMPARE(patch.status, 200);
    QCOMPARE(patch.body, QByteArray(R"({"gold":15,"title":"Dr","version":3})"));
}

// The server turns them into patches, so what others write meanwhile stays.
void RoutesTest::crdtDocumentsAreWrittenAsJson()
{
    const QByteArray path = "/api/games/" + m_id;
    const Reply created = m_http->send("POST", "/api/games?kind=crdt&id=" + m_id, R"({"text": "hello", "list": [1]})");
    QCOMPARE(created.status, 201);
    QCOMPARE(created.body, QByteArray(R"({"list":[1],"text":"hello","version":1})"));
    QCOMPARE(m_http->send("PATCH", path, R"({"text": "hello world", "list": null})", kMergePatch).body,
             QByteArray(R"({"text":"hello world","version":2})"));
    QCOMPARE(m_http->send("PATCH", path, R"([{"op": "add", "path": "/n", "value": 1}, {"op": "inc", "path": "/n", "value": 2}])", kJsonPatch).body,
             QByteArray(R"({"n":3,"text":"hello world","version":3})"));
    QCOMPARE(m_http->send("PATCH", path, R"([{"op": "test", "path": "/n", "value": 4}])", kJsonPatch).member("/code"),
             std::string(R"("PatchFailed")"));
    QCOMPARE(m_http->send("PUT", path, R"({"text": "hello world!", "version": 12})").body, QByteArray(R"({"text":"hello world!","version":4})"));
    QCOMPARE(m_http->send("PUT", path, R"({"text": "hello world!"})").header("ETag"), QByteArray("\"4\"")); // nothing changed
    QCOMPARE(m_http->send("PUT", path, R"({"text": "x"})", {{"If-Match", "\"3\""}}).status, 412);
    QCOMPARE(m_http->get(path + "?at=2").body, QByteArray(R"({"text":"hello world","version":2})"));
    const std::string events = m_http->get("/api/events/" + m_id).body.toStdString();
    QVERIFY(events.find("\"crdt\"") != std::string::npos && events.find("\"patch\"") == std::string::npos);
    QCOMPARE(m_http->send("POST", "/api/snapshots/" + m_id).member("/state"), std::string(R"({"text":"hello world!"})"));
    QCOMPARE(m_http->get("/api/snapshots/" + m_id + "?at=1").member("/state"), std::string(R"({"list":[1],"text":"hello"})"));
    QCOMPARE(m_http->send("DELETE", path).status, 204);
    QCOMPARE(m_http->get(path).status, 404);
    QCOMPARE(m_http->send("PUT", path, R"({"again": true})").status, 201);
    QCOMPARE(m_http->get(path + "?format=verbose").status, 200);
}

void RoutesTest::crdtDocumentsAreReadInEveryFormat()
{
    const QByteArray path = "/api/games/" + m_id;
    m_http->send("POST", "/api/games?kind=crdt&id=" + m_id, R"({"text": "안녕"})");
    m_http->send("PATCH", path, R"({"text": "안녕하세요"})", kMergePatch);
    const Reply binary = m_http->get(path + "?format=binary");
    QCOMPARE(binary.status, 200);
    QCOMPARE(binary.header("Content-Type"), QByteArray("application/octet-stream"));
    QCOMPARE(binary.header("X-Document-Version"), QByteArray("2"));
    const auto document = crdt::decodeBinary(binary.body.toStdString());
    QVERIFY(document);
    QCOMPARE(document->canonicalView(), std::string(R"({"text":"안녕하세요"})"));
    QVERIFY(*crdt::decodeCompact(m_http->get(path + "?format=compact").body.toStdString()) == *document);
    QVERIFY(*crdt::decodeVerbose(m_http->get(path + "?format=verbose").body.toStdString()) == *document);
    const auto past = crdt::decodeBinary(m_http->get(path + "?format=binary&at=1").body.toStdString());
    QCOMPARE(past->canonicalView(), std::string(R"({"text":"안녕"})"));
    QCOMPARE(m_http->get(path + "?format=xml").member("/code"), std::string(R"("InvalidMessage")"));
    QCOMPARE(m_http->get(path + "?format=binary&at=9").status, 404);
    QCOMPARE(m_http->get("/api/others/" + m_id + "?format=binary").status, 404);
    create(m_id + "j", "{}");
    QCOMPARE(m_http->get("/api/games/" + m_id + "j?format=binary").status, 422);
}

void RoutesTest::crdtPatchesArePushedOverHttp()
{
    const QByteArray path = "/api/games/" + m_id;
    m_http->send("POST", "/api/games?kind=crdt&id=" + m_id, R"({"text": "hello"})");
    const auto typed = [&](const char *client, int number) {
        auto document = crdt::decodeBinary(m_http->get(path + "?format=binary&at=1").body.toStdString())->fork(crdtSessionOf(ClientId(client)));
        crdt::Api api(document);
        [[maybe_unused]] const auto inserted = api.str("/text")->ins(5, QStringLiteral("!"));
        const std::string digits = std::to_string(1000 + number);
        return R"({"clientId":"ann","afterSeq":0,"push":[{"id":"019a9b1c-7c00-7abc-8def-9123456)" + digits + R"(a","documentId":")"
               + m_id.toStdString() + R"(","collection":"games","operation":"update","clientId":"ann","clientSeq":1,"baseSeq":1,)"
               + R"("timestamp":"2026-11-21T09:30:00.000Z","diff":{"crdt":")" + toBase64Url(api.flush().bytes()) + R"("}}]})";
    };
    const std::string late = typed("ann", 1), foreign = typed("bob", 2);
    m_http->send("PATCH", path, R"({"text": "oh hello"})", kMergePatch);
    QCOMPARE(m_http->send("POST", "/api/sync/" + m_id, bytes(foreign)).member("/ack/0/code"), std::string(R"("PermissionDenied")"));
    QCOMPARE(m_http->send("POST", "/api/sync/" + m_id, bytes(late)).member("/ack/0/status"), std::string(R"("merged")"));
    QCOMPARE(m_http->get(path).body, QByteArray(R"({"text":"oh hello!","version":3})"));
}

void RoutesTest::aDocumentKeepsItsKind()
{
    const QByteArray path = "/api/games/" + m_id;
    QCOMPARE(m_http->send("PUT", path + "?kind=crdt", R"({"a": "b"})").status, 201);
    QCOMPARE(m_http->send("PUT", path + "?kind=json", R"({"a": "c"})").status, 422);
    QCOMPARE(m_http->send("PUT", path + "?kind=crdt", R"({"a": "c"})").status, 200);
    QCOMPARE(m_http->send("DELETE", path).status, 204);
    QCOMPARE(m_http->send("POST", "/api/games?kind=json&id=" + m_id, "{}").member("/code"), std::string(R"("Invalid")"));
    QCOMPARE(m_http->send("POST", "/api/games?kind=xml", "{}").status, 400);
}

void RoutesTest::deletedDocumentIsGoneAndItsPastIsNot()
{
    create(m_id, R"({"a": 1})");
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id).status, 204);
    QCOMPARE(m_http->get("/api/games/" + m_id).status, 404);
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id).status, 404);
    QCOMPARE(m_http->get("/api/games/" + m_id + "?at=1").status, 200);
    QCOMPARE(m_http->get("/api/games/" + m_id + "?at=2").status, 404);
    const Reply again = create(m_id, R"({"a": 2})");
    QCOMPARE(again.status, 201);
    QCOMPARE(again.header("ETag"), QByteArray("\"3\"")); // G2: the count goes on
}

void RoutesTest::deletionGivesTheDocumentToWhoPrefersIt()
{
    create(m_id, R"({"a": 1})");
    const Reply taken = m_http->send("DELETE", "/api/games/" + m_id, {}, {{"Prefer", "return=representation"}});
    QCOMPARE(taken.status, 200);
    QCOMPARE(taken.body, QByteArray(R"({"a":1,"version":1})"));
    QCOMPARE(taken.header("ETag"), QByteArray("\"2\""));
    QCOMPARE(taken.header("Preference-Applied"), QByteArray("return=representation"));
    QCOMPARE(m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})").status, 201);
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id).status, 204);
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id, {}, {{"Prefer", "return=representation"}}).status, 404);
}

void RoutesTest::documentOfAnotherCollectionIsNotThere()
{
    create(m_id, "{}");
    QCOMPARE(m_http->get("/api/others/" + m_id).status, 404);
    QCOMPARE(m_http->send("DELETE", "/api/others/" + m_id).status, 404);
    QCOMPARE(m_http->send("PATCH", "/api/others/" + m_id, "{}", kMergePatch).status, 404);
    QCOMPARE(m_http->get("/api/games/" + m_id).status, 200);
}

void RoutesTest::staleIfMatchIsRefusedAndChangesNothing()
{
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    for (const QByteArray &method : {QByteArray("PUT"), QByteArray("PATCH"), QByteArray("DELETE")}) {
        const Headers headers{{"If-Match", "\"1\""}, {"Content-Type", method == "PATCH" ? "application/merge-patch+json" : "application/json"}};
        const Reply stale = m_http->send(method, "/api/games/" + m_id, R"({"a": 9})", headers);
        QCOMPARE(stale.status, 412);
        QCOMPARE(stale.member("/code"), std::string(R"("VersionConflict")"));
    }
    QCOMPARE(m_http->get("/api/games/" + m_id).body, QByteArray(R"({"a":2,"version":2})"));
    QCOMPARE(m_http->send("PUT", "/api/games/" + m_id, R"({"a": 3})", {{"If-Match", "\"1\", \"2\""}}).status, 200);
    QCOMPARE(m_http->send("PUT", "/api/games/" + m_id, R"({"a": 4})", {{"If-Match", "*"}}).status, 200);
    QCOMPARE(m_http->send("PUT", "/api/games/none", R"({"a": 4})", {{"If-Match", "*"}}).status, 412);
}

void RoutesTest::ifNoneMatchSavesTheBody()
{
    create(m_id, "{}");
    const Reply unchanged = m_http->get("/api/games/" + m_id, {{"If-None-Match", "\"1\""}});
    QCOMPARE(unchanged.status, 304);
    QVERIFY(unchanged.body.isEmpty());
    QCOMPARE(unchanged.header("Cache-Control"), QByteArray("no-cache"));
    QCOMPARE(m_http->get("/api/games/" + m_id, {{"If-None-Match", "\"0\""}}).status, 200);
    QCOMPARE(m_http->get("/api/games/" + m_id, {{"If-Match", "\"1\""}}).status, 200);
    const Reply stale = m_http->get("/api/games/" + m_id, {{"If-Match", "\"0\""}});
    QCOMPARE(stale.status, 412);
    QCOMPARE(stale.member("/code"), std::string(R"("VersionConflict")"));
}

void RoutesTest::putIfNoneMatchStarCreatesOnlyOnce()
{
    QCOMPARE(m_http->send("PUT", "/api/games/" + m_id, "{}", {{"If-None-Match", "*"}}).status, 201);
    QCOMPARE(m_http->send("PUT", "/api/games/" + m_id, R"({"b": 1})", {{"If-None-Match", "*"}}).status, 412);
}

void RoutesTest::editThatChangesNothingKeepsTheVersion()
{
    create(m_id, R"({"a": 1})");
    const Reply same = m_http->send("PUT", "/api/games/" + m_id, R"({"a": 1.0})");
    QCOMPARE(same.status, 200);
    QCOMPARE(same.header("ETag"), QByteArray("\"1\"")); // G7
    QCOMPARE(m_http->get("/api/events/" + m_id).json().as_array().size(), std::size_t(1));
}

void RoutesTest::engineFieldsAreAddedAndIgnored()
{
    create(m_id, R"({"a": 1, "version": 77})");
    QCOMPARE(m_http->get("/api/games/" + m_id).body, QByteArray(R"({"a":1,"version":1})"));
    const Reply refused = m_http->send("PATCH", "/api/games/" + m_id, R"([{"op": "add", "path": "/version", "value": 5}])", kJsonPatch);
    QCOMPARE(refused.status, 422);
    QCOMPARE(refused.member("/code"), std::string(R"("Invalid")"));
}

void RoutesTest::policyRefusesANegativeCounter()
{
    create(m_id, R"({"gold": 5})");
    const Reply refused = m_http->send("PATCH", "/api/games/" + m_id, R"({"gold": -1})", kMergePatch);
    QCOMPARE(refused.status, 422);
    QCOMPARE(refused.member("/code"), std::string(R"("Invalid")"));
    QCOMPARE(refused.member("/pointer"), std::string(R"("/gold")"));
    QCOMPARE(refused.header("Content-Type"), QByteArray("application/problem+json"));
    const Reply schema = create(m_id + "a", "{}", "accounts");
    QCOMPARE(schema.member("/code"), std::string(R"("Invalid")"));
    QCOMPARE(create(m_id + "b", R"({"owner": "Ann"})", "accounts").status, 201);
}

void RoutesTest::pastVersionsAreRead()
{
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 3})");
    const Reply past = m_http->get("/api/games/" + m_id + "?at=2");
    QCOMPARE(past.body, QByteArray(R"({"a":2,"version":2})"));
    QCOMPARE(past.header("ETag"), QByteArray("\"2\""));
    QCOMPARE(m_http->get("/api/games/" + m_id + "?at=0").status, 404); // before its create
    QCOMPARE(m_http->get("/api/games/" + m_id + "?at=4").status, 404);
}

void RoutesTest::listFiltersSortsAndReducesFields()
{
    const QByteArray collection = "list-" + QByteArray::number(m_count);
    create(m_id + "a", R"({"gold": 1, "name": "A"})", collection);
    create(m_id + "b", R"({"gold": 3, "name": "B"})", collection);
    create(m_id + "c", R"({"gold": 2, "name": "C"})", collection);
    create(m_id + "d", R"({"gold": 9, "name": "D"})", collection);
    m_http->send("DELETE", "/api/" + collection + "/" + m_id + "d");
    const QByteArray filter = QUrl::toPercentEncoding(QStringLiteral(R"({"all":[{"path":"/gold","op":"ge","value":2}]})"));
    const Reply list = m_http->get("/api/" + collection + "?sort=-/gold&fields=/name&filter=" + filter);
    QCOMPARE(list.status, 200);
    QCOMPARE(list.body, R"({"items":[{"id":")" + m_id + R"(b","state":{"name":"B"},"version":1},{"id":")" + m_id
                            + R"(c","state":{"name":"C"},"version":1}]})");
    QCOMPARE(m_http->get("/api/nothing-here").body, QByteArray(R"({"items":[]})"));
}

void RoutesTest::listGoesPageByPage()
{
    const QByteArray collection = "pages-" + QByteArray::number(m_count);
    for (int i = 0; i < 5; ++i)
        create(m_id + QByteArray::number(i), R"({"n": )" + QByteArray::number(4 - i) + "}", collection);
    for (const char *sort : {"", "&sort=/n", "&sort=-/n"}) {
        QList<QByteArray> seen;
        QByteArray token;
        for (int page = 0; page < 9; ++page) {
            const Reply list = m_http->get("/api/" + collection + "?limit=2" + sort + (token.isEmpty() ? "" : "&pageToken=" + token));
            QCOMPARE(list.status, 200);
            const json::Value value = list.json();
            for (const json::Value &item : value.at("items").as_array())
                seen.append(QByteArray::fromStdString(std::string(item.at("id").as_string())));
            const json::Value *next = value.as_object().if_contains("nextPageToken");
            if (!next)
                break;
            token = QByteArray::fromStdString(std::string(next->as_string()));
        }
        QCOMPARE(seen.size(), 5);
        QCOMPARE(QSet<QByteArray>(seen.begin(), seen.end()).size(), 5);
    }
}

void RoutesTest::aPageTokenOfLongTextsFitsTheNextRequest()
{
    const QByteArray collection = "long-" + QByteArray::number(m_count);
    for (int i = 0; i < 3; ++i)
        create(m_id + QByteArray::number(i), R"({"text":")" + QByteArray(20'000, 'x') + QByteArray::number(i) + R"("})", collection);
    QByteArray token;
    for (int page = 0; page < 3; ++page) {
        const Reply list = m_http->get("/api/" + collection + "?limit=1&fields=/none&sort=/text" + (page == 0 ? "" : "&pageToken=" + token));
        QCOMPARE(list.status, 200);
        QCOMPARE(list.member("/items/0/id"), '"' + (m_id + QByteArray::number(page)).toStdString() + '"');
        const json::Value value = list.json();
        const json::Value *next = value.as_object().if_contains("nextPageToken");
        QCOMPARE(next != nullptr, page < 2);
        token = next ? QByteArray::fromStdString(std::string(next->as_string())) : QByteArray();
    }
}

void RoutesTest::aListEndsItsPageAtItsBytes()
{
    const QByteArray collection = "large-" + QByteArray::number(m_count);
    for (int i = 0; i < 6; ++i)
        create(m_id + QByteArray::number(i), R"({"text":")" + QByteArray(900'000, 'x') + R"("})", collection);
    const Reply first = m_http->get("/api/" + collection);
    QVERIFY(first.body.size() < qsizetype(limits::kAnswerBytes) + 1'000);
    const json::Value value = first.json();
    QCOMPARE(value.at("items").as_array().size(), std::size_t(4));
    const auto token = QByteArray::fromStdString(std::string(value.at("nextPageToken").as_string()));
    QCOMPARE(m_http->get("/api/" + collection + "?pageToken=" + token).json().at("items").as_array().size(), std::size_t(2));
}

void RoutesTest::largeAnswersAreCompressedToo()
{
    for (const int bytes : {10'000, 100'000, 900'000}) { // the last one is not compressed on the I/O thread
        const QByteArray id = m_id + QByteArray::number(bytes);
        create(id, R"({"text":")" + QByteArray(bytes, 'x') + R"("})");
        const QByteArray plain = m_http->get("/api/games/" + id, {{"Accept-Encoding", "identity"}}).body;
        QVERIFY(plain.size() > bytes);
        const Reply compressed = m_http->get("/api/games/" + id, {{"Accept-Encoding", "gzip"}});
        QCOMPARE(compressed.header("Content-Encoding"), QByteArray("gzip"));
        QVERIFY(compressed.header("ETag").startsWith("W/"));
        QVERIFY(compressed.body.size() < plain.size() / 10);
        const Reply events = m_http->get("/api/events/" + id, {{"Accept-Encoding", "gzip"}});
        QCOMPARE(events.header("Content-Encoding"), QByteArray("gzip"));
        QVERIFY(events.body.size() < plain.size() / 10);
        QCOMPARE(m_http->get("/api/games/" + id).body, plain); // Qt asks for it compressed, and reads it
    }
}

void RoutesTest::aLargeExchangeIsRead()
{
    create(m_id, R"({"gold": 10})");
    const std::string patch = R"([{"op":"add","path":"/text","value":")" + std::string(200'000, 'x') + R"("}])";
    const QByteArray body = bytes(R"({"clientId":"ann","afterSeq":0,"push":[)" + pushed(m_id, "ann", 1, 1, "update", patch.c_str(), m_count) + "]}");
    QCOMPARE(m_http->send("POST", "/api/sync/" + m_id, body).member("/ack/0/status"), std::string(R"("applied")"));
    QCOMPARE(m_http->send("POST", "/api/sync/" + m_id, body.chopped(1)).status, 400);
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/text").size(), std::size_t(200'002));
}

void RoutesTest::aLongListIsEmptiedByOnePut()
{
    QByteArray list = "[0";
    for (int i = 1; i < 30'000; ++i)
        list += ',' + QByteArray::number(i);
    create(m_id, R"({"name":"x","list":)" + list + "]}");
    const Reply emptied = m_http->send("PUT", "/api/games/" + m_id, R"({"name":"x","list":[]})");
    QCOMPARE(emptied.status, 200);
    QCOMPARE(m_http->get("/api/events/" + m_id + "?after=1").member("/0/diff/patch"), std::string(R"([{"op":"replace","path":"/list","value":[]}])"));
}

void RoutesTest::clocksBesideEventsCountInTheAnswer()
{
    create(m_id, R"({"n": 0})");
    for (int i = 1; i <= 400; ++i) { // a clock takes up to 32 KB, all of them 6 MB
        const QByteArray client = QByteArray(60, 'c') + QByteArray::number(100 + i).right(4);
        m_http->send("PUT", "/api/games/" + m_id, R"({"n": )" + QByteArray::number(i) + '}', {{"X-Client-Id", client}});
    }
    int events = 0;
    for (int requests = 0; requests < 10 && events < 401; ++requests) {
        const Reply some = m_http->get("/api/events/" + m_id + "?clock=1&after=" + QByteArray::number(events));
        QCOMPARE(some.status, 200);
        QVERIFY(some.body.size() < qsizetype(limits::kAnswerBytes) + 100'000);
        events += static_cast<int>(some.body.count("\"vectorClock\":")); // too long for the reader of a document
        QVERIFY(requests > 0 || events < 401);
    }
    QCOMPARE(events, 401);
}

void RoutesTest::eventsComeAsAListAfterAPosition()
{
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    const Reply all = m_http->get("/api/events/" + m_id);
    QCOMPARE(all.json().as_array().size(), std::size_t(2));
    QCOMPARE(all.member("/0/operation"), std::string(R"("create")"));
    const Reply rest = m_http->get("/api/events/" + m_id + "?after=1");
    QCOMPARE(rest.json().as_array().size(), std::size_t(1));
    QCOMPARE(rest.member("/0/serverSeq"), std::string("2"));
    for (const char *end : {"2", "3", "100"}) {
        const Reply nothing = m_http->get("/api/events/" + m_id + "?after=" + end);
        QCOMPARE(nothing.status, 200);
        QVERIFY(nothing.json().as_array().empty());
    }
    QCOMPARE(m_http->get("/api/events/" + m_id + "?limit=1").json().as_array().size(), std::size_t(1));
    QCOMPARE(m_http->get("/api/events/never-was").status, 404);
}

void RoutesTest::eventsComeWithTheirClocks()
{
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 3})");
    const Reply rest = m_http->get("/api/events/" + m_id + "?after=1&clock=1");
    QCOMPARE(rest.json().as_array().size(), std::size_t(2));
    QCOMPARE(rest.member("/0/event/serverSeq"), std::string("2"));
    QCOMPARE(rest.member("/0/vectorClock"), std::string(R"({"rest:server":2})"));
    QCOMPARE(rest.member("/1/vectorClock"), std::string(R"({"rest:server":3})"));
    const Reply logged = m_http->get("/api/events/" + m_id + "?clock=0");
    QCOMPARE(logged.member("/0/serverSeq"), std::string("1"));
    QCOMPARE(logged.member("/0/vectorClock"), std::string());
    const Reply plain = m_http->get("/api/events/" + m_id + "?after=1"); // as its field, unless asked otherwise
    QCOMPARE(plain.member("/0/serverSeq"), std::string("2"));
    QCOMPARE(plain.member("/0/vectorClock"), std::string(R"({"rest:server":2})"));
    QCOMPARE(plain.member("/1/vectorClock"), std::string(R"({"rest:server":3})"));
    QCOMPARE(plain.body.toStdString(), json::canonical(plain.json()));
    QCOMPARE(m_http->get("/api/events/" + m_id + "?clock=2").status, 400);

    const auto stream = m_http->stream("/api/events/" + m_id + "?after=1&clock=1", {{"Accept", "text/event-stream"}});
    QByteArray received;
    QTRY_VERIFY_WITH_TIMEOUT((received += stream->readAll()).contains(R"("vectorClock":{"rest:server":3})"), 30'000);
    QVERIFY(received.contains(R"("vectorClock":{"rest:server":2})"));
}

void RoutesTest::eventsComeLive()
{
    create(m_id, R"({"a": 1})");
    const auto stream = m_http->stream("/api/events/" + m_id, {{"Accept", "text/event-stream"}});
    QByteArray received;
    QTRY_VERIFY((received += stream->readAll()).contains("\"serverSeq\":1"));
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    QTRY_VERIFY((received += stream->readAll()).contains("\"serverSeq\":2"));
    QVERIFY(received.contains("event: events\n"));
    QVERIFY(!received.contains("welcome") && !received.contains("synced"));
    QCOMPARE(stream->rawHeader("Content-Type"), QByteArray("text/event-stream"));
}

void RoutesTest::liveEventsResumeFromTheLastEventId()
{
    create(m_id, R"({"a": 1})");
    QByteArray token, received;
    {
        const auto stream = m_http->stream("/api/events/" + m_id, {{"Accept", "text/event-stream"}});
        QTRY_VERIFY((received += stream->readAll()).contains("\"serverSeq\":1"));
        m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
        QTRY_VERIFY((received += stream->readAll()).contains("\"serverSeq\":2"));
        const auto at = received.lastIndexOf("id: ");
        QVERIFY(at >= 0);
        token = received.mid(at + 4, received.indexOf('\n', at) - at - 4);
    }
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 3})");
    const auto stream = m_http->stream("/api/events/" + m_id, {{"Accept", "text/event-stream"}, {"Last-Event-ID", token}});
    received.clear();
    QTRY_VERIFY((received += stream->readAll()).contains("\"serverSeq\":3"));
    QVERIFY(!received.contains("\"serverSeq\":2"));
}

void RoutesTest::eventsThatCatchUpHaveIds()
{
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    QByteArray token;
    for (const char *expected : {"\"serverSeq\":2,", "\"serverSeq\":3,"}) {
        Headers headers{{"Accept", "text/event-stream"}};
        if (!token.isEmpty())
            headers.push_back({"Last-Event-ID", token});
        const auto stream = m_http->stream("/api/events/" + m_id, headers);
        QByteArray received;
        QTRY_VERIFY((received += stream->readAll()).contains(expected));
        const auto at = received.indexOf("id: "); // with the first message, while there is more to come
        QVERIFY(at >= 0);
        QCOMPARE(received.count("event: events"), 1);
        token = received.mid(at + 4, received.indexOf('\n', at) - at - 4);
        m_http->send("PUT", "/api/games/" + m_id, R"({"a": 3})");
    }
}

void RoutesTest::aLastEventIdOfAnotherHistoryIsToldDiverged_data()
{
    QTest::addColumn<int>("serverSeq");
    QTest::newRow("at an event that is another one here") << 2;
    QTest::newRow("beyond the end of the log") << 9;
}

void RoutesTest::aLastEventIdOfAnotherHistoryIsToldDiverged()
{
    QFETCH(int, serverSeq);
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    const QByteArray token = resumeToken(m_id, serverSeq);
    const auto stream = m_http->stream("/api/events/" + m_id, {{"Accept", "text/event-stream"}, {"Last-Event-ID", token}});
    QByteArray received;
    QTRY_VERIFY((received += stream->readAll()).contains("\"serverSeq\":2,"));
    QVERIFY(received.contains(R"("commonSeq":0)"));
    QVERIFY(received.indexOf("event: diverged") < received.indexOf("event: events"));
    QVERIFY(received.contains("\"serverSeq\":1,")); // from the beginning
}

void RoutesTest::aLastEventIdThatCannotBeFollowedIsAnError()
{
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    const auto open = [&](const QByteArray &token) {
        return m_http->send("GET", "/api/events/" + m_id, {}, {{"Accept", "text/event-stream"}, {"Last-Event-ID", token}});
    };
    QCOMPARE(open(resumeToken("another", 1)).status, 400);
    QCOMPARE(open("garbage").status, 400);
}

void RoutesTest::snapshotsAreMadeAndRead()
{
    create(m_id, R"({"a": 1})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    const Reply made = m_http->send("POST", "/api/snapshots/" + m_id);
    QCOMPARE(made.status, 201);
    QCOMPARE(made.member("/serverSeq"), std::string("2"));
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 3})");
    const Reply latest = m_http->get("/api/snapshots/" + m_id);
    QCOMPARE(latest.member("/serverSeq"), std::string("2"));
    QCOMPARE(latest.member("/state"), std::string(R"({"a":2})"));
    QCOMPARE(latest.member("/chain"), made.member("/chain"));
    const Reply past = m_http->get("/api/snapshots/" + m_id + "?at=1");
    QCOMPARE(past.member("/state"), std::string(R"({"a":1})"));
    QCOMPARE(m_http->get("/api/snapshots/" + m_id + "?at=9").status, 404);
    QCOMPARE(m_http->send("POST", "/api/snapshots/never-was").status, 404);
}

void RoutesTest::aNullDocumentIsNotADeletedOne()
{
    create(m_id, "null");
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id).status, 204);
    const Reply null = m_http->get("/api/snapshots/" + m_id + "?at=1");
    QCOMPARE(null.member("/state"), std::string("null"));
    QVERIFY(!null.json().as_object().contains("deleted"));
    const Reply deleted = m_http->send("POST", "/api/snapshots/" + m_id);
    QCOMPARE(deleted.member("/deleted"), std::string("true"));
    QVERIFY(!deleted.json().as_object().contains("state"));
}

void RoutesTest::stateVectorsTellWhoHasWhat()
{
    create(m_id, "{}");
    const Reply vectors = m_http->get("/api/state-vectors/" + m_id);
    QCOMPARE(vectors.status, 200);
    QCOMPARE(vectors.member("/documentId"), '"' + m_id.toStdString() + '"');
    QCOMPARE(vectors.member("/stateVectors"), std::string("[]"));
    QCOMPARE(m_http->get("/api/state-vectors/never-was").status, 404);
}

void RoutesTest::exchangePullsAndPushes()
{
    create(m_id, R"({"gold": 10})");
    const Reply pulled = m_http->send("POST", "/api/sync/" + m_id, R"({"clientId": "ann", "afterSeq": 0})");
    QCOMPARE(pulled.status, 200);
    QCOMPARE(pulled.member("/serverSeq"), std::string("1"));
    QCOMPARE(pulled.member("/clientSeq"), std::string("0"));
    QCOMPARE(pulled.json().at("events").as_array().size(), std::size_t(1));
    const std::string event = pushed(m_id, "ann", 1, 1, "update", R"([{"op":"inc","path":"/gold","value":5}])", m_count);
    const Reply pushedReply = m_http->send("POST", "/api/sync/" + m_id,
                                           bytes(R"({"clientId":"ann","afterSeq":1,"chain":)" + pulled.member("/chain")
                                                 + R"(,"push":[)" + event + "]}"));
    QCOMPARE(pushedReply.status, 200);
    QCOMPARE(pushedReply.member("/ack/0/status"), std::string(R"("applied")"));
    QCOMPARE(pushedReply.member("/serverSeq"), std::string("2"));
    QCOMPARE(pushedReply.member("/clientSeq"), std::string("1"));
    QCOMPARE(pushedReply.member("/events/0/serverSeq"), std::string("2"));
    QCOMPARE(pushedReply.member("/vectorClock/ann"), std::string("1"));
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/gold"), std::string("15"));
    const Reply byClock = m_http->send("POST", "/api/sync/" + m_id, R"({"clientId": "bob", "vectorClock": {"rest:server": 1}})");
    QCOMPARE(byClock.json().at("events").as_array().size(), std::size_t(1)); // G11
    QCOMPARE(byClock.member("/events/0/serverSeq"), std::string("2"));
}

void RoutesTest::exchangeNeedsNoClientToRead()
{
    create(m_id, R"({"gold": 10})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 11})");
    for (const char *body : {R"({"vectorClock": {"rest:server": 1}})", R"({"afterSeq": 0, "checkpoints": []})", "{}"}) {
        const Reply pulled = m_http->send("POST", "/api/sync/" + m_id, body);
        QCOMPARE(pulled.status, 200);
        QCOMPARE(pulled.json().at("events").as_array().size(), std::size_t(QByteArray(body).contains("rest") ? 1 : 2));
        QCOMPARE(pulled.member("/vectorClock"), std::string(R"({"rest:server":2})"));
    }
    QCOMPARE(m_http->get("/api/state-vectors/" + m_id).member("/stateVectors"), std::string("[]"));
}

void RoutesTest::exchangeRefusesThePositionsThatASubscribeRefuses_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<std::string>("pointer");

    const QByteArray id = "00000000-0000-7000-8000-000000000000", chain(64, '0');
    QTest::newRow("a pending id that is none") << bytes(R"({"pending": [["x", "x"]]})") << std::string(R"("/pending/0")");
    QTest::newRow("a pending id and a number") << "{\"pending\": [[\"" + id + "\", \"" + id + "\"], 0]}" << std::string(R"("/pending/1")");
    QTest::newRow("a checkpoint without its chain") << bytes(R"({"checkpoints": [[1]]})") << std::string(R"("/checkpoints/0")");
    QTest::newRow("a position without its chain") << bytes(R"({"afterSeq": 1})") << std::string(R"("/chain")");
    QTest::newRow("two positions") << "{\"afterSeq\": 1, \"vectorClock\": {}, \"chain\": \"" + chain + "\"}" << std::string(R"("/vectorClock")");
}

void RoutesTest::exchangeRefusesThePositionsThatASubscribeRefuses()
{
    QFETCH(QByteArray, body);
    QFETCH(std::string, pointer);

    create(m_id, R"({"gold": 10})");
    const Reply reply = m_http->send("POST", "/api/sync/" + m_id, body);
    QCOMPARE(reply.status, 400);
    QCOMPARE(reply.member("/pointer"), pointer);
}

void RoutesTest::exchangeKeepsWhatTheClientHas()
{
    create(m_id, R"({"gold": 10})");
    const QByteArray path = "/api/sync/" + m_id, vectors = "/api/state-vectors/" + m_id;
    QCOMPARE(m_http->send("POST", path, R"({"clientId": "ann", "vectorClock": {}})").status, 200);
    QCOMPARE(m_http->get(vectors).member("/stateVectors/0/serverSeq"), std::string("0"));
    m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 11})");
    QCOMPARE(m_http->send("POST", path, R"({"clientId": "ann", "vectorClock": {"rest:server": 1}})").status, 200);
    QCOMPARE(m_http->get(vectors).member("/stateVectors/0/serverSeq"), std::string("1"));
    QCOMPARE(m_http->send("POST", path, R"({"clientId": "ann", "vectorClock": {"rest:server": 2}})").status, 200);
    const Reply known = m_http->get(vectors);
    QCOMPARE(known.member("/stateVectors/0/clientId"), std::string(R"("ann")"));
    QCOMPARE(known.member("/stateVectors/0/serverSeq"), std::string("2"));
    QCOMPARE(known.member("/stateVectors/0/vectorClock"), std::string(R"({"rest:server":2})"));
}

void RoutesTest::exchangeAnswersARepetitionAsDuplicate()
{
    create(m_id, R"({"gold": 10})");
    const std::string event = pushed(m_id, "ann", 1, 1, "update", R"([{"op":"inc","path":"/gold","value":5}])", m_count);
    const QByteArray body = bytes(R"({"clientId":"ann","afterSeq":0,"push":[)" + event + "]}");
    QCOMPARE(m_http->send("POST", "/api/sync/" + m_id, body).member("/ack/0/status"), std::string(R"("applied")"));
    const Reply again = m_http->send("POST", "/api/sync/" + m_id, body);
    QCOMPARE(again.member("/ack/0/status"), std::string(R"("duplicate")"));
    QCOMPARE(again.member("/ack/0/serverSeq"), std::string("2"));
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/gold"), std::string("15")); // G3
}

void RoutesTest::exchangeTellsWhatAConflictIsAbout()
{
    create(m_id, R"({"name": "Zoe"})");
    m_http->send("PUT", "/api/games/" + m_id, R"({"name": "Ann"})");
    const std::string event = pushed(m_id, "ann", 1, 1, "update", R"([{"op":"replace","path":"/name","value":"Bob"}])", m_count);
    const Reply reply = m_http->send("POST", "/api/sync/" + m_id, bytes(R"({"clientId":"ann","afterSeq":0,"push":[)" + event + "]}"));
    QCOMPARE(reply.member("/ack/0/status"), std::string(R"("conflict")"));
    QCOMPARE(reply.member("/ack/0/head"), std::string("2"));
    QCOMPARE(reply.json().at("events").as_array().size(), std::size_t(2));
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/name"), std::string(R"("Ann")"));
}

void RoutesTest::exchangeTellsOfADivergedHistory()
{
    create(m_id, "{}");
    const std::string foreign(64, 'a');
    const Reply reply = m_http->send("POST", "/api/sync/" + m_id,
                                     bytes(R"({"clientId":"ann","afterSeq":1,"chain":")" + foreign + R"("})"));
    QCOMPARE(reply.status, 200);
    QCOMPARE(reply.member("/diverged/commonSeq"), std::string("0"));
    QCOMPARE(reply.member("/diverged/serverSeq"), std::string("1"));
}

void RoutesTest::idempotencyKeyRepeatsTheFirstAnswer()
{
    create(m_id, R"({"gold": 0})");
    const Headers headers{{"Content-Type", "application/json-patch+json"}, {"Idempotency-Key", "key-" + m_id}};
    const QByteArray patch = R"([{"op": "inc", "path": "/gold", "value": 5}])";
    const Reply first = m_http->send("PATCH", "/api/games/" + m_id, patch, headers);
    QCOMPARE(first.status, 200);
    m_http->send("PATCH", "/api/games/" + m_id, patch, kJsonPatch);
    const Reply second = m_http->send("PATCH", "/api/games/" + m_id, patch, headers);
    QCOMPARE(second.status, 200);
    QCOMPARE(second.body, first.body);
    QCOMPARE(second.header("ETag"), first.header("ETag"));
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/gold"), std::string("10")); // applied once
}

// What was refused because of what others had written is validated again; what would be refused whatever they write is not.
void RoutesTest::idempotencyKeyKeepsFinalRefusalsOnly()
{
    const Headers absent{{"Idempotency-Key", "absent-" + m_id}};
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id, {}, absent).status, 404);
    create(m_id, R"({"gold": 0})");
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id, {}, absent).status, 204);
    QCOMPARE(m_http->send("DELETE", "/api/games/" + m_id, {}, absent).status, 204); // done, and so it is said
    m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 0})");
    const Headers poor{{"Content-Type", "application/json-patch+json"}, {"Idempotency-Key", "poor-" + m_id}};
    const QByteArray pay = R"([{"op": "inc", "path": "/gold", "value": -5}])";
    const Reply first = m_http->send("PATCH", "/api/games/" + m_id, pay, poor);
    QCOMPARE(first.status, 422);
    m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 100})");
    const Reply second = m_http->send("PATCH", "/api/games/" + m_id, pay, poor);
    QCOMPARE(second.status, 422);
    QCOMPARE(second.body, first.body);
}

void RoutesTest::idempotencyKeyIsRecognisedBeforeConditions_data()
{
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QByteArray>("condition");
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<int>("status");
    QTest::newRow("If-Match") << QByteArray("PUT") << QByteArray("If-Match") << QByteArray("\"1\"") << 200;
    QTest::newRow("a create") << QByteArray("POST") << QByteArray("If-None-Match") << QByteArray("*") << 201;
    QTest::newRow("a delete") << QByteArray("DELETE") << QByteArray("If-Match") << QByteArray("\"1\"") << 204;
}

// The key is as a crash between the commit and the answer leaves it: reserved, with the write in the log.
void RoutesTest::idempotencyKeyIsRecognisedBeforeConditions()
{
    QFETCH(QByteArray, method);
    QFETCH(QByteArray, condition);
    QFETCH(QByteArray, value);
    QFETCH(int, status);
    const bool creates = method == "POST";
    if (!creates)
        create(m_id, R"({"gold": 1})");
    const Headers headers{{"Idempotency-Key", "cut-" + method + m_id}, {condition, value}};
    const QByteArray target = creates ? "/api/games?id=" + m_id : "/api/games/" + m_id;
    const QByteArray body = method == "DELETE" ? QByteArray() : QByteArray(R"({"gold": 2})");
    const Reply first = m_http->send(method, target, body, headers);
    QCOMPARE(first.status, status);
    m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 3})"); // the condition does not hold any more
    const Reply second = m_http->send(method, target, body, headers);
    QCOMPARE(second.status, status);
    QCOMPARE(second.body, first.body);
    QCOMPARE(second.header("ETag"), first.header("ETag"));
    QCOMPARE(second.header("Location"), first.header("Location"));
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/gold"), std::string("3"));
}

void RoutesTest::aWriteThatChangedNothingIsKeptToo()
{
    create(m_id, R"({"gold": 1})");
    const Headers headers{{"Idempotency-Key", "nothing-" + m_id}};
    const Reply first = m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 1})", headers);
    QCOMPARE(first.status, 200);
    m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 2})");
    const Reply second = m_http->send("PUT", "/api/games/" + m_id, R"({"gold": 1})", headers);
    QCOMPARE(second.body, first.body);
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/gold"), std::string("2")); // not written again
}

void RoutesTest::idempotencyKeyOfAnotherRequestIsRefused()
{
    const Headers headers{{"Idempotency-Key", "shared-" + m_id}};
    QCOMPARE(m_http->send("PUT", "/api/games/" + m_id, "{}", headers).status, 201);
    const Reply other = m_http->send("PUT", "/api/games/" + m_id, R"({"a": 1})", headers);
    QCOMPARE(other.status, 422);
}

void RoutesTest::headersThatNameNothingAreRefused_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("value");

    QTest::newRow("no key") << QByteArray("Idempotency-Key") << QByteArray("");
    QTest::newRow("a long key") << QByteArray("Idempotency-Key") << QByteArray(256, 'k');
    QTest::newRow("a key of two words") << QByteArray("Idempotency-Key") << QByteArray("my key");
    QTest::newRow("no client") << QByteArray("X-Client-Id") << QByteArray("");
    QTest::newRow("a client that is none") << QByteArray("X-Client-Id") << QByteArray("my client");
}

void RoutesTest::headersThatNameNothingAreRefused()
{
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, value);

    QCOMPARE(m_http->send("PUT", "/api/games/" + m_id, "{}", {{name, value}}).status, 400);
    QCOMPARE(m_http->get("/api/games/" + m_id).status, 404);
}

void RoutesTest::requestsOfOneKeyAtATimeWriteOnce()
{
    create(m_id, R"({"gold": 0})");
    std::vector<std::unique_ptr<QNetworkReply>> sent;
    for (int i = 0; i < 20; ++i) {
        sent.push_back(m_http->begin("PATCH", "/api/games/" + m_id, R"([{"op":"inc","path":"/gold","value":1}])",
                                     {{"Content-Type", "application/json-patch+json"}, {"Idempotency-Key", "many-" + m_id}}));
    }
    int written = 0;
    for (const auto &reply : sent) {
        const Reply answer = HttpClient::answer(*reply);
        if (answer.status == 409)
            QVERIFY(!answer.header("Retry-After").isEmpty());
        else
            QCOMPARE(answer.status, 200);
        written += answer.status == 200;
    }
    QVERIFY(written > 0);
    QCOMPARE(m_http->get("/api/games/" + m_id).member("/gold"), std::string("1"));
}

void RoutesTest::writesAreNumberedUnderTheirClient()
{
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 1})", {{"X-Client-Id", "import-job"}});
    m_http->send("PUT", "/api/games/" + m_id, R"({"a": 2})");
    const Reply events = m_http->get("/api/events/" + m_id);
    QCOMPARE(events.member("/0/clientId"), std::string(R"("rest:import-job")"));
    QCOMPARE(events.member("/1/clientId"), std::string(R"("rest:server")"));
    QCOMPARE(events.member("/1/clientSeq"), std::string("1"));
}

void RoutesTest::statusRoutesAnswer()
{
    QCOMPARE(m_http->get("/healthz").body, QByteArray("ok\n"));
    QCOMPARE(m_http->get("/readyz").body, QByteArray("ready\n"));
    const Reply metrics = m_http->get("/metrics");
    QVERIFY(metrics.header("Content-Type").startsWith("text/plain; version=0.0.4"));
    for (const char *name : {"eventsync_connections ", "eventsync_http_requests ", "eventsync_connections_total ", "eventsync_sockets "})
        QVERIFY2(metrics.body.contains(name), name);
    QCOMPARE(m_http->send("POST", "/healthz").status, 405);
    QCOMPARE(m_http->get("/nowhere").status, 404);
    const QByteArray counted = m_http->get("/metrics").body;
    QVERIFY2(counted.contains("eventsync_http_problems_total{code=\"NotFound\"} "), counted.constData());
}

void RoutesTest::thePageIsServedWithAStrictPolicy()
{
    const Reply page = m_http->get("/");
    QCOMPARE(page.status, 200);
    QCOMPARE(page.header("Content-Type"), QByteArray("text/html; charset=utf-8"));
    QVERIFY(page.body.contains("/web/app.mjs"));
    const QByteArray policy = page.header("Content-Security-Policy");
    QVERIFY2(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"), policy.constData());
    QVERIFY2(!policy.contains("unsafe"), policy.constData());
    QCOMPARE(page.header("X-Content-Type-Options"), QByteArray("nosniff"));
    QCOMPARE(page.header("Cache-Control"), QByteArray("no-cache"));

    for (const char *inlined : {"<script>", "<style", "style=", "onclick", "javascript:"})
        QVERIFY2(!page.body.contains(inlined), inlined);
    const QByteArray tag = page.header("ETag");
    QVERIFY(tag.startsWith('"') && tag.size() > 20);
    QCOMPARE(m_http->send("GET", "/", {}, {{"If-None-Match", "W/" + tag}}).status, 304);
    QCOMPARE(m_http->send("GET", "/", {}, {{"If-None-Match", "\"of another version\""}}).status, 200);
}

void RoutesTest::theFilesOfThePageHaveTheirTypes()
{
    const std::vector<std::pair<const char *, const char *>> files = {
        {"/web/app.mjs", "text/javascript; charset=utf-8"},
        {"/web/client/eventsync.mjs", "text/javascript; charset=utf-8"},
        {"/web/style.css", "text/css; charset=utf-8"},
        {"/web/icon.svg", "image/svg+xml"},
        {"/web/manifest.webmanifest", "application/manifest+json"}};
    for (const auto &[path, type] : files) {
        const Reply file = m_http->get(path);
        QVERIFY2(file.status == 200 && !file.body.isEmpty(), path);
        QCOMPARE(file.header("Content-Type"), QByteArray(type));
        QVERIFY2(file.header("Content-Security-Policy").startsWith("default-src 'none'"), path);
    }
    QCOMPARE(m_http->get("/web/serviceworker.mjs").header("Service-Worker-Allowed"), QByteArray("/"));
    QVERIFY(m_http->get("/web/app.mjs").header("Service-Worker-Allowed").isEmpty());
    for (const char *path : {"/web/none.mjs", "/web/client/none.mjs", "/web/%2e%2e%2fweb%2fapp.mjs", "/web/client"})
        QVERIFY2(m_http->get(path).status == 404, path);
}

// What the descriptions of the routes promise is tried against a server by ./dev contract.
void RoutesTest::everyRouteIsDescribedInOpenApi()
{
    const Reply reply = m_http->get("/api/openapi.json");
    QCOMPARE(reply.status, 200);
    QCOMPARE(reply.header("Content-Type"), QByteArray("application/json"));
    const json::Value description = boost::json::parse(reply.body.toStdString());
    std::vector<std::string> described;
    for (const auto &[path, methods] : description.at("paths").as_object()) {
        for (const auto &[method, operation] : methods.as_object())
            described.push_back(QByteArray(std::string(method).c_str()).toUpper().toStdString() + ' ' + std::string(path));
    }
    std::sort(described.begin(), described.end());
    QCOMPARE(described, m_server->server->routes());
}

void RoutesTest::badInputHasItsNamedError_data()
{
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QByteArray>("target");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("type");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("code");
    const QByteArray json = "application/json", patch = "application/json-patch+json", merge = "application/merge-patch+json";
    const auto row = [](const char *name, const QByteArray &method, const QByteArray &target, const QByteArray &body,
                        const QByteArray &type, int status, const QByteArray &code) {
        QTest::newRow(name) << method << target << body << type << status << code;
    };
    row("body is no JSON", "POST", "/api/games", "{", json, 400, "InvalidValue");
    row("body is empty", "POST", "/api/games", "", json, 400, "InvalidValue");
    row("keys twice", "POST", "/api/games", R"({"a":1,"a":2})", json, 400, "InvalidValue");
    row("lone surrogate", "POST", "/api/games", R"({"a":"\ud800"})", json, 400, "InvalidValue");
    row("too deep", "POST", "/api/games", QByteArray(80, '[') + QByteArray(80, ']'), json, 413, "TooDeep");
    row("too large", "POST", "/api/games", '"' + QByteArray(5 * 1024 * 1024, 'x') + '"', json, 413, "TooLarge");
    row("not JSON by its type", "POST", "/api/games", "a=1", "application/x-www-form-urlencoded", 415, "UnknownMessage");
    row("reserved collection", "POST", "/api/clients", "{}", json, 400, "InvalidValue");
    row("bad collection", "GET", "/api/Games", "", "", 400, "InvalidValue");
    row("bad id", "GET", "/api/games/a%20b", "", "", 400, "InvalidValue");
    row("id is a folder", "POST", "/api/games?id=.", "{}", json, 400, "InvalidValue");
    row("id is the folder above", "POST", "/api/games?id=..", "{}", json, 400, "InvalidValue");
    row("too many sort keys", "GET", "/api/games?sort=/a,/b,/c,/d,/e,/f,/g,/h,/i", "", "", 413, "TooLarge");
    row("exchange pushes an integer that would be rounded", "POST", "/api/sync/g", R"({"clientId":"a","push":[9007199254740993]})", json, 400,
        "InvalidValue");
    row("bad id to create", "POST", "/api/games?id=a%2Fb", "{}", json, 400, "InvalidValue");
    row("at is no number", "GET", "/api/games/g?at=x", "", "", 400, "InvalidMessage");
    row("at is negative", "GET", "/api/games/g?at=-1", "", "", 400, "InvalidMessage");
    row("limit is zero", "GET", "/api/games?limit=0", "", "", 400, "InvalidMessage");
    row("limit is too large", "GET", "/api/games?limit=100000", "", "", 400, "InvalidMessage");
    row("filter is no JSON", "GET", "/api/games?filter=%7B", "", "", 400, "InvalidValue");
    row("filter has an unknown operator", "GET", "/api/games?filter=%7B%22path%22:%22/a%22,%22op%22:%22is%22%7D", "", "", 400, "InvalidValue");
    row("sort is no pointer", "GET", "/api/games?sort=gold", "", "", 400, "InvalidValue");
    row("fields are no pointers", "GET", "/api/games?fields=gold", "", "", 400, "InvalidValue");
    row("page token of nobody", "GET", "/api/games?pageToken=abc", "", "", 400, "InvalidValue");
    row("patch without a type", "PATCH", "/api/games/g", "{}", json, 415, "UnknownMessage");
    row("patch is no list", "PATCH", "/api/games/g", "{}", patch, 400, "InvalidValue");
    row("patch has an unknown operation", "PATCH", "/api/games/g", R"([{"op":"grow","path":""}])", patch, 400, "InvalidValue");
    row("patch of nothing", "PATCH", "/api/games/g", "{}", merge, 404, "NotFound");
    row("exchange pushes without a client", "POST", "/api/sync/g", R"({"push":[{}]})", json, 400, "InvalidMessage");
    row("exchange with a reserved client", "POST", "/api/sync/g", R"({"clientId":"rest:a"})", json, 409, "ClientIdReserved");
    row("exchange with a bad clock", "POST", "/api/sync/g", R"({"clientId":"a","vectorClock":[]})", json, 400, "InvalidMessage");
    row("exchange with a bad chain", "POST", "/api/sync/g", R"({"clientId":"a","afterSeq":1,"chain":"xy"})", json, 400, "InvalidValue");
    row("exchange with bad checkpoints", "POST", "/api/sync/g", R"({"clientId":"a","checkpoints":[[1]]})", json, 400, "InvalidMessage");
    row("exchange pushes no event", "POST", "/api/sync/g", R"({"clientId":"a","push":[{}]})", json, 400, "InvalidMessage");
    row("exchange pushes for another", "POST", "/api/sync/g",
        bytes(R"({"clientId":"a","push":[)" + pushed("g", "b", 1, 0, "create", R"([{"op":"add","path":"","value":{}}])", 1) + "]}"),
        json, 400, "InvalidMessage");
    row("resume token of nobody", "GET", "/api/stream?lastEventId=%00", "", "", 400, "InvalidMessage");
    row("stream of nobody", "POST", "/api/stream/abc", "{}", json, 404, "NotFound");
}

void RoutesTest::badInputHasItsNamedError()
{
    QFETCH(QByteArray, method);
    QFETCH(QByteArray, target);
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, type);
    QFETCH(int, status);
    QFETCH(QByteArray, code);
    const Reply reply = m_http->send(method, target, body, type.isEmpty() ? Headers{} : Headers{{"Content-Type", type}});
    QCOMPARE(reply.status, status);
    QCOMPARE(reply.member("/code"), '"' + code.toStdString() + '"');
    QCOMPARE(reply.member("/type"), "\"urn:eventsync:error:" + code.toStdString() + '"');
    QCOMPARE(m_http->get("/healthz").status, 200);
}

} // namespace eventsync::server
