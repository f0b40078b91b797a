// SPDX-License-Identifier: Apache-2.0
#include "../eventlog_tools/logworld.h"

#include <eventsync/eventlog/logverifier.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/eventlog/snapshotstore.h>
#include <eventsync/eventlog/statevectormanager.h>
#include <eventsync/eventlog/typedeventsourcedstorage.h>
#include <eventsync/json/limits.h>

#include <QTest>

#include <algorithm>
#include <set>

using namespace eventsync;
using namespace eventsync::eventlog;
using namespace eventsync::storage;
using test::LogWorld;

namespace {

const DocumentId kGame("game-1"), kOther("game-2");
const ClientId kServer("game-server"), kAdmin("admin-panel"), kMobile("mobile-client");

struct GameState
{
    std::string name;
    std::int64_t gold = 0, level = 1, experience = 0;

    json::Value toJson() const { return json::Object{{"name", name}, {"gold", gold}, {"level", level}, {"experience", experience}}; }
    static Result<GameState> fromJson(const json::Value &value)
    {
        const json::Object &object = value.get_object();
        return GameState{std::string(object.at("name").get_string()), object.at("gold").get_int64(), object.at("level").get_int64(),
                         object.at("experience").get_int64()};
    }
};

EditFunction addGold(std::int64_t amount)
{
    return [amount](json::Value &game) -> Result<> {
        json::Value &gold = game.as_object()["gold"];
        gold = gold.as_int64() + amount;
        return {};
    };
}

json::Value game(std::int64_t gold)
{
    return json::Object{{"id", kGame.text()}, {"gold", gold}};
}

std::vector<std::int64_t> seqs(const MissingEvents &missing)
{
    std::vector<std::int64_t> all;
    for (const EventPtr &event : missing.events)
        all.push_back(event->serverSeq.value());
    return all;
}

} // namespace

class TestEventLogStorages : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        QFETCH_GLOBAL(LogWorld::Kind, kind);
        world = std::make_unique<LogWorld>(kind);
    }
    void cleanup() { world.reset(); }
    void initTestCase_data()
    {
        QTest::addColumn<LogWorld::Kind>("kind");
        QTest::newRow("memory") << LogWorld::Kind::Memory;
        QTest::newRow("memory, in flight") << LogWorld::Kind::InFlight;
        QTest::newRow("sqlite") << LogWorld::Kind::Sqlite;
    }

    void threeAuthorsChangeAGameAndOneAsksWhatItMisses();
    void missingEventsAreTheExactDifference_data();
    void missingEventsAreTheExactDifference();
    void missingEventsComeInParts();
    void everyChangeThroughTheStorageIsAnEvent();
    void typedStorageWorksOverEvents();
    void noOpMakesNoEvent();
    void editsAtOnceLoseNothing();
    void editLosesARaceAndIsComputedAgain();
    void refusedEditChangesNothing();
    void whatAnEditThrowsComesBackAndBlocksNothing();
    void whatAValidatorThrowsRefusesTheEdit();
    void namesThatCannotBeLoggedAreRefused();
    void crashLeavesAllOrNothing();
    void failedAppendChangesNoDocument();
    void deleteAndCreateContinueTheCount();
    void replicasIdIsRefused();
    void authorsIdIsKeptAfterRestart();
    void transactionIsOneCommitWithOneMark();
    void transactionThatFailsChangesNothing();
    void listsShowWhatIsCommitted();
    void watchTellsChanges();
    void snapshotsAreTakenAsTheLogGrows();
    void oldStatesComeBack();
    void clocksFollowTheEvents();
    void stateVectorsOnlyMoveForward();
    void repeatedWriteCountsOnce();
    void futuresEndWhenTheStorageGoes();

private:
    std::unique_ptr<LogWorld> world;
};

