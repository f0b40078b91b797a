// SPDX-License-Identifier: Apache-2.0
#include "documentstoragetest.h"

#include <eventsync/storage/limits.h>
#include <eventsync/storage/typedstorage.h>

#include <support/throwingbackend.h>

#include <QDateTime>
#include <QTest>
#include <QTimeZone>

namespace eventsync::test {

using namespace storage;

class GameState
{
    Q_GADGET
    Q_PROPERTY(QString id MEMBER id)
    Q_PROPERTY(QString name MEMBER name)
    Q_PROPERTY(qint64 gold MEMBER gold)
    Q_PROPERTY(qint64 experience MEMBER experience)
    Q_PROPERTY(int level MEMBER level)
    Q_PROPERTY(QDateTime lastUpdated MEMBER lastUpdated)
    Q_PROPERTY(qint64 version MEMBER version)

public:
    QString id, name;
    qint64 gold = 0, experience = 0;
    int level = 1;
    QDateTime lastUpdated;
    qint64 version = 0;
};

namespace {

const CollectionName kGames("games");
const DocumentId kA("a"), kB("b");

json::Value value(const char *text)
{
    return *json::parse(text);
}

EditFunction addGold(std::int64_t amount)
{
    return [amount](json::Value &game) -> Result<> {
        game.as_object()["gold"] = game.as_object()["gold"].as_int64() + amount;
        return {};
    };
}

Result<> nothing(json::Value &)
{
    return {};
}

} // namespace

void DocumentStorageTest::init()
{
    m_backend = std::make_unique<MemoryBackend>(Schema{1, {DocumentStorage::recordSet()}});
    DocumentStorage::Options options;
    options.policies.set(kGames, CollectionPolicy::games());
    options.cache = {.entries = 3, .timeToLive = std::chrono::milliseconds(1000), .hotHits = 3, .metrics = &m_metrics};
    m_storage = std::make_unique<DocumentStorage>(*m_backend, m_executor, m_clock, options);
}

void DocumentStorageTest::cleanup()
{
    m_storage.reset();
    m_executor.runAll();
}

void DocumentStorageTest::writeBehind(const char *id, int version, const char *json)
{
    ManualExecutor own;
    m_backend->commit(Batch().put("documents", {std::string(id), std::string("games"), std::int64_t(version), std::string(json)}),
                      own, [](Result<Committed> done) { QVERIFY(done); });
    own.runAll();
}

std::size_t DocumentStorageTest::stored(const char *id, std::string *json)
{
    const auto row = *(*m_backend->view())->get("documents", {std::string(id)});
    if (!row)
        return 0;
    if (json)
        *json = std::get<std::string>((*row)[3]);
    return static_cast<std::size_t>(std::get<std::int64_t>((*row)[2]));
}

void DocumentStorageTest::editGivesValueDiffAndVersion()
{
    auto created = wait(m_storage->createOne(kGames, kA, value(R"({"gold":100,"name":"x"})"), {}));
    QVERIFY(created);
    QCOMPARE(created->document.version, ServerSeq(1));
    auto edited = wait(m_storage->findOneAndUpdate(kA, addGold(50), {}));
    QVERIFY(edited);
    QCOMPARE(json::canonical(edited->document.value), R"({"gold":150,"name":"x","version":2})");
    QCOMPARE(json::canonical(edited->diff.patch().toJson()), R"([{"op":"inc","path":"/gold","value":50}])");
    QCOMPARE(json::canonical(*edited->diff.mergePatch()), R"({"gold":150})");
    QCOMPARE(edited->diff.version(), ServerSeq(2));
    std::string text;
    QCOMPARE(stored("a", &text), std::size_t(2));
    QCOMPARE(text, R"({"gold":150,"name":"x"})"); // `version` is the engine's: no part of the state
    QCOMPARE(wait(m_storage->createOne(kGames, kA, value("{}"), {})).error().code, ErrorCode::DocumentExists);
    QCOMPARE(wait(m_storage->createOne(CollectionName("notes"), kA, value("{}"), {})).error().code, ErrorCode::WrongCollection);
    for (const char *folder : {".", ".."})
        QCOMPARE(wait(m_storage->createOne(kGames, DocumentId(folder), value("{}"), {})).error().code, ErrorCode::InvalidValue);
    QCOMPARE(wait(m_storage->findOneAndUpdate(kB, nothing, {})).error().code, ErrorCode::NotFound);
    QCOMPARE(wait(m_storage->findOne(kB)).error().code, ErrorCode::NotFound);
}

void DocumentStorageTest::editThatChangesNothingWritesNothing() // G7
{
    QVERIFY(wait(m_storage->findOneAndUpsert(kGames, kA, value(R"({"gold":1})"), nothing, {})));
    m_backend->failNextCommits({ErrorCode::IoError, "no commit was expected"});
    auto same = wait(m_storage->findOneAndUpsert(kGames, kA, value(R"({"gold":7})"), nothing, {}));
    QVERIFY(same);
    QVERIFY(!same->diff.hasChanges());
    QCOMPARE(same->document.version, ServerSeq(1));
    auto engine = wait(m_storage->findOneAndUpdate(kA, [](json::Value &game) -> Result<> {
        game.as_object()["version"] = 99;
        return {};
    }, {}));
    QVERIFY(engine);
    QCOMPARE(stored("a"), std::size_t(1));
}

void DocumentStorageTest::editsOfOneDocumentQueueUp() // G6
{
    m_backend = std::make_unique<MemoryBackend>(Schema{1, {DocumentStorage::recordSet()}}, MemoryBackend::Completion::InFlight);
    m_storage = std::make_unique<DocumentStorage>(*m_backend, m_executor, m_clock, DocumentStorage::Options());
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":0})"), {})));
    std::vector<QFuture<Result<EditResult>>> all;
    for (int i = 0; i < 200; ++i)
        all.push_back(m_storage->findOneAndUpdate(kA, addGold(1), {}));
    for (auto &one : all)
        QVERIFY(wait(one));
    QCOMPARE(wait(m_storage->findOne(kA))->value.at("gold").as_int64(), std::int64_t(200));
    QCOMPARE(stored("a"), std::size_t(201));
}

