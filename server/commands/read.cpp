// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/patch.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>

#include <server/commands/command.h>
#include <server/program.h>
#include <server/store.h>

#include <QFileInfo>
#include <QThread>

#include <charconv>
#include <cstdio>
#include <unordered_map>

namespace eventsync::server {

namespace {

using eventlog::EventStore;
using eventlog::LoggedEvent;
using eventlog::LoggedPtr;

constexpr unsigned long kFollowMs = 200;
constexpr std::size_t kPrintedBytes = 1024 * 1024; // of events, between two looks into the store

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

// A JSON Patch as it is; of a CRDT patch how much it does, and then its operations.
std::string diffText(const Diff &diff)
{
    if (!diff.isCrdt() || !diff.hasChanges())
        return json::canonical(diff.toJson());
    const auto patch = crdt::Patch::decode(diff.crdt());
    if (!patch)
        return "unreadable: " + patch.error().message;
    const std::uint64_t count = patch->view().operationCount();
    return "crdt, " + std::to_string(count) + (count == 1 ? " operation " : " operations ") + patch->toVerbose();
}

void printEvent(const LoggedEvent &logged, bool asJson)
{
    if (asJson) {
        std::printf("%s\n", logged.canonical->c_str());
        return;
    }
    const Event &event = *logged.event;
    const std::string diff = diffText(event.diff);
    std::printf("%s  %s/%s  %lld  %s  %s#%lld  %s\n", toText(event.storedAt).c_str(), event.collection.text().c_str(),
                event.documentId.text().c_str(), static_cast<long long>(event.serverSeq.value()),
                std::string(operationName(event.operation)).c_str(), event.clientId.text().c_str(),
                static_cast<long long>(event.clientSeq.value()), diff.substr(0, 200).c_str());
}

// What `log` prints next: of one document by serverSeq, or of all by position. Returns where it got to.
struct LogCursor
{
    std::optional<DocumentId> document;
    std::int64_t after = 0;
};

// The events that come next, some of them: whoever reads what is printed may be slow, and the store is not held for that.
Result<std::vector<LoggedPtr>> nextEvents(storage::Backend &backend, LogCursor &cursor)
{
    EVENTSYNC_TRY(const auto view, backend.view());
    storage::Scan scan{.set = eventlog::sets::kEvents};
    if (cursor.document) {
        EVENTSYNC_TRY(const auto row, EventStore(*view).document(*cursor.document, false));
        if (!row)
            return failure(ErrorCode::NotFound, "there is no document " + cursor.document->text());
        if (ServerSeq(cursor.after) < row->horizon.previous())
            cursor.after = row->horizon.value() - 1;
        scan.index = "order";
        scan.prefix = {row->number};
    }
    scan.from = storage::Cell(cursor.after + 1);
    std::vector<LoggedPtr> events;
    std::size_t bytes = 0;
    std::optional<Error> error;
    EVENTSYNC_CHECK(view->scan(scan, [&](const storage::Row &row) {
        const auto event = LoggedEvent::fromRow(row);
        if (!event) {
            error = event.error();
            return false;
        }
        events.push_back(*event);
        bytes += (*event)->canonical->size();
        return bytes < kPrintedBytes;
    }));
    if (error && events.empty())
        return failure(*error);
    return events;
}

Result<> printLog(storage::Backend &backend, LogCursor &cursor, bool asJson)
{
    for (;;) {
        EVENTSYNC_TRY(const std::vector<LoggedPtr> events, nextEvents(backend, cursor));
        for (const LoggedPtr &event : events) {
            printEvent(*event, asJson);
            cursor.after = cursor.document ? event->serverSeq.value() : event->position;
        }
        std::fflush(stdout);
        if (events.empty() || std::ferror(stdout))
            return {};
    }
}

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

int runLog(const CommandContext &context)
{
    LogCursor cursor;
    const auto after = numberOption(context.invocation, "after");
    if (!after) {
        complain(after.error().message);
        return exitcode::kBadOption;
    }
    cursor.after = after->value_or(0);
    if (context.invocation.has("document")) {
        const auto id = documentIdFrom(context.invocation.value("document"));
        if (!id) {
            complain(id.error().message);
            return exitcode::kBadOption;
        }
        cursor.document = *id;
    }
    auto backend = openStore(context.configuration, StoreUse::ReadOnly);
    if (!backend)
        return storeFailed(backend.error());
    for (;;) {
        if (auto printed = printLog(**backend, cursor, context.invocation.has("json")); !printed)
            return storeFailed(printed.error());
        if (!context.invocation.has("follow") || std::ferror(stdout))
            return exitcode::kDone;
        QThread::msleep(kFollowMs);
    }
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