// The example of the event sourcing seed, with the outcome that it describes.
void TestEventLogStorages::threeAuthorsChangeAGameAndOneAsksWhatItMisses()
{
    TypedEventSourcedStorage<GameState> games(*world->documents);
    const auto created = world->wait(games.createDocument(kGame, {"Knight", 100, 1, 0}, kServer));
    QVERIFY(created);
    QCOMPARE(created->version, ServerSeq(1));

    const auto updated = world->wait(games.updateDocument(
        kGame, [](GameState &state) -> Result<> { state.gold += 50; return {}; }, kAdmin));
    QVERIFY(updated);
    QCOMPARE(updated->value.gold, std::int64_t(150));
    QVERIFY(updated->diff.hasChanges());
    QCOMPARE(json::canonical(*updated->diff.mergePatch()), std::string(R"({"gold":150})"));

    const auto leveled = world->wait(games.updateDocument(
        kGame, [](GameState &state) -> Result<> { state.level += 1; state.experience = 0; return {}; }, kMobile));
    QVERIFY(leveled);
    QCOMPARE(leveled->value.level, std::int64_t(2));
    QCOMPARE(leveled->version, ServerSeq(3));

    const auto missing = world->wait(games.getMissingEvents(kGame, VectorClock({{kServer, ClientSeq(1)}})));
    QVERIFY(missing);
    QCOMPARE(missing->events.size(), std::size_t(2));
    QVERIFY(!missing->next);
    QCOMPARE(missing->events[0]->clientId, kAdmin);
    QCOMPARE(missing->events[0]->clientSeq, ClientSeq(1));
    QCOMPARE(missing->events[0]->operation, Operation::Update);
    QCOMPARE(missing->events[1]->clientId, kMobile);
    QCOMPARE(missing->events[1]->clientSeq, ClientSeq(1));
    const auto clock = world->wait(world->documents->getVectorClock(kGame));
    QCOMPARE(json::canonical(clock->toJson()), std::string(R"({"admin-panel":1,"game-server":1,"mobile-client":1})"));
}

void TestEventLogStorages::missingEventsAreTheExactDifference_data()
{
    QTest::addColumn<int>("a");
    QTest::addColumn<int>("b");
    QTest::addColumn<QList<int>>("expected"); // of a:1 b:1 a:2 b:2 a:3
    QTest::newRow("nothing known") << 0 << 0 << QList<int>{1, 2, 3, 4, 5};
    QTest::newRow("all known") << 3 << 2 << QList<int>{};
    QTest::newRow("more known than there is") << 9 << 9 << QList<int>{};
    QTest::newRow("only a's") << 3 << 0 << QList<int>{2, 4};
    QTest::newRow("only b's") << 0 << 2 << QList<int>{1, 3, 5};
    QTest::newRow("no prefix of the log") << 1 << 2 << QList<int>{3, 5};
}

// [G11]
void TestEventLogStorages::missingEventsAreTheExactDifference()
{
    QFETCH(int, a);
    QFETCH(int, b);
    QFETCH(QList<int>, expected);
    world->write(kGame, 5);
    const VectorClock known({{ClientId("a"), ClientSeq(a)}, {ClientId("b"), ClientSeq(b)}});
    const auto missing = world->wait(world->documents->getMissingEvents(kGame, known));
    QVERIFY(missing);
    QCOMPARE(seqs(*missing), std::vector<std::int64_t>(expected.begin(), expected.end()));
    QCOMPARE(world->wait(world->documents->getMissingEvents(kOther, known)).error().code, ErrorCode::NotFound);
}