void DocumentStorageTest::editIsComputedAgainWhenAnotherWriterWasFirst() // G6
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    int calls = 0;
    auto edited = wait(m_storage->findOneAndUpdate(kA, [&](json::Value &game) -> Result<> {
        if (++calls == 1)
            writeBehind("a", 2, R"({"gold":1000})");
        return addGold(5)(game);
    }, {}));
    QVERIFY(edited);
    QCOMPARE(calls, 2);
    QCOMPARE(edited->document.value.at("gold").as_int64(), std::int64_t(1005));
    QCOMPARE(stored("a"), std::size_t(3));
}

void DocumentStorageTest::triesAreBounded() // G6
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    int calls = 0;
    auto edited = wait(m_storage->findOneAndUpdate(kA, [&](json::Value &game) -> Result<> {
        writeBehind("a", ++calls + 1, R"({"gold":7})");
        return addGold(5)(game);
    }, {}));
    QCOMPARE(edited.error().code, ErrorCode::VersionConflict);
    QCOMPARE(calls, limits::kOptimisticTries);
    std::string text;
    stored("a", &text);
    QCOMPARE(text, R"({"gold":7})");
}

void DocumentStorageTest::editsErrorComesBackAndChangesNothing()
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    auto refused = wait(m_storage->findOneAndUpdate(kA, [](json::Value &game) -> Result<> {
        game.as_object()["gold"] = 0;
        return failure(ErrorCode::Invalid, "too poor", "/gold");
    }, {}));
    QCOMPARE(refused.error(), (Error{ErrorCode::Invalid, "too poor", "/gold"}));
    QCOMPARE(wait(m_storage->findOneAndUpdate(kA, addGold(-2), {})).error().code, ErrorCode::Invalid); // gold min 0
    auto nan = wait(m_storage->findOneAndUpdate(kA, [](json::Value &game) -> Result<> {
        game.as_object()["name"] = std::numeric_limits<double>::quiet_NaN();
        return {};
    }, {}));
    QCOMPARE(nan.error().code, ErrorCode::InvalidValue);
    m_backend->failNextCommits({ErrorCode::StoreFull, "full"});
    QCOMPARE(wait(m_storage->findOneAndUpdate(kA, addGold(1), {})).error().code, ErrorCode::StoreFull);
    QCOMPARE(wait(m_storage->findOne(kA))->value.at("gold").as_int64(), std::int64_t(1));
    QVERIFY(wait(m_storage->findOneAndUpdate(kA, addGold(1), {}))); // the document is not stuck
}

