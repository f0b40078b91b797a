// SPDX-License-Identifier: Apache-2.0
#include <server/store.h>

#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/memorybackend.h>
#include <eventsync/storage/sqlitebackend.h>
#include <eventsync/sync/syncservice.h>

#include <QFileInfo>

namespace eventsync::server {

namespace {

constexpr char kEpoch[] = "epoch"; // in `meta`, milliseconds

storage::Batch epochBatch(const Clock &clock)
{
    storage::Row row(eventlog::meta::Value + 1);
    row[eventlog::meta::Name] = std::string(kEpoch);
    row[eventlog::meta::Value] = clock.wall().value();
    return storage::Batch().put(eventlog::sets::kMeta, std::move(row));
}

} // namespace

Result<std::unique_ptr<storage::Backend>> openStore(const Configuration &configuration, StoreUse use, Metrics *metrics)
{
    if (configuration.store.kind == StoreLocation::Kind::Memory) {
        if (use == StoreUse::ReadOnly)
            return failure(ErrorCode::NotFound, "a store in memory can only be asked through its server");
        return std::make_unique<storage::MemoryBackend>(sync::SyncService::schema());
    }
    const std::string path = configuration.storePath();
    if (use == StoreUse::ReadOnly && !QFileInfo::exists(QString::fromStdString(path)))
        return failure(ErrorCode::NotFound, "there is no store at " + path);
    storage::SqliteBackend::Options options;
    options.durability = configuration.durability;
    options.metrics = metrics;
    options.readOnly = use == StoreUse::ReadOnly;
    if (options.readOnly)
        options.integrity = storage::SqliteBackend::Integrity::None;
    EVENTSYNC_TRY(std::unique_ptr<storage::Backend> backend,
                  storage::SqliteBackend::open(path, sync::SyncService::schema(), options));
    return backend;
}

Result<std::string> storedEpoch(storage::ReadView &view)
{
    EVENTSYNC_TRY(const std::optional<storage::Row> row, view.get(eventlog::sets::kMeta, {std::string(kEpoch)}));
    if (!row)
        return failure(ErrorCode::NotFound, "the store has no epoch yet");
    EVENTSYNC_TRY(const Timestamp since, eventlog::timeOf(*row, eventlog::meta::Value));
    return toText(since);
}

Result<std::string> ensureEpoch(storage::Backend &backend, const Clock &clock)
{
    const auto stored = [&]() -> Result<std::string> {
        EVENTSYNC_TRY(const auto view, backend.view());
        return storedEpoch(*view);
    };
    auto epoch = stored();
    if (epoch || epoch.error().code != ErrorCode::NotFound)
        return epoch;
    EVENTSYNC_CHECK(beginEpoch(backend, clock));
    return stored();
}

Result<> beginEpoch(storage::Backend &backend, const Clock &clock)
{
    EVENTSYNC_CHECK(commitAndWait(backend, epochBatch(clock)));
    return {};
}

} // namespace eventsync::server