void TestEventLogStorages::missingEventsComeInParts()
{
    world->write(kGame, 5);
    std::vector<std::int64_t> all;
    MissingQuery query{.known = {}, .bytes = 1};
    for (int parts = 0; parts < 10; ++parts) {
        const auto part = missingEvents(*world->view(), kGame, query);
        QVERIFY(part);
        for (const std::int64_t seq : seqs(*part))
            all.push_back(seq);
        if (!part->next)
            break;
        query.after = *part->next;
    }
    QCOMPARE(all, (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
}

// [G2]
void TestEventLogStorages::everyChangeThroughTheStorageIsAnEvent()
{
    EventSyncStorage storage(*world->engine, {.clientId = kServer});
    QVERIFY(world->wait(storage.createOne(world->collection, kGame, game(1), {})));
    QVERIFY(world->wait(storage.findOneAndUpdate(kGame, addGold(2), {})));
    QVERIFY(world->wait(storage.updateOne(kGame, *json::Patch::fromJson(*json::parse(R"([{"op":"inc","path":"/gold","value":4}])")), {})));
    QVERIFY(world->wait(storage.editSection(
        kGame, *json::Pointer::parse("/gold"), [](json::Value &gold) -> Result<> { gold = gold.as_int64() + 8; return {}; }, {})));
    QVERIFY(world->wait(storage.findOneAndUpsert(world->collection, kOther, game(0), addGold(1), {})));
    const auto upserted = world->wait(storage.findOneAndUpsert(world->collection, kGame, game(0), addGold(16), {.clientId = kAdmin}));
    QVERIFY(upserted);
    QCOMPARE(upserted->document.value.at("gold").as_int64(), std::int64_t(31));
    QCOMPARE(world->wait(storage.deleteOne(kGame, {.metadata = json::Object{{"why", "test"}}})).value_or(ServerSeq()), ServerSeq(6));

    const auto missing = world->wait(world->documents->getMissingEvents(kGame, {}));
    QVERIFY(missing);
    QCOMPARE(seqs(*missing), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
    for (const EventPtr &event : missing->events)
        QCOMPARE(event->clientId, event->serverSeq == ServerSeq(5) ? kAdmin : kServer);
    QCOMPARE(json::canonical(missing->events[2]->diff.toJson()), std::string(R"({"patch":[{"op":"inc","path":"/gold","value":4}]})"));
    QCOMPARE(missing->events[5]->operation, Operation::Delete);
    QCOMPARE(json::canonical(*missing->events[5]->metadata), std::string(R"({"why":"test"})"));
    QCOMPARE(world->wait(storage.findOne(kGame)).error().code, ErrorCode::NotFound);
    QCOMPARE(world->wait(storage.findOneAndUpdate(kGame, addGold(1), {})).error().code, ErrorCode::NotFound);
}

void TestEventLogStorages::typedStorageWorksOverEvents()
{
    EventSyncStorage storage(*world->engine);
    TypedStorage<GameState> games(storage, world->collection);
    QVERIFY(world->wait(games.createOne(kGame, {"Knight", 1, 1, 0})));
    const auto edited = world->wait(games.findOneAndUpdate(kGame, [](GameState &state) -> Result<> { state.gold = 9; return {}; }));
    QVERIFY(edited);
    QCOMPARE(edited->value.gold, std::int64_t(9));
    const auto missing = world->wait(world->documents->getMissingEvents(kGame, {}));
    QCOMPARE(missing->events.size(), std::size_t(2));
    QCOMPARE(missing->events[1]->clientId, ClientId("server"));
}

// [G7]
void TestEventLogStorages::noOpMakesNoEvent()
{
    world->write(kGame, 1);
    const auto edited = world->set(kGame, "b", 1);
    QVERIFY(edited);
    QVERIFY(!edited->diff.hasChanges());
    QCOMPARE(edited->document.version, ServerSeq(1));
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(1));
}

// [G6]
void TestEventLogStorages::editsAtOnceLoseNothing()
{
    QVERIFY(world->wait(world->documents->createDocument(game(0), kServer)));
    std::vector<QFuture<Result<EditResult>>> edits;
    for (int i = 0; i < 60; ++i)
        edits.push_back(world->documents->updateDocument(kGame, addGold(1), i % 3 == 0 ? kAdmin : kMobile));
    std::set<ServerSeq> versions;
    for (auto &edit : edits) {
        const auto result = world->wait(edit);
        QVERIFY(result);
        versions.insert(result->document.version);
    }
    QCOMPARE(versions.size(), std::size_t(60));
    QCOMPARE(world->wait(world->documents->getDocument(kGame))->value.at("gold").as_int64(), std::int64_t(60));
    world->settle();
    QVERIFY(verifyLogs(*world->view())->isIntact());
}

// [G6] Two writers on one store, as of two processes: each knows nothing of the other's events until it loses.
void TestEventLogStorages::editLosesARaceAndIsComputedAgain()
{
    QVERIFY(world->wait(world->documents->createDocument(game(0), kServer)));
    DocumentEngine second(*world->backend, world->executor, world->clock, world->random, {});
    EventSourcedStorage others(second, world->collection);
    QVERIFY(world->wait(others.updateDocument(kGame, addGold(1), kAdmin)));
    QVERIFY(world->wait(world->documents->updateDocument(kGame, addGold(2), kServer)));
    const auto last = world->wait(others.updateDocument(kGame, addGold(4), kAdmin));
    QVERIFY(last);
    QCOMPARE(last->document.version, ServerSeq(4));
    QCOMPARE(last->document.value.at("gold").as_int64(), std::int64_t(7));
    // A new document of each: the second number taken is noticed as well.
    QVERIFY(world->wait(world->documents->createDocument(kOther, game(1), kServer)));
    QVERIFY(world->wait(others.createDocument(DocumentId("game-3"), game(1), kAdmin)));
    EventSyncStorage storage(second);
    QCOMPARE(world->wait(storage.findOneAndUpdate(kGame, addGold(1), {.ifVersion = ServerSeq(2)})).error().code, ErrorCode::VersionConflict);
}

void TestEventLogStorages::refusedEditChangesNothing()
{
    QVERIFY(world->wait(world->documents->createDocument(game(5), kServer)));
    const auto refused = world->wait(world->documents->updateDocument(
        kGame,
        [](json::Value &value) -> Result<> {
            value.as_object()["gold"] = 99;
            return failure(ErrorCode::Invalid, "not today");
        },
        kAdmin));
    QCOMPARE(refused.error().message, std::string("not today"));
    QCOMPARE(world->wait(world->documents->getDocument(kGame))->value.at("gold").as_int64(), std::int64_t(5));
    QCOMPARE(world->wait(world->documents->createDocument(game(1), kServer)).error().code, ErrorCode::DocumentExists);
    QCOMPARE(world->wait(world->documents->createDocument(json::Object{}, kServer)).error().code, ErrorCode::InvalidValue);
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(1));
}

void TestEventLogStorages::whatAnEditThrowsComesBackAndBlocksNothing()
{
    QVERIFY(world->wait(world->documents->createDocument(game(5), kServer)));
    const EditFunction edit = [](json::Value &value) -> Result<> {
        value.as_object()["gold"] = 99;
        value.at("id").as_int64(); // what Boost.JSON throws
        return {};
    };
    const auto thrown = world->wait(world->documents->updateDocument(kGame, edit, kAdmin));
    QCOMPARE(thrown.error().code, ErrorCode::Invalid);
    EventSyncStorage storage(*world->engine);
    const auto both = world->wait(storage.transaction({kGame}, [&](auto &games) { return edit(games.at(kGame)); }, {}));
    QCOMPARE(both.error().code, ErrorCode::Invalid);
    QVERIFY(world->wait(world->documents->updateDocument(kGame, addGold(1), kAdmin))); // the document is not stuck
    QCOMPARE(world->wait(world->documents->getDocument(kGame))->value.at("gold").as_int64(), std::int64_t(6));
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(2));
}