void DocumentStorageTest::whatAnEditThrowsComesBackAndBlocksNothing_data()
{
    QTest::addColumn<int>("door");
    QTest::newRow("an edit") << 0;
    QTest::newRow("an edit that creates") << 1;
    QTest::newRow("an edit of a section") << 2;
    QTest::newRow("a transaction") << 3;
}

void DocumentStorageTest::whatAnEditThrowsComesBackAndBlocksNothing()
{
    QFETCH(int, door);
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1,"name":"a"})"), {})));
    const EditFunction edit = [](json::Value &game) -> Result<> {
        game.at("name").as_int64(); // what Boost.JSON throws
        return {};
    };
    const EditFunction editName = [](json::Value &name) -> Result<> {
        name.as_int64();
        return {};
    };
    Error error;
    switch (door) {
    case 0:
        error = wait(m_storage->findOneAndUpdate(kA, edit, {})).error();
        break;
    case 1:
        error = wait(m_storage->findOneAndUpsert(kGames, kA, value("{}"), edit, {})).error();
        break;
    case 2:
        error = wait(m_storage->editSection(kA, *json::Pointer::parse("/name"), editName, {})).error();
        break;
    default:
        error = wait(m_storage->transaction({kA}, [&](auto &games) { return edit(games.at(kA)); }, {})).error();
        break;
    }
    QCOMPARE(error.code, ErrorCode::Invalid);
    QVERIFY2(error.message.find("exception") != std::string::npos, error.message.c_str());
    QVERIFY(wait(m_storage->findOneAndUpdate(kA, addGold(1), {}))); // the document is not stuck
    std::string text;
    QCOMPARE(stored("a", &text), std::size_t(2));
    QCOMPARE(text, R"({"gold":2,"name":"a"})");
}

void DocumentStorageTest::aWatchThatThrowsHearsTheNextChange()
{
    int heard = 0;
    const auto handle = m_storage->watch(kGames, m_executor, [&](const StorageChange &) {
        ++heard;
        throw std::runtime_error("not now");
    });
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    QVERIFY(wait(m_storage->findOneAndUpdate(kA, addGold(1), {})));
    m_executor.runAll();
    QCOMPARE(heard, 2);
}

void DocumentStorageTest::whatABackendThrowsEndsTheEdit()
{
    ThrowingBackend backend(Schema{1, {DocumentStorage::recordSet()}});
    DocumentStorage storage(backend, m_executor, m_clock, {});
    backend.throwsAtRead = true;
    QCOMPARE(wait(storage.createOne(kGames, kA, value("{}"), {})).error().code, ErrorCode::Invalid);
    backend.throwsAtRead = false;
    backend.throwsAtCommit = true;
    QCOMPARE(wait(storage.createOne(kGames, kA, value("{}"), {})).error().code, ErrorCode::Invalid);
    backend.throwsAtCommit = false;
    QVERIFY(wait(storage.createOne(kGames, kA, value("{}"), {})));
}

