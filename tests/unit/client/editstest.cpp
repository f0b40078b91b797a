// SPDX-License-Identifier: Apache-2.0
#include "editstest.h"

#include "rig.h"

#include <eventsync/crdt/api.h>
#include <eventsync/json/limits.h>

#include <QTest>

#include <limits>
#include <stdexcept>

namespace eventsync::client::test {

namespace {

ClientOptions withPolicy()
{
    ClientOptions options;
    options.policies.set(CollectionName("games"), CollectionPolicy::games());
    return options;
}

const DocumentId kGame("game-1");
const CollectionName kGames("games");

} // namespace

#define VERIFY_DURABLE(device) QCOMPARE(QString::fromStdString((device).broken), QString())

void EditsTest::anEditShowsAtOnceAndIsQueued()
{
    Device device(withPolicy());
    QVERIFY(device.run(device.core->create(kGame, kGames, parsed(R"({"gold":10})"))).has_value());
    QVERIFY(device.run(device.core->update(kGame, patch(R"([{"op":"inc","path":"/gold","value":5}])"))).has_value());
    QCOMPARE(device.view(kGame), std::string(R"({"gold":15})"));
    QCOMPARE(device.confirmed(kGame), std::string("absent"));
    QCOMPARE(device.states(), (std::vector{EntryState::Waiting, EntryState::Waiting}));
    QCOMPARE(device.core->queueSize(), std::size_t(2));
    QCOMPARE(device.entry(1).metadata.at("madeAt").to_number<int>(), 0);
    VERIFY_DURABLE(device);
}

void EditsTest::anEditThatChangesNothingMakesNoEntry()
{
    Pair pair;
    const auto made = pair.device.run(
        pair.device.core->update(pair.id, patch(R"([{"op":"replace","path":"/gold","value":10}])")));
    QVERIFY(made.has_value() && !made->has_value());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QVERIFY(pair.pushed().empty());
}

void EditsTest::refusedEditsChangeNothing_data()
{
    QTest::addColumn<QString>("patchText");
    QTest::addColumn<int>("code");
    const auto code = [](ErrorCode c) { return static_cast<int>(c); };
    QTest::newRow("a counter below its bound") << R"([{"op":"inc","path":"/gold","value":-11}])" << code(ErrorCode::Invalid);
    QTest::newRow("an engine field") << R"([{"op":"add","path":"/version","value":3}])" << code(ErrorCode::Invalid);
    QTest::newRow("a missing path") << R"([{"op":"replace","path":"/no","value":3}])" << code(ErrorCode::PatchFailed);
    QTest::newRow("half of it applies")
        << R"([{"op":"replace","path":"/name","value":"b"},{"op":"remove","path":"/no"}])" << code(ErrorCode::PatchFailed);
}

void EditsTest::refusedEditsChangeNothing()
{
    QFETCH(QString, patchText);
    QFETCH(int, code);
    Pair pair;
    const std::string before = pair.device.view(pair.id);
    const auto made = pair.device.core->update(pair.id, patch(patchText.toStdString()));
    QVERIFY(!made.has_value());
    QCOMPARE(static_cast<int>(made.error().code), code);
    QCOMPARE(pair.device.view(pair.id), before);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.core->create(pair.id, kGames, parsed("{}")).error().code, ErrorCode::DocumentExists);
    QCOMPARE(pair.device.core->remove(DocumentId("nowhere")).error().code, ErrorCode::NotFound);
}

void EditsTest::whatOnlyTheServerSaysIsRefusedAtTheEdit()
{
    Pair pair;
    const json::Object marked{{"transactionId", "mine"}};
    QCOMPARE(pair.device.core->update(pair.id, patch(R"([{"op":"inc","path":"/gold","value":1}])"), marked).error().code,
             ErrorCode::PermissionDenied);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
}