void TestEventLogStorages::whatAValidatorThrowsRefusesTheEdit()
{
    DocumentEngine::Options options;
    options.validators = [](const CollectionName &collection) -> std::shared_ptr<const Validator> {
        if (collection == CollectionName("broken"))
            throw std::runtime_error("no rules today");
        return validatorFrom([](const CollectionName &, const json::Value &state) -> Result<> {
            state.at("gold").as_int64();
            return {};
        });
    };
    world->close();
    DocumentEngine writer(*world->backend, world->executor, world->clock, world->random, std::move(options));
    EventSyncStorage storage(writer);
    QVERIFY(world->wait(storage.createOne(CollectionName("games"), kGame, game(1), {})));
    QCOMPARE(world->wait(storage.createOne(CollectionName("games"), kOther, json::Object{{"gold", "much"}}, {})).error().code,
             ErrorCode::Invalid);
    QCOMPARE(world->wait(storage.createOne(CollectionName("broken"), kOther, game(1), {})).error().code, ErrorCode::Invalid);
    QVERIFY(world->wait(storage.findOneAndUpdate(kGame, addGold(1), {})));
}

void TestEventLogStorages::namesThatCannotBeLoggedAreRefused()
{
    EventSyncStorage storage(*world->engine);
    const CollectionName games("games");
    QCOMPARE(world->wait(storage.createOne(games, DocumentId("not allowed/id"), game(1), {})).error().code, ErrorCode::InvalidValue);
    QCOMPARE(world->wait(storage.createOne(games, DocumentId(std::string(200, 'a')), game(1), {})).error().code, ErrorCode::InvalidValue);
    QCOMPARE(world->wait(storage.createOne(CollectionName("events"), kGame, game(1), {})).error().code, ErrorCode::InvalidValue);
}