void DocumentStorageTest::namesThatCannotBeReadAgainAreRefused()
{
    QCOMPARE(wait(m_storage->createOne(kGames, DocumentId("not allowed/id"), value("{}"), {})).error().code, ErrorCode::InvalidValue);
    QCOMPARE(wait(m_storage->createOne(kGames, DocumentId(std::string(200, 'a')), value("{}"), {})).error().code,
             ErrorCode::InvalidValue);
    QCOMPARE(wait(m_storage->createOne(CollectionName("events"), kA, value("{}"), {})).error().code, ErrorCode::InvalidValue);
}

void DocumentStorageTest::ifVersionIsNotRetried()
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    EditOptions options;
    options.ifVersion = ServerSeq(1);
    writeBehind("a", 2, R"({"gold":9})");
    QCOMPARE(wait(m_storage->findOneAndUpdate(kA, addGold(1), options)).error().code, ErrorCode::VersionConflict);
    options.ifVersion = ServerSeq(2);
    QCOMPARE(wait(m_storage->updateOne(kA, *json::Patch::fromJson(value(R"([{"op":"inc","path":"/gold","value":1}])")), options))
                 ->document.version, ServerSeq(3));
}

void DocumentStorageTest::versionGoesOnAfterDeleteAndCreate() // G2
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    QCOMPARE(*wait(m_storage->deleteOne(kA, {})), ServerSeq(2));
    QCOMPARE(wait(m_storage->findOne(kA)).error().code, ErrorCode::NotFound);
    QCOMPARE(wait(m_storage->deleteOne(kA, {})).error().code, ErrorCode::NotFound);
    QCOMPARE(wait(m_storage->createOne(kGames, kA, value(R"({"gold":2})"), {}))->document.version, ServerSeq(3));
}

void DocumentStorageTest::sectionIsNotEditedAgainForChangesElsewhere()
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"bag":{"n":1},"gold":1})"), {})));
    int calls = 0;
    const auto edit = [&](json::Value &bag) -> Result<> {
        if (++calls == 1)
            writeBehind("a", 2, R"({"bag":{"n":1},"gold":500})");
        bag.as_object()["n"] = bag.as_object()["n"].as_int64() + 1;
        return {};
    };
    auto edited = wait(m_storage->editSection(kA, *json::Pointer::parse("/bag"), edit, {}));
    QVERIFY(edited);
    QCOMPARE(calls, 1);
    QCOMPARE(json::canonical(edited->document.value), R"({"bag":{"n":2},"gold":500,"version":3})");
    QCOMPARE(wait(m_storage->editSection(kA, *json::Pointer::parse("/no"), edit, {})).error().code, ErrorCode::PatchFailed);
}

void DocumentStorageTest::transactionIsAllOrNothing() // G5
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":10})"), {})));
    QVERIFY(wait(m_storage->createOne(kGames, kB, value(R"({"gold":0})"), {})));
    const auto pay = [](std::int64_t amount) {
        return [amount](std::map<DocumentId, json::Value> &games) -> Result<> {
            EVENTSYNC_CHECK(addGold(-amount)(games.at(kA)));
            return addGold(amount)(games.at(kB));
        };
    };
    std::vector<QFuture<Result<std::vector<EditResult>>>> all;
    for (int i = 0; i < 4; ++i)
        all.push_back(m_storage->transaction(i % 2 ? std::vector{kA, kB} : std::vector{kB, kA}, pay(3), {}));
    for (int i = 0; i < 3; ++i)
        QVERIFY(wait(all[static_cast<std::size_t>(i)]));
    QCOMPARE(wait(all[3]).error().code, ErrorCode::Invalid); // gold would be -2
    QCOMPARE(wait(m_storage->findOne(kA))->value.at("gold").as_int64(), std::int64_t(1));
    QCOMPARE(wait(m_storage->findOne(kB))->value.at("gold").as_int64(), std::int64_t(9));
    QCOMPARE(wait(m_storage->transaction({kA, kA}, pay(1), {})).error().code, ErrorCode::Invalid);
    QCOMPARE(wait(m_storage->transaction({kA, DocumentId("c")}, pay(1), {})).error().code, ErrorCode::NotFound);
    QVERIFY(wait(m_storage->findOneAndUpdate(kB, addGold(1), {}))); // nobody is left waiting
}

