// SPDX-License-Identifier: Apache-2.0
#include "logworld.h"

#include <eventsync/base/assert.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/sqlitebackend.h>

namespace eventsync::test {

using namespace storage;
using namespace eventlog;

LogWorld::LogWorld(Kind which, std::int64_t snapshotEvery, CollectionPolicy policy, DocumentKind documentKind)
    : kind(which), m_snapshotEvery(snapshotEvery), m_policy(std::move(policy)), m_documentKind(documentKind)
{
    reopenStore();
}

LogWorld::~LogWorld()
{
    close();
    backend.reset();
    executor.runAll();
}

void LogWorld::reopenStore()
{
    close();
    if (kind == Kind::Sqlite) {
        backend.reset();
        SqliteBackend::Options options;
        options.durability = SqliteBackend::Durability::Off;
        auto opened = SqliteBackend::open(m_folder.filePath(QStringLiteral("store")).toStdString(), eventlog::schema(), options);
        EVENTSYNC_ASSERT(opened.has_value());
        backend = std::move(*opened);
    } else if (!backend) {
        backend = std::make_unique<MemoryBackend>(eventlog::schema(), kind == Kind::InFlight ? MemoryBackend::Completion::InFlight
                                                                                             : MemoryBackend::Completion::AtOnce);
    }
    open();
}

void LogWorld::open()
{
    DocumentEngine::Options options{.snapshotEvery = m_snapshotEvery, .maintenance = maintenance};
    options.policies.set(collection, m_policy);
    engine = std::make_unique<DocumentEngine>(*backend, executor, clock, random, options);
    documents = std::make_unique<EventSourcedStorage>(*engine, collection, EventSourcedStorage::Options{.kind = m_documentKind});
}

void LogWorld::close()
{
    documents.reset();
    engine.reset();
}

void LogWorld::settle()
{
    bool settled = false;
    engine->settle([&] { settled = true; });
    EVENTSYNC_ASSERT(executor.runUntil([&] { return settled; }));
}

Result<> LogWorld::change(Batch batch)
{
    std::optional<Result<Committed>> answer;
    backend->commit(std::move(batch), executor, [&](Result<Committed> result) { answer = std::move(result); });
    EVENTSYNC_ASSERT(executor.runUntil([&] { return answer.has_value(); }));
    EVENTSYNC_CHECK(*answer);
    return {};
}

std::unique_ptr<ReadView> LogWorld::view()
{
    auto made = backend->view();
    EVENTSYNC_ASSERT(made.has_value());
    return std::move(*made);
}

std::vector<Row> LogWorld::rows(const std::string &set)
{
    std::vector<Row> found;
    const auto scanned = view()->scan({.set = set}, [&](const Row &row) {
        found.push_back(row);
        return true;
    });
    EVENTSYNC_ASSERT(scanned.has_value());
    return found;
}

Result<EditResult> LogWorld::set(const DocumentId &id, const std::string &client, std::int64_t n)
{
    return wait(documents->updateDocument(
        id,
        [n](json::Value &value) -> Result<> {
            value.as_object()["n"] = n;
            return {};
        },
        ClientId(client)));
}

void LogWorld::write(const DocumentId &id, int events)
{
    EVENTSYNC_ASSERT(wait(documents->createDocument(id, json::Object{{"n", 1}}, ClientId("a"))).has_value());
    for (int i = 2; i <= events; ++i) {
        clock.advance(std::chrono::milliseconds(10));
        EVENTSYNC_ASSERT(set(id, i % 2 == 0 ? "b" : "a", i).has_value());
    }
    settle();
}

} // namespace eventsync::test
