// SPDX-License-Identifier: Apache-2.0
#include <server/store.h>

#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/memorybackend.h>
#include <eventsync/storage/sqlitebackend.h>
#include <eventsync/storage/sqlitebackup.h>
#include <eventsync/storage/systemerror.h>
#include <eventsync/sync/syncservice.h>

#include <server/datafolder.h>
#include <server/limits.h>

#include <QFileInfo>

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

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

std::vector<std::string> reservedFiles(const Configuration &configuration)
{
    std::vector<std::string> files = DataFolder::files(configuration.dataFolder);
    if (configuration.store.kind == StoreLocation::Kind::Sqlite) {
        for (std::string &file : storage::sqliteStoreFiles(configuration.storePath()))
            files.push_back(std::move(file));
    }
    return files;
}

Result<> checkIsFile(const std::string &path)
{
    struct stat found = {};
    if (::stat(path.c_str(), &found) != 0)
        return failure(storage::systemErrorCode(errno, ErrorCode::NotFound), path + ": " + std::strerror(errno));
    if (S_ISDIR(found.st_mode))
        return failure(ErrorCode::NotFound, path + " is a folder");
    return {};
}

Result<std::unique_ptr<storage::Backend>> openStore(const Configuration &configuration, StoreUse use, Metrics *metrics)
{
    if (configuration.store.kind == StoreLocation::Kind::Memory) {
        if (use == StoreUse::ReadOnly)
            return failure(ErrorCode::NotFound, "a store in memory can only be asked through its server");
        return std::make_unique<storage::MemoryBackend>(sync::SyncService::schema());
    }
    const std::string path = configuration.storePath();
    if (use == StoreUse::ReadOnly)
        EVENTSYNC_CHECK(checkIsFile(path));
    storage::SqliteBackend::Options options;
    options.durability = configuration.durability;
    options.readers = limits::kRunningQueries + limits::kLookUpThreads;
    options.metrics = metrics;
    options.beginAnew = configuration.beginStore;
    options.readOnly = use == StoreUse::ReadOnly;
    if (options.readOnly)
        options.integrity = storage::SqliteBackend::Integrity::None;
    auto backend = storage::SqliteBackend::open(path, sync::SyncService::schema(), options);
    if (backend)
        return std::move(*backend);
    Error error = backend.error();
    if (error.code == ErrorCode::Corrupt && use == StoreUse::Serve && QFileInfo(QString::fromStdString(path)).size() == 0)
        error.message += "; the option --create begins a new store there";
    return failure(std::move(error));
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