void DocumentStorageTest::listsFilterSortAndPage()
{
    for (int i = 0; i < 25; ++i) {
        const std::string text = R"({"gold":)" + std::to_string(i % 5) + R"(,"name":"n)" + std::to_string(i) + R"("})";
        QVERIFY(wait(m_storage->createOne(kGames, DocumentId("d" + std::to_string(100 + i)), value(text.c_str()), {})));
    }
    QVERIFY(wait(m_storage->createOne(CollectionName("notes"), DocumentId("x"), value(R"({"gold":3})"), {})));
    QVERIFY(wait(m_storage->deleteOne(DocumentId("d100"), {})));
    FindOptions options;
    options.filter = *json::Filter::fromJson(value(R"({"path":"/gold","op":"ge","value":3})"));
    options.sort = *json::sortKeysFrom("-/gold");
    options.fields = *json::fieldsFrom("/gold");
    options.limit = 4;
    std::string seen;
    for (int pages = 0; pages < 10; ++pages) {
        auto page = wait(m_storage->findMany(kGames, options));
        QVERIFY(page);
        for (const StoredDocument &one : page->documents)
            seen += one.id.text() + json::canonical(one.value) + " ";
        if (!page->nextPageToken)
            break;
        QCOMPARE(page->documents.size(), std::size_t(4));
        options.pageToken = *page->nextPageToken;
    }
    QCOMPARE(seen, R"(d104{"gold":4} d109{"gold":4} d114{"gold":4} d119{"gold":4} d124{"gold":4} )"
                   R"(d103{"gold":3} d108{"gold":3} d113{"gold":3} d118{"gold":3} d123{"gold":3} )");
    options.pageToken = "nonsense";
    QCOMPARE(wait(m_storage->findMany(kGames, options)).error().code, ErrorCode::InvalidValue);
    FindOptions plain;
    plain.limit = 20;
    auto first = wait(m_storage->findMany(kGames, plain));
    QCOMPARE(first->documents.front().id.text(), "d101");
    plain.pageToken = *first->nextPageToken;
    auto second = wait(m_storage->findMany(kGames, plain));
    QCOMPARE(second->documents.size(), std::size_t(4));
    QVERIFY(!second->nextPageToken);
}

void DocumentStorageTest::aPageEndsAtItsBytes()
{
    for (int i = 0; i < 9; ++i) {
        const std::string text = R"({"text":")" + std::string(1'000, 'x') + R"(","n":)" + std::to_string(9 - i) + "}";
        QVERIFY(wait(m_storage->createOne(kGames, DocumentId("d" + std::to_string(i)), value(text.c_str()), {})));
    }
    for (const char *sort : {"", "/n"}) {
        FindOptions options;
        options.sort = *json::sortKeysFrom(sort);
        options.bytes = 2'500;
        std::string seen;
        for (int pages = 0; pages < 9; ++pages) {
            auto page = wait(m_storage->findMany(kGames, options));
            QVERIFY(page);
            QCOMPARE(page->documents.size(), std::size_t(pages < 4 ? 2 : 1));
            for (const StoredDocument &one : page->documents)
                seen += one.id.text() + " ";
            if (!page->nextPageToken)
                break;
            options.pageToken = *page->nextPageToken;
        }
        QCOMPARE(seen, std::string(*sort == 0 ? "d0 d1 d2 d3 d4 d5 d6 d7 d8 " : "d8 d7 d6 d5 d4 d3 d2 d1 d0 "));
    }
    FindOptions tiny;
    tiny.bytes = 10;
    QCOMPARE(wait(m_storage->findMany(kGames, tiny))->documents.size(), std::size_t(1)); // one in any case
}