// [G5] The program dies with commits on their way, after each possible number of them became durable.
void TestEventLogStorages::crashLeavesAllOrNothing()
{
    if (world->kind != LogWorld::Kind::InFlight)
        QSKIP("only this backend can lose what is on its way");
    for (std::size_t survivors = 0; survivors <= 3; ++survivors) {
        for (int steps = 0; steps < 40; ++steps) {
            LogWorld crashed(LogWorld::Kind::InFlight);
            auto created = crashed.documents->createDocument(game(0), kServer);
            std::vector<QFuture<Result<EditResult>>> edits;
            for (int i = 0; i < 4; ++i)
                edits.push_back(crashed.documents->updateDocument(kGame, addGold(1), kAdmin));
            for (int i = 0; i < steps && crashed.executor.runOne(); ++i) {
            }
            std::size_t acknowledged = created.isFinished() && created.result() ? 1 : 0;
            for (auto &edit : edits)
                acknowledged += edit.isFinished() && edit.resultCount() == 1 && edit.result() ? 1 : 0;
            crashed.memory().crash(survivors);
            crashed.close();
            crashed.executor.runAll();
            crashed.open();
            const std::size_t events = crashed.rows(sets::kEvents).size();
            QVERIFY(events >= acknowledged); // [G1]
            const auto report = verifyLogs(*crashed.view());
            QVERIFY(report);
            QVERIFY2(report->isIntact(), report->findings.empty() ? "" : report->findings.front().toText().c_str());
            const auto found = crashed.wait(crashed.documents->getDocument(kGame));
            QCOMPARE(found.has_value(), events > 0);
            if (found) {
                QCOMPARE(found->version, ServerSeq(static_cast<std::int64_t>(events)));
                QCOMPARE(found->value.at("gold").as_int64(), static_cast<std::int64_t>(events) - 1);
            }
        }
    }
}

// [G5] A failed append is the whole edit's failure, and the next one is computed from what the store holds.
void TestEventLogStorages::failedAppendChangesNoDocument()
{
    if (world->kind == LogWorld::Kind::Sqlite)
        QSKIP("faults are ordered of the memory backend");
    QVERIFY(world->wait(world->documents->createDocument(game(0), kServer)));
    world->settle();
    world->memory().failNextCommits({ErrorCode::StoreFull, "full"});
    QCOMPARE(world->wait(world->documents->updateDocument(kGame, addGold(1), kServer)).error().code, ErrorCode::StoreFull);
    QCOMPARE(world->wait(world->documents->getDocument(kGame))->value.at("gold").as_int64(), std::int64_t(0));
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(1));
    world->memory().failNextCommits({ErrorCode::IoError, "unknown"}, 1, MemoryBackend::Fault::Answered);
    QCOMPARE(world->wait(world->documents->updateDocument(kGame, addGold(2), kServer)).error().code, ErrorCode::IoError);
    QCOMPARE(world->wait(world->documents->updateDocument(kGame, addGold(4), kServer))->document.value.at("gold").as_int64(), std::int64_t(6));
    world->settle();
    QVERIFY(verifyLogs(*world->view())->isIntact());
}

// [G2]
void TestEventLogStorages::deleteAndCreateContinueTheCount()
{
    QVERIFY(world->wait(world->documents->createDocument(game(1), kServer)));
    QCOMPARE(world->wait(world->documents->deleteDocument(kGame, kAdmin)).value_or(ServerSeq()), ServerSeq(2));
    QCOMPARE(world->wait(world->documents->deleteDocument(kGame, kAdmin)).error().code, ErrorCode::NotFound);
    const auto again = world->wait(world->documents->createDocument(game(2), kServer));
    QVERIFY(again);
    QCOMPARE(again->document.version, ServerSeq(3));
    const auto clock = world->wait(world->documents->getVectorClock(kGame));
    QCOMPARE(clock->at(kServer), ClientSeq(2));
}

void TestEventLogStorages::replicasIdIsRefused()
{
    storage::Row row(client::Expired + 1);
    row[client::Id] = std::string("replica-1");
    row[client::Kind] = std::string("replica");
    row[client::Principal] = std::string();
    row[client::CreatedAt] = row[client::LastSeen] = row[client::Expired] = std::int64_t(0);
    QVERIFY(world->change(Batch().put(sets::kClients, row)));
    QCOMPARE(world->wait(world->documents->createDocument(game(1), ClientId("replica-1"))).error().code, ErrorCode::ClientIdInUse);
    QCOMPARE(world->wait(world->documents->createDocument(game(1), ClientId("no spaces"))).error().code, ErrorCode::InvalidValue);
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(0));
}

