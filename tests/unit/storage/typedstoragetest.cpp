// SPDX-License-Identifier: Apache-2.0
#include "typedstoragetest.h"

#include <eventsync/storage/typedstorage.h>

#include <QTest>

namespace eventsync::test {

using namespace storage;

namespace {

const CollectionName kGames("games");
const DocumentId kA("a"), kB("b"), kC("c");

struct Stats
{
    std::int64_t wins = 0;

    json::Value toJson() const { return json::Object{{"wins", wins}}; }
    static Result<Stats> fromJson(const json::Value &json)
    {
        const json::Object *object = json.if_object();
        const json::Value *wins = object ? object->if_contains("wins") : nullptr;
        if (!wins || !wins->is_int64())
            return failure(ErrorCode::InvalidValue, "no number of wins", "/wins");
        return Stats{wins->get_int64()};
    }
};

struct Game
{
    std::string name;
    std::int64_t gold = 0;
    Stats stats = {};

    json::Value toJson() const { return json::Object{{"name", name}, {"gold", gold}, {"stats", stats.toJson()}}; }
    static Result<Game> fromJson(const json::Value &json)
    {
        const json::Object *object = json.if_object();
        const json::Value *name = object ? object->if_contains("name") : nullptr;
        const json::Value *gold = object ? object->if_contains("gold") : nullptr;
        const json::Value *stats = object ? object->if_contains("stats") : nullptr;
        if (!name || !name->is_string() || !gold || !gold->is_int64() || !stats)
            return failure(ErrorCode::InvalidValue, "no game");
        EVENTSYNC_TRY(const Stats read, Stats::fromJson(*stats));
        return Game{std::string(name->get_string()), gold->get_int64(), read};
    }
};

using Games = TypedStorage<Game>;

} // namespace

void TypedStorageTest::init()
{
    m_backend = std::make_unique<MemoryBackend>(Schema{1, {DocumentStorage::recordSet()}});
    DocumentStorage::Options options;
    options.policies.set(kGames, CollectionPolicy::games());
    m_storage = std::make_unique<DocumentStorage>(*m_backend, m_executor, m_clock, options);
    Games games(*m_storage, kGames);
    QVERIFY(wait(games.createOne(kA, {"용사", 10})));
    QVERIFY(wait(games.createOne(kB, {"Bob", 20})));
    QVERIFY(wait(games.createOne(kC, {"Carol", 30})));
}

void TypedStorageTest::cleanup()
{
    m_storage.reset();
    m_executor.runAll();
}

void TypedStorageTest::listsGiveValuesAndTheNextPage()
{
    Games games(*m_storage, kGames);
    FindOptions options;
    options.sort = {{json::Pointer::parse("/gold").value(), true}};
    options.limit = 2;
    auto page = wait(games.findMany(options));
    QVERIFY(page.has_value());
    QCOMPARE(page->documents.size(), std::size_t(2));
    QCOMPARE(page->documents[0].value.name, std::string("Carol"));
    QCOMPARE(page->documents[1].id, kB);
    QCOMPARE(page->documents[1].version, ServerSeq(1));
    QVERIFY(page->nextPageToken.has_value());
    options.pageToken = *page->nextPageToken;
    page = wait(games.findMany(options));
    QVERIFY(page.has_value());
    QCOMPARE(page->documents.size(), std::size_t(1));
    QCOMPARE(page->documents[0].value.name, std::string("용사"));

    QVERIFY(wait(m_storage->createOne(kGames, DocumentId("odd"), *json::parse(R"({"gold":1})"), {})));
    QCOMPARE(wait(games.findMany()).error().code, ErrorCode::InvalidValue);
}

void TypedStorageTest::listOfSomeFieldsIsRefused()
{
    Games games(*m_storage, kGames);
    FindOptions options;
    options.fields = {json::Pointer::parse("/gold").value()};
    QCOMPARE(wait(games.findMany(options)).error().code, ErrorCode::Invalid);
}

void TypedStorageTest::patchGivesTheValueAfterIt()
{
    Games games(*m_storage, kGames);
    const auto patch = json::Patch::fromJson(*json::parse(R"([{"op":"inc","path":"/gold","value":5}])"));
    QVERIFY(patch.has_value());
    const auto edited = wait(games.updateOne(kA, *patch));
    QVERIFY(edited.has_value());
    QCOMPARE(edited->value.gold, std::int64_t(15));
    QCOMPARE(edited->version, ServerSeq(2));
    QCOMPARE(edited->diff.patch().operations().size(), std::size_t(1));
    QCOMPARE(wait(games.updateOne(kA, *patch, {.ifVersion = ServerSeq(1)})).error().code, ErrorCode::VersionConflict);
}

void TypedStorageTest::sectionIsEditedAsATypeOfItsOwn()
{
    Games games(*m_storage, kGames);
    const auto section = json::Pointer::parse("/stats").value();
    const auto edited = wait(games.editSection<Stats>(kA, section, [](Stats &stats) -> Result<> {
        ++stats.wins;
        return {};
    }));
    QVERIFY(edited.has_value());
    QCOMPARE(edited->value.stats.wins, std::int64_t(1));
    const auto plain = wait(games.editSection<json::Value>(kA, json::Pointer::parse("/gold").value(), [](json::Value &gold) -> Result<> {
        gold = gold.as_int64() * 3;
        return {};
    }));
    QVERIFY(plain.has_value());
    QCOMPARE(plain->value.gold, std::int64_t(30));
    QCOMPARE(plain->version, ServerSeq(3));
}

void TypedStorageTest::sectionOfAnotherShapeIsRefused()
{
    Games games(*m_storage, kGames);
    const auto edited = wait(games.editSection<Stats>(kA, json::Pointer::parse("/gold").value(), [](Stats &) -> Result<> { return {}; }));
    QCOMPARE(edited.error().code, ErrorCode::InvalidValue);
    const auto found = wait(games.findOne(kA));
    QVERIFY2(found.has_value(), found ? "" : found.error().toString().c_str());
    QCOMPARE(found->version.value(), std::int64_t(1));
}

void TypedStorageTest::transactionEditsValuesTogether()
{
    Games games(*m_storage, kGames);
    const auto moved = wait(games.transaction({kB, kA}, [](std::map<DocumentId, Game> &both) -> Result<> {
        both.at(kA).gold += 7;
        both.at(kB).gold -= 7;
        return {};
    }));
    QVERIFY(moved.has_value());
    QCOMPARE(moved->size(), std::size_t(2));
    QCOMPARE((*moved)[0].value.gold, std::int64_t(13));
    QCOMPARE((*moved)[1].value.gold, std::int64_t(17));
    QCOMPARE((*moved)[1].diff.patch().operations().size(), std::size_t(1));
}

void TypedStorageTest::transactionThatFailsChangesNothing()
{
    Games games(*m_storage, kGames);
    const auto refused = wait(games.transaction({kA, kB}, [](std::map<DocumentId, Game> &both) -> Result<> {
        both.at(kA).gold = 0;
        return failure(ErrorCode::Invalid, "no");
    }));
    QCOMPARE(refused.error().code, ErrorCode::Invalid);
    QCOMPARE(wait(games.findOne(kA))->value.gold, std::int64_t(10));
}

void TypedStorageTest::watchGivesValuesAndDeletes()
{
    Games games(*m_storage, kGames);
    std::string seen;
    auto handle = games.watch(m_executor, [&](const Games::Change &change) {
        seen += change.id.text() + std::to_string(change.version.value())
            + (change.value ? ":" + std::to_string(change.value->gold) : change.deleted ? " gone" : " ?") + '\n';
    });
    QVERIFY(wait(games.findOneAndUpdate(kA, [](Game &game) -> Result<> { ++game.gold; return {}; })));
    QVERIFY(wait(games.deleteOne(kA)));
    m_executor.runAll();
    QCOMPARE(seen, std::string("a2:11\na3 gone\n"));
    handle.reset();
    QVERIFY(wait(games.deleteOne(kB)));
    m_executor.runAll();
    QCOMPARE(seen, std::string("a2:11\na3 gone\n"));
}

void TypedStorageTest::watchTellsOfWhatIsNoValue()
{
    Games games(*m_storage, kGames);
    std::optional<Games::Change> last;
    auto handle = games.watch(m_executor, [&](const Games::Change &change) { last = change; });
    QVERIFY(wait(m_storage->createOne(kGames, DocumentId("odd"), *json::parse(R"({"gold":1})"), {})));
    m_executor.runAll();
    QVERIFY(last.has_value());
    QVERIFY(!last->value && !last->deleted);
    QVERIFY(last->error.has_value());
    QCOMPARE(last->error->code, ErrorCode::InvalidValue);
}

} // namespace eventsync::test