void DocumentStorageTest::watchTellsChangesInOrder()
{
    std::string seen;
    auto handle = m_storage->watch(kGames, m_executor, [&](const StorageChange &change) {
        seen += change.id.text() + std::to_string(change.version.value()) + (change.deleted ? "-" : "+")
            + std::to_string(change.diff.patch().operations().size()) + (change.value ? "v " : " ");
    });
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    QVERIFY(wait(m_storage->createOne(CollectionName("notes"), kB, value("{}"), {})));
    QVERIFY(wait(m_storage->findOneAndUpdate(kA, addGold(1), {})));
    QVERIFY(wait(m_storage->findOneAndUpdate(kA, nothing, {})));
    QVERIFY(wait(m_storage->deleteOne(kA, {})));
    m_executor.runAll();
    QCOMPARE(seen, "a1+1v a2+1v a3-0 ");
    handle.reset();
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    m_executor.runAll();
    QCOMPARE(seen, "a1+1v a2+1v a3-0 ");
}

void DocumentStorageTest::cacheAnswersUntilItsTimeIsOver()
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    const auto &hits = m_metrics.counter("eventsync_cache_hits_total", "");
    const auto before = hits.value();
    writeBehind("a", 2, R"({"gold":9})");
    QCOMPARE(wait(m_storage->findOne(kA))->value.at("gold").as_int64(), std::int64_t(1));
    QCOMPARE(hits.value(), before + 1);
    m_clock.advance(std::chrono::milliseconds(1000));
    QCOMPARE(wait(m_storage->findOne(kA))->value.at("gold").as_int64(), std::int64_t(9));
    QCOMPARE(hits.value(), before + 1);
}

void DocumentStorageTest::hotDocumentIsReadAgainBeforeItsTimeIsOver()
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    writeBehind("a", 2, R"({"gold":9})");
    for (int i = 0; i < 3; ++i)
        QVERIFY(wait(m_storage->findOne(kA)));
    m_clock.advance(std::chrono::milliseconds(800));
    QCOMPARE(wait(m_storage->findOne(kA))->value.at("gold").as_int64(), std::int64_t(1)); // answered at once
    m_executor.runAll();
    QCOMPARE(wait(m_storage->findOne(kA))->value.at("gold").as_int64(), std::int64_t(9)); // read meanwhile
}

void DocumentStorageTest::cacheStaysSmall()
{
    auto &evictions = m_metrics.counter("eventsync_cache_evictions_total", "");
    const auto before = evictions.value();
    for (int i = 0; i < 5; ++i)
        QVERIFY(wait(m_storage->createOne(kGames, DocumentId("d" + std::to_string(i)), value(R"({"gold":1})"), {})));
    QCOMPARE(evictions.value(), before + 2);
}

void DocumentStorageTest::cacheIsBoundedInHeldBytesAndByTheAccount()
{
    constexpr std::size_t kHeld = 16'000; // of the array: 3 KB of text
    const auto document = [](const char *id) {
        return std::make_shared<const StoredDocument>(
            StoredDocument{DocumentId(id), kGames, ServerSeq(1), json::Value(json::Array(kHeld / sizeof(json::Value), json::Value(0)))});
    };
    FakeClock clock;
    const auto account = std::make_shared<MemoryAccount>(10 * kHeld);
    DocumentCache cache(clock, {.bytes = 3 * kHeld, .memory = account});
    for (const char *id : {"a", "b", "c", "d"})
        cache.put(document(id));
    QCOMPARE(cache.size(), std::size_t(2)); // with what stands beside them, three are too much
    QVERIFY(!cache.find(DocumentId("b")).document);
    QVERIFY(cache.find(DocumentId("c")).document);
    QVERIFY(account->bytes(MemoryOwner::Cache) >= 2 * kHeld && account->bytes(MemoryOwner::Cache) <= 3 * kHeld);
    MemoryCharge other(account, MemoryOwner::Documents);
    other.set(9 * kHeld);
    cache.put(document("e"));
    QCOMPARE(cache.size(), std::size_t(0)); // others need the memory more
    other.set(0);
    cache.put(document("f"));
    QCOMPARE(cache.size(), std::size_t(1));
    cache.remove(DocumentId("f"));
    QCOMPARE(account->bytes(), std::size_t(0));
}