void TestEventLogStorages::authorsIdIsKeptAfterRestart()
{
    QVERIFY(world->wait(world->documents->createDocument(game(1), kServer)));
    world->settle();
    world->reopenStore();
    const auto clients = world->rows(sets::kClients);
    QCOMPARE(clients.size(), std::size_t(1));
    QCOMPARE(clients[0][client::Kind], Cell(std::string("author")));
    QVERIFY(world->wait(world->documents->updateDocument(kGame, addGold(1), kServer)));
    QCOMPARE(world->wait(world->documents->getVectorClock(kGame))->at(kServer), ClientSeq(2));
    QCOMPARE(world->rows(sets::kClients).size(), std::size_t(1));
}

void TestEventLogStorages::transactionIsOneCommitWithOneMark()
{
    QVERIFY(world->wait(world->documents->createDocument(game(10), kServer)));
    QVERIFY(world->wait(world->documents->createDocument(kOther, game(0), kServer)));
    const auto moved = world->wait(world->documents->storage().transaction(
        {kGame, kOther},
        [](std::map<DocumentId, json::Value> &values) -> Result<> {
            EVENTSYNC_CHECK(addGold(-3)(values.at(kGame)));
            return addGold(3)(values.at(kOther));
        },
        {.clientId = kAdmin}));
    QVERIFY(moved);
    QCOMPARE(moved->at(0).document.value.at("gold").as_int64(), std::int64_t(7));
    QCOMPARE(moved->at(1).document.value.at("gold").as_int64(), std::int64_t(3));
    const auto first = world->wait(world->documents->getMissingEvents(kGame, {}));
    const auto second = world->wait(world->documents->getMissingEvents(kOther, {}));
    const json::Value mark = first->events.back()->metadata->at("transactionId");
    QVERIFY(mark.is_string());
    QCOMPARE(json::canonical(second->events.back()->metadata->at("transactionId")), json::canonical(mark));
    QCOMPARE(first->events.back()->clientId, kAdmin);
}

void TestEventLogStorages::transactionThatFailsChangesNothing()
{
    QVERIFY(world->wait(world->documents->createDocument(game(10), kServer)));
    QVERIFY(world->wait(world->documents->createDocument(kOther, game(0), kServer)));
    const std::size_t before = world->rows(sets::kEvents).size();
    const auto tooLarge = world->wait(world->documents->storage().transaction(
        {kGame, kOther},
        [](std::map<DocumentId, json::Value> &values) -> Result<> {
            EVENTSYNC_CHECK(addGold(-3)(values.at(kGame)));
            values.at(kOther).as_object()["text"] = std::string(limits::kDocumentBytes, 'x');
            return {};
        },
        {}));
    QVERIFY(!tooLarge);
    const auto absent = world->wait(world->documents->storage().transaction(
        {kGame, DocumentId("nobody")}, [](std::map<DocumentId, json::Value> &) -> Result<> { return {}; }, {}));
    QCOMPARE(absent.error().code, ErrorCode::NotFound);
    QCOMPARE(world->rows(sets::kEvents).size(), before);
    QCOMPARE(world->wait(world->documents->getDocument(kGame))->value.at("gold").as_int64(), std::int64_t(10));
    QVERIFY(world->wait(world->documents->updateDocument(kGame, addGold(1), kServer)));
}

// [G5] Also while derived rows lag: nothing is waited for between the last edit and the list.
void TestEventLogStorages::listsShowWhatIsCommitted()
{
    QVERIFY(world->wait(world->documents->createDocument(DocumentId("x"), game(3), kServer)));
    QVERIFY(world->wait(world->documents->createDocument(DocumentId("y"), game(1), kServer)));
    QVERIFY(world->wait(world->documents->createDocument(DocumentId("z"), game(2), kServer)));
    QVERIFY(world->wait(world->documents->updateDocument(DocumentId("y"), addGold(8), kServer)));
    QVERIFY(world->wait(world->documents->deleteDocument(DocumentId("z"), kServer)));
    FindOptions options;
    options.sort = {{*json::Pointer::parse("/gold"), true}};
    const auto page = world->wait(world->documents->storage().findMany(world->collection, options));
    QVERIFY(page);
    QCOMPARE(page->documents.size(), std::size_t(2));
    QCOMPARE(page->documents[0].id, DocumentId("y"));
    QCOMPARE(page->documents[0].version, ServerSeq(2));
    QCOMPARE(page->documents[1].id, DocumentId("x"));
}