void EditsTest::namesThatCannotBeLoggedAreRefusedAtEveryDoor_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("collection");
    QTest::newRow("an id with a slash") << "not allowed/id" << "games";
    QTest::newRow("an id of 200 letters") << QString(200, u'a') << "games";
    QTest::newRow("no id") << "" << "games";
    QTest::newRow("a collection of EventSync's own") << "game-2" << "events";
    QTest::newRow("a collection in capitals") << "game-2" << "Games";
}

void EditsTest::namesThatCannotBeLoggedAreRefusedAtEveryDoor()
{
    QFETCH(QString, id);
    QFETCH(QString, collection);
    const DocumentId document(id.toStdString());
    const CollectionName group(collection.toStdString());
    Pair pair;
    ClientCore &core = *pair.device.core;
    QCOMPARE(core.create(document, group, parsed("{}")).error().code, ErrorCode::InvalidValue);
    QCOMPARE(core.createCrdt(document, group, parsed("{}")).error().code, ErrorCode::InvalidValue);
    QCOMPARE(core.openDocument(document, group).error().code, ErrorCode::InvalidValue);
    if (group != kGames) {
        QCOMPARE(core.watch(group, {}).error().code, ErrorCode::InvalidValue);
        pair.device.run(core.query({.requestId = "1", .query = protocol::ListQuery{.collection = group}}));
    } else {
        QCOMPARE(core.presence(document, parsed("{}")).error().code, ErrorCode::InvalidValue);
        pair.device.run(core.query({.requestId = "1", .query = protocol::StateAtQuery{document, ServerSeq(1)}}));
    }
    const auto answers = pair.device.notifications<QueryAnswered>();
    QCOMPARE(answers.size(), std::size_t(1));
    QCOMPARE(answers[0].result.code.value(), ErrorCode::InvalidValue);
    QCOMPARE(core.documents(), std::vector{pair.id});
    QCOMPARE(core.queueSize(), std::size_t(0));
    QVERIFY(pair.device.take<protocol::Query>().empty());
}

void EditsTest::whatAnEditThrowsComesBackAndChangesNothing_data()
{
    QTest::addColumn<bool>("crdt");
    QTest::newRow("json") << false;
    QTest::newRow("crdt") << true;
}

void EditsTest::whatAnEditThrowsComesBackAndChangesNothing()
{
    QFETCH(bool, crdt);
    Device device(withPolicy());
    if (crdt)
        QVERIFY(device.run(device.core->createCrdt(kGame, kGames, parsed(R"({"name":"a","gold":1})"))).has_value());
    else
        QVERIFY(device.run(device.core->create(kGame, kGames, parsed(R"({"name":"a","gold":1})"))).has_value());
    const std::string before = device.view(kGame);
    const auto thrown = device.core->update(kGame, [](json::Value &game) -> Result<> {
        game.as_object()["gold"] = 5;
        game.at("name").as_int64(); // what Boost.JSON throws
        return {};
    });
    QCOMPARE(thrown.error().code, ErrorCode::Invalid);
    if (crdt) {
        const auto half = device.core->updateCrdt(kGame, [](crdt::Api &api) -> Result<> {
            EVENTSYNC_CHECK(api.obj("")->set("gold", 9));
            throw std::runtime_error("half way");
        });
        QCOMPARE(half.error().code, ErrorCode::Invalid);
        QVERIFY(half.error().message.ends_with("half way"));
    }
    QCOMPARE(device.view(kGame), before);
    QCOMPARE(device.core->queueSize(), std::size_t(1));
    QVERIFY(device.run(device.core->update(kGame, [](json::Value &game) -> Result<> {
        game.as_object()["gold"] = 2;
        return {};
    })).has_value());
    VERIFY_DURABLE(device);
}

void EditsTest::whatAValidatorThrowsRefusesTheEdit()
{
    ClientOptions options = withPolicy();
    options.validators = [](const CollectionName &) {
        return validatorFrom([](const CollectionName &, const json::Value &state) -> Result<> {
            state.at("name").as_string();
            return {};
        });
    };
    Pair pair(options);
    const auto refused = pair.device.core->update(pair.id, patch(R"([{"op":"replace","path":"/name","value":7}])"));
    QCOMPARE(refused.error().code, ErrorCode::Invalid);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    pair.edit(R"([{"op":"replace","path":"/name","value":"b"}])");
    QCOMPARE(pair.pushed().size(), std::size_t(1));
}