void DocumentStorageTest::everyFutureEndsWhenTheStorageGoes()
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"gold":1})"), {})));
    auto found = m_storage->findOne(kB);
    auto edited = m_storage->findOneAndUpdate(kA, addGold(1), {});
    auto queued = m_storage->findOneAndUpdate(kA, addGold(1), {});
    m_executor.runOne();
    m_executor.runOne(); // the edit is committed and not answered
    m_executor.runOne();
    m_storage.reset();
    m_executor.runAll();
    QVERIFY(found.isFinished() && edited.isFinished() && queued.isFinished());
    QCOMPARE(queued.result().error().code, ErrorCode::Cancelled);
    QCOMPARE(edited.result().error().code, ErrorCode::Cancelled);
}

void DocumentStorageTest::typedStorageEditsAGadget()
{
    TypedStorage<GameState> games(*m_storage, kGames);
    GameState game;
    game.id = QStringLiteral("a");
    game.name = QStringLiteral("용사");
    game.gold = 100;
    game.lastUpdated = QDateTime::fromMSecsSinceEpoch(FakeClock::kStart).toUTC();
    QVERIFY(wait(games.createOne(kA, game)));
    auto edited = wait(games.findOneAndUpdate(kA, [](GameState &g) -> Result<> {
        g.gold += 50;
        g.experience += 100;
        g.lastUpdated = g.lastUpdated.addSecs(1);
        ++g.version;
        return {};
    }));
    QVERIFY(edited);
    QCOMPARE(edited->value.gold, 150);
    QCOMPARE(edited->value.version, 2);
    QCOMPARE(json::canonical(edited->diff.patch().toJson()),
             R"([{"op":"inc","path":"/gold","value":50},{"op":"inc","path":"/experience","value":100},)"
             R"({"op":"max","path":"/lastUpdated","value":"2026-11-21T09:00:01.000Z"}])");
    auto found = wait(games.findOne(kA));
    QCOMPARE(found->value.name, game.name);
    QCOMPARE(found->value.lastUpdated, game.lastUpdated.addSecs(1));
    QCOMPARE(found->version, ServerSeq(2));
    QVERIFY(wait(games.findOneAndUpsert(kB, game, [](GameState &g) -> Result<> { ++g.level; return {}; })));
    QCOMPARE(wait(games.findOne(kB))->value.level, 2);
}

void DocumentStorageTest::gadgetRefusesWhatDoesNotFit()
{
    QVERIFY(wait(m_storage->createOne(kGames, kA, value(R"({"level":"high"})"), {})));
    QVERIFY(wait(m_storage->createOne(kGames, kB, value(R"({"extra":[1],"level":3000000000})"), {})));
    TypedStorage<GameState> games(*m_storage, kGames);
    auto wrong = wait(games.findOne(kA));
    QCOMPARE(wrong.error().code, ErrorCode::InvalidValue);
    QCOMPARE(wrong.error().path, "/level");
    QCOMPARE(wait(games.findOne(kB)).error().path, "/level");
    QVERIFY(wait(m_storage->findOneAndUpdate(kB, [](json::Value &v) -> Result<> { v.as_object()["level"] = 3; return {}; }, {})));
    QVERIFY(wait(games.findOneAndUpdate(kB, [](GameState &g) -> Result<> { g.level = 4; return {}; })));
    QCOMPARE(json::canonical(wait(m_storage->findOne(kB))->value.at("extra")), "[1]"); // not ours, not lost
    const auto late = wait(games.findOneAndUpdate(kB, [](GameState &g) -> Result<> {
        g.lastUpdated = QDateTime(QDate(10000, 1, 1), QTime(0, 0), QTimeZone::utc());
        return {};
    }));
    QCOMPARE(late.error().code, ErrorCode::InvalidValue);
    QCOMPARE(late.error().path, "/lastUpdated");
}

} // namespace eventsync::test

#include "documentstoragetest.moc"