void TestEventLogStorages::watchTellsChanges()
{
    std::vector<std::string> told;
    auto watch = world->documents->storage().watch(world->collection, world->executor, [&](const StorageChange &change) {
        told.push_back(std::to_string(change.version.value()) + (change.deleted ? " deleted" : " " + json::canonical(change.value->at("gold"))));
    });
    QVERIFY(world->wait(world->documents->createDocument(game(1), kServer)));
    QVERIFY(world->wait(world->documents->updateDocument(kGame, addGold(0), kServer)));
    QVERIFY(world->wait(world->documents->updateDocument(kGame, addGold(1), kServer)));
    QVERIFY(world->wait(world->documents->deleteDocument(kGame, kServer)));
    world->settle();
    world->executor.runAll();
    QCOMPARE(told, (std::vector<std::string>{"1 1", "2 2", "3 deleted"}));
    watch.reset();
    QVERIFY(world->wait(world->documents->createDocument(game(1), kServer)));
    world->executor.runAll();
    QCOMPARE(told.size(), std::size_t(3));
}

void TestEventLogStorages::snapshotsAreTakenAsTheLogGrows()
{
    LogWorld own(world->kind, 10);
    own.write(kGame, 35);
    SnapshotStore snapshots(*own.backend, own.executor);
    std::vector<std::int64_t> at;
    snapshots.list(kGame, [&](const Result<std::vector<SnapshotStore::Entry>> &found) {
        for (const SnapshotStore::Entry &entry : *found)
            at.push_back(entry.position.serverSeq.value());
    });
    QVERIFY(own.executor.runUntil([&] { return !at.empty(); }));
    QCOMPARE(at, (std::vector<std::int64_t>{10, 20, 30}));
    std::optional<std::size_t> pruned;
    snapshots.prune(kGame, 1, [&](const Result<std::size_t> &count) { pruned = *count; });
    QVERIFY(own.executor.runUntil([&] { return pruned.has_value(); }));
    QCOMPARE(*pruned, std::size_t(2));
    std::optional<Result<Snapshot>> last;
    snapshots.find(kGame, ServerSeq(35), [&](Result<Snapshot> found) { last = std::move(found); });
    QVERIFY(own.executor.runUntil([&] { return last.has_value(); }));
    QCOMPARE((*last)->position.serverSeq, ServerSeq(30));
    QCOMPARE((*last)->state, std::string(R"({"n":30})"));
    const auto made = own.wait(own.documents->createSnapshot(kGame));
    QVERIFY(made);
    QCOMPARE(made->position.serverSeq, ServerSeq(35));
    const auto report = verifyLogs(*own.view());
    QVERIFY(report && report->isIntact());
    QCOMPARE(report->snapshots, std::int64_t(2));
}

// [G4]
void TestEventLogStorages::oldStatesComeBack()
{
    LogWorld own(world->kind, 4);
    own.write(kGame, 10);
    for (std::int64_t n = 1; n <= 10; ++n) {
        const auto state = own.wait(own.documents->stateAt(kGame, ServerSeq(n)));
        QVERIFY(state && *state);
        QCOMPARE((*state)->at("n").as_int64(), n);
    }
    QVERIFY(!*own.wait(own.documents->stateAt(kGame, ServerSeq(0))));
    QCOMPARE(own.wait(own.documents->stateAt(kGame, ServerSeq(11))).error().code, ErrorCode::NotFound);
    const auto restored = own.wait(own.documents->restoreDocument(kGame, ServerSeq(3), kAdmin));
    QVERIFY(restored);
    QCOMPARE(restored->document.version, ServerSeq(11));
    QCOMPARE(json::canonical(restored->document.value), std::string(R"({"n":3})"));
    QCOMPARE(own.wait(own.documents->restoreDocument(kGame, ServerSeq(0), kAdmin)).error().code, ErrorCode::NotFound);
}