void EditsTest::whatNoPeerCouldReadIsRefusedAtTheEdit_data()
{
    QTest::addColumn<QString>("kind");
    QTest::newRow("a number that is none") << "nan";
    QTest::newRow("text that is not UTF-8") << "text";
    QTest::newRow("a key with NUL") << "key";
    QTest::newRow("an inc by half") << "inc";
    QTest::newRow("metadata with a number that is none") << "metadata";
    QTest::newRow("metadata that replaces nothing") << "replaces";
    QTest::newRow("quotes that take two bytes each") << "quotes";
}

void EditsTest::whatNoPeerCouldReadIsRefusedAtTheEdit()
{
    QFETCH(QString, kind);
    json::PatchOperation add{json::OperationKind::Add, *json::Pointer::parse("/x"), {}, json::Value("fine")};
    json::Object metadata;
    if (kind == u"nan")
        add.value = std::numeric_limits<double>::quiet_NaN();
    else if (kind == u"text")
        add.value = "\xFF\xFE";
    else if (kind == u"key")
        add.value = json::Object{{std::string_view("a\0b", 3), 1}};
    else if (kind == u"inc")
        add = {json::OperationKind::Inc, *json::Pointer::parse("/gold"), {}, json::Value(0.5)};
    else if (kind == u"metadata")
        metadata["at"] = std::numeric_limits<double>::infinity();
    else if (kind == u"replaces")
        metadata["replaces"] = "everything";
    else
        add.value = std::string(limits::kEventBytes / 2, '"');
    Pair pair;
    const std::string before = pair.device.view(pair.id);
    const auto refused = pair.device.core->update(pair.id, json::Patch({add}), metadata);
    QVERIFY(!refused);
    QCOMPARE(errorClass(refused.error().code), ErrorClass::Permanent);
    QCOMPARE(pair.device.view(pair.id), before);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    pair.edit(R"([{"op":"add","path":"/x","value":1}])");
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    VERIFY_DURABLE(pair.device);
}

void EditsTest::anEditIsNoLargerThanTheServerTakes()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    const auto add = [](std::size_t bytes) {
        return patch(R"([{"op":"add","path":"/x","value":")" + std::string(bytes, 'a') + R"("}])");
    };
    QVERIFY(pair.device.run(pair.device.core->update(pair.id, add(5'000))).has_value());
    pair.device.run(pair.device.core->connected());
    protocol::Welcome small = welcome();
    small.limits.eventBytes = 4'000;
    pair.device.receive(small);
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.states(), std::vector{EntryState::DeadLetter});
    QCOMPARE(pair.device.entry(0).reason->code, ErrorCode::TooLarge);
    QCOMPARE(pair.device.core->update(pair.id, add(5'000)).error().code, ErrorCode::TooLarge);
    QVERIFY(pair.device.run(pair.device.core->update(pair.id, add(1'000))).has_value());
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    VERIFY_DURABLE(pair.device);
}

// [G9]
void EditsTest::aReaderEditsNothingAndWhatWaitsIsHeld()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(R"([{"op":"inc","path":"/gold","value":5}])");
    const auto connect = [&pair](protocol::Permission permission) {
        pair.device.run(pair.device.core->connected());
        pair.device.receive(welcome());
        protocol::Synced synced = pair.log.synced(ClientSeq());
        synced.permission = permission;
        pair.device.receive(synced);
    };
    connect(protocol::Permission::Read);
    QVERIFY(pair.pushed().empty());
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Waiting}));
    const auto refused = pair.device.run(pair.device.core->update(pair.id, patch(R"([{"op":"inc","path":"/gold","value":1}])")));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::PermissionDenied);
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":15,"name":"a"})"));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(1));
    pair.device.run(pair.device.core->disconnected());
    connect(protocol::Permission::Write);
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    VERIFY_DURABLE(pair.device);
}

// [G9] What the server said counts until it says something else, through restarts without a network too.
void EditsTest::aReaderStaysAReaderOverAnOfflineRestart()
{
    Pair pair;
    const auto connect = [&pair](protocol::Permission permission) {
        pair.device.run(pair.device.core->connected());
        pair.device.receive(welcome());
        protocol::Synced synced = pair.log.synced(ClientSeq());
        synced.permission = permission;
        pair.device.receive(synced);
        pair.device.run(pair.device.core->disconnected());
    };
    const auto edit = [&pair] {
        return pair.device.run(pair.device.core->update(pair.id, patch(R"([{"op":"inc","path":"/gold","value":1}])")));
    };
    pair.device.run(pair.device.core->disconnected());
    connect(protocol::Permission::Read);
    pair.device.crash();
    const auto refused = edit();
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::PermissionDenied);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    connect(protocol::Permission::Write);
    pair.device.crash();
    QVERIFY(edit().has_value());
    connect(protocol::Permission::Read);
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(protocol::Revoked{.documentId = pair.id, .reason = "for the test"});
    pair.device.crash();
    QCOMPARE(edit().error().code, ErrorCode::NotFound); // nothing is known of it any more, its right neither
    VERIFY_DURABLE(pair.device);
}

