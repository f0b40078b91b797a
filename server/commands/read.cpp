// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>

#include <server/commands/command.h>
#include <server/program.h>
#include <server/store.h>

#include <QFileInfo>

#include <charconv>
#include <cstdio>

namespace eventsync::server {

namespace {

using eventlog::EventStore;

Result<std::string> stateText(storage::Backend &backend, const DocumentId &id, std::optional<ServerSeq> at)
{
    EVENTSYNC_TRY(const auto view, backend.view());
    EventStore store(*view);
    const auto missing = [&] { return failure(ErrorCode::NotFound, "there is no document " + id.text()); };
    if (at) {
        EVENTSYNC_TRY(const auto row, store.document(id));
        if (!row)
            return missing();
        EVENTSYNC_TRY(const DocumentState state, store.stateAt(*row, *at));
        return state.exists() ? Result<std::string>(state.canonical()) : Result<std::string>(missing());
    }
    EVENTSYNC_TRY(const auto loaded, store.load(id));
    if (!loaded || !loaded->state.exists())
        return missing();
    return loaded->state.canonical();
}

struct StoreStats
{
    std::int64_t documents = 0, deleted = 0, events = 0, snapshots = 0, clients = 0, fileBytes = 0;
};

Result<std::int64_t> countRows(storage::ReadView &view, const char *set)
{
    std::int64_t count = 0;
    EVENTSYNC_CHECK(view.scan({.set = set}, [&](const storage::Row &) {
        ++count;
        return true;
    }));
    return count;
}

Result<StoreStats> storeStats(storage::Backend &backend, const Configuration &configuration)
{
    EVENTSYNC_TRY(const auto view, backend.view());
    StoreStats stats;
    EVENTSYNC_CHECK(view->scan({.set = eventlog::sets::kDocuments}, [&](const storage::Row &row) {
        ++stats.documents;
        stats.deleted += eventlog::integerOf(row, eventlog::document::Deleted).value_or(0);
        return true;
    }));
    EVENTSYNC_TRY(stats.events, countRows(*view, eventlog::sets::kEvents));
    EVENTSYNC_TRY(stats.snapshots, countRows(*view, eventlog::sets::kSnapshots));
    EVENTSYNC_TRY(stats.clients, countRows(*view, eventlog::sets::kClients));
    stats.fileBytes = QFileInfo(QString::fromStdString(configuration.storePath())).size();
    return stats;
}

} // namespace

Result<std::optional<std::int64_t>> numberOption(const Invocation &invocation, const char *name)
{
    if (!invocation.has(name))
        return std::nullopt;
    const std::string text = invocation.value(name);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0)
        return failure(ErrorCode::InvalidValue, std::string("--") + name + " is a number");
    return number;
}

int runShow(const CommandContext &context)
{
    const auto id = documentIdFrom(context.invocation.arguments[0]);
    const auto at = numberOption(context.invocation, "at");
    if (!id || !at) {
        complain(id ? at.error().message : id.error().message);
        return exitcode::kBadOption;
    }
    auto backend = openStore(context.configuration, StoreUse::ReadOnly);
    if (!backend)
        return storeFailed(backend.error());
    const auto text = stateText(**backend, *id, *at ? std::optional(ServerSeq(**at)) : std::nullopt);
    if (!text)
        return storeFailed(text.error());
    std::printf("%s\n", text->c_str());
    return exitcode::kDone;
}

int runStats(const CommandContext &context)
{
    auto backend = openStore(context.configuration, StoreUse::ReadOnly);
    if (!backend)
        return storeFailed(backend.error());
    const auto stats = storeStats(**backend, context.configuration);
    if (!stats)
        return storeFailed(stats.error());
    if (context.invocation.has("json")) {
        std::printf("%s\n", json::canonical(json::Object{{"documents", stats->documents}, {"deleted", stats->deleted},
                                                         {"events", stats->events}, {"snapshots", stats->snapshots},
                                                         {"clients", stats->clients}, {"fileBytes", stats->fileBytes}})
                                .c_str());
        return exitcode::kDone;
    }
    const auto line = [](const char *name, std::int64_t value) { std::printf("%-12s %lld\n", name, static_cast<long long>(value)); };
    line("documents", stats->documents - stats->deleted);
    line("deleted", stats->deleted);
    line("events", stats->events);
    line("snapshots", stats->snapshots);
    line("clients", stats->clients);
    line("file bytes", stats->fileBytes);
    return exitcode::kDone;
}

} // namespace eventsync::server