void TestEventLogStorages::clocksFollowTheEvents()
{
    MemoryVectorClockManager inMemory;
    EventSyncStorage storage(*world->engine, {.clientId = kServer, .vectorClocks = &inMemory});
    QVERIFY(world->wait(storage.createOne(world->collection, kGame, game(1), {})));
    QVERIFY(world->wait(storage.findOneAndUpdate(kGame, addGold(1), {})));
    QVERIFY(world->wait(storage.findOneAndUpdate(kGame, addGold(1), {.clientId = kAdmin})));
    StoredVectorClockManager stored(*world->backend, world->executor);
    std::vector<std::string> clocks;
    const auto note = [&](const Result<VectorClock> &clock) { clocks.push_back(json::canonical(clock->toJson())); };
    inMemory.getVectorClock(kGame, note);
    stored.getVectorClock(kGame, note);
    stored.getVectorClock(kOther, note);
    QVERIFY(world->executor.runUntil([&] { return clocks.size() == 3; }));
    std::sort(clocks.begin(), clocks.end());
    const std::string both = R"({"admin-panel":1,"game-server":2})";
    QCOMPARE(clocks, (std::vector<std::string>{both, both, "{}"}));
    std::vector<ErrorCode> codes;
    stored.updateVectorClock(kGame, kServer, ClientSeq(3), [&](const Result<> &result) { codes.push_back(result.error().code); });
    QVERIFY(world->executor.runUntil([&] { return codes.size() == 1; }));
    QCOMPARE(codes[0], ErrorCode::Invalid);
}

void TestEventLogStorages::stateVectorsOnlyMoveForward()
{
    world->write(kGame, 4);
    MemoryStateVectorManager inMemory;
    StoredStateVectorManager stored(*world->backend, world->executor);
    for (StateVectorManager *vectors : {static_cast<StateVectorManager *>(&inMemory), static_cast<StateVectorManager *>(&stored)}) {
        int answers = 0;
        const auto good = [&](const Result<> &result) { answers += result ? 1 : 100; };
        const auto tell = [&](const ClientId &client, std::int64_t seq) {
            vectors->update({client, kGame, ServerSeq(seq), VectorClock({{ClientId("a"), ClientSeq(seq)}}), world->clock.wall()}, good);
        };
        tell(kMobile, 2);
        QVERIFY(world->executor.runUntil([&] { return answers == 1; }));
        tell(kMobile, 1);
        tell(kAdmin, 1);
        QVERIFY(world->executor.runUntil([&] { return answers == 3; }));
        StateVectorManager::Vectors all;
        vectors->ofDocument(kGame, [&](const Result<StateVectorManager::Vectors> &found) { all = *found; ++answers; });
        QVERIFY(world->executor.runUntil([&] { return answers == 4; }));
        QCOMPARE(all.size(), std::size_t(2));
        QCOMPARE(all[0].clientId, kAdmin);
        QCOMPARE(all[1].serverSeq, ServerSeq(2));
        vectors->remove(kMobile, good);
        QVERIFY(world->executor.runUntil([&] { return answers == 5; }));
        std::optional<StateVector> gone;
        vectors->find(kGame, kMobile, [&](const Result<StateVector> &found) { gone = *found; });
        QVERIFY(world->executor.runUntil([&] { return gone.has_value(); }));
        QCOMPARE(gone->serverSeq, ServerSeq(0));
    }
}

// [G3]
void TestEventLogStorages::repeatedWriteCountsOnce()
{
    QVERIFY(world->wait(world->documents->createDocument(game(0), kServer)));
    UuidGenerator uuids(world->clock, world->random);
    DocumentWrite write{.documentId = kGame, .collection = world->collection, .clientId = kAdmin, .id = uuids.next()};
    write.edit = [](json::State &state) { return addGold(1)(*state); };
    for (int i = 0; i < 3; ++i) {
        std::optional<Result<WrittenDocument>> written;
        world->engine->write(write, [&](Result<WrittenDocument> result) { written = std::move(result); });
        QVERIFY(world->executor.runUntil([&] { return written.has_value(); }));
        QVERIFY(*written && (*written)->event);
        QCOMPARE((*written)->event->serverSeq, ServerSeq(2));
    }
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(2));
}

void TestEventLogStorages::futuresEndWhenTheStorageGoes()
{
    auto created = world->documents->createDocument(game(1), kServer);
    auto edited = world->documents->updateDocument(kGame, addGold(1), kServer);
    auto restored = world->documents->restoreDocument(kGame, ServerSeq(1), kServer);
    world->close();
    world->executor.runAll();
    world->backend.reset();
    world->executor.runAll();
    QVERIFY(created.isFinished() && edited.isFinished() && restored.isFinished());
    QCOMPARE(edited.result().error().code, ErrorCode::Cancelled);
}

QTEST_GUILESS_MAIN(TestEventLogStorages)
#include "tst_eventlog_storages.moc"