void EditsTest::aFullQueueRefusesTheNextEdit()
{
    ClientOptions options = withPolicy();
    options.queueEntries = 2;
    Device device(options);
    QVERIFY(device.run(device.core->create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    QVERIFY(device.run(device.core->update(kGame, patch(R"([{"op":"inc","path":"/gold","value":1}])"))).has_value());
    const auto third = device.core->update(kGame, patch(R"([{"op":"inc","path":"/gold","value":1}])"));
    QVERIFY(!third.has_value());
    QCOMPARE(third.error().code, ErrorCode::QueueFull);
    QCOMPARE(device.view(kGame), std::string(R"({"gold":2})"));
    QCOMPARE(device.core->queueSize(), std::size_t(2));
}

void EditsTest::anEditFunctionUsesThePolicy()
{
    Pair pair;
    const auto made = pair.device.core->update(pair.id, [](json::Value &game) -> Result<> {
        game.as_object()["gold"] = game.as_object()["gold"].as_int64() + 7;
        game.as_object()["version"] = 99; // an engine field: no part of the state
        return {};
    });
    QVERIFY(made.has_value());
    QCOMPARE(made->diff.patch().toJson(), parsed(R"([{"op":"inc","path":"/gold","value":7}])"));
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":17,"name":"a"})"));
}

void EditsTest::queuedEditsSurviveACrash()
{
    Device device(withPolicy());
    QVERIFY(device.run(device.core->create(kGame, kGames, parsed(R"({"gold":10})"))).has_value());
    const auto id = device.run(device.core->update(kGame, patch(R"([{"op":"add","path":"/x","value":1}])")));
    const ClientId client = device.core->clientId();
    device.crash();
    QCOMPARE(device.core->clientId(), client);
    QCOMPARE(device.view(kGame), std::string(R"({"gold":10,"x":1})"));
    QCOMPARE(device.entry(1).id, **id);
}

void EditsTest::undoTakesBackAndRedoRestores_data()
{
    QTest::addColumn<QString>("patchText");
    QTest::addColumn<QString>("after");
    QTest::newRow("replace") << R"([{"op":"replace","path":"/name","value":"b"}])" << R"({"gold":10,"name":"b"})";
    QTest::newRow("add") << R"([{"op":"add","path":"/x","value":[1]}])" << R"({"gold":10,"name":"a","x":[1]})";
    QTest::newRow("remove") << R"([{"op":"remove","path":"/name"}])" << R"({"gold":10})";
    QTest::newRow("inc") << R"([{"op":"inc","path":"/gold","value":-3}])" << R"({"gold":7,"name":"a"})";
    QTest::newRow("several") << R"([{"op":"inc","path":"/gold","value":1},{"op":"move","from":"/name","path":"/title"}])"
                             << R"({"gold":11,"title":"a"})";
    QTest::newRow("root") << R"([{"op":"replace","path":"","value":{"gold":1}}])" << R"({"gold":1})";
}

void EditsTest::undoTakesBackAndRedoRestores()
{
    QFETCH(QString, patchText);
    QFETCH(QString, after);
    Pair pair;
    const std::string before = pair.device.view(pair.id);
    pair.edit(patchText.toStdString());
    QCOMPARE(pair.device.view(pair.id), after.toStdString());
    QVERIFY(pair.device.core->canUndo(pair.id) && !pair.device.core->canRedo(pair.id));
    QVERIFY(pair.device.run(pair.device.core->undo(pair.id)).has_value());
    QCOMPARE(pair.device.view(pair.id), before);
    QVERIFY(!pair.device.core->canUndo(pair.id) && pair.device.core->canRedo(pair.id));
    QVERIFY(pair.device.run(pair.device.core->redo(pair.id)).has_value());
    QCOMPARE(pair.device.view(pair.id), after.toStdString());
    QVERIFY(pair.device.run(pair.device.core->undo(pair.id)).has_value());
    QCOMPARE(pair.device.view(pair.id), before);
    QCOMPARE(pair.device.core->undo(pair.id).error().code, ErrorCode::NotFound);
    VERIFY_DURABLE(pair.device);
    pair.logAll(pair.pushed());
    QCOMPARE(pair.log.state(), before);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
}

void EditsTest::undoWorksAfterARestart()
{
    Device device(withPolicy());
    QVERIFY(device.run(device.core->create(kGame, kGames, parsed(R"({"gold":10})"))).has_value());
    QVERIFY(device.run(device.core->remove(kGame)).has_value());
    device.crash();
    QVERIFY(device.run(device.core->undo(kGame)).has_value()); // the delete
    QCOMPARE(device.view(kGame), std::string(R"({"gold":10})"));
    device.crash();
    QVERIFY(device.run(device.core->undo(kGame)).has_value()); // the create
    QCOMPARE(device.view(kGame), std::string("absent"));
    QVERIFY(device.run(device.core->redo(kGame)).has_value());
    QCOMPARE(device.view(kGame), std::string(R"({"gold":10})"));
    VERIFY_DURABLE(device);
}

void EditsTest::undoNeverOverwritesAnother()
{
    Pair pair;
    pair.edit(R"([{"op":"replace","path":"/name","value":"mine"}])");
    pair.edit(R"([{"op":"add","path":"/x","value":1}])");
    pair.edit(R"([{"op":"remove","path":"/x"}])");
    pair.logAll(pair.pushed());
    pair.log.other(R"([{"op":"replace","path":"/name","value":"theirs"},{"op":"add","path":"/x","value":2}])");
    pair.device.receive(pair.log.events(pair.log.head().previous()));
    const auto removed = pair.device.core->undo(pair.id); // /x was removed by us, and is another's now
    QVERIFY(!removed.has_value());
    QCOMPARE(removed.error().code, ErrorCode::Conflict);
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":10,"name":"theirs","x":2})"));
    QVERIFY(pair.device.core->canUndo(pair.id));
}

void EditsTest::undoOfACounterKeepsWhatOthersAdded()
{
    Pair pair;
    pair.edit(R"([{"op":"inc","path":"/gold","value":5}])");
    pair.logAll(pair.pushed());
    pair.log.other(R"([{"op":"inc","path":"/gold","value":100}])");
    pair.device.receive(pair.log.events(pair.log.head().previous()));
    QVERIFY(pair.device.run(pair.device.core->undo(pair.id)).has_value());
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":110,"name":"a"})"));
    VERIFY_DURABLE(pair.device);
}

} // namespace eventsync::client::test
