// SPDX-License-Identifier: Apache-2.0
#include <server/commands/changestore.h>
#include <server/commands/command.h>
#include <server/program.h>
#include <server/store.h>

#include <eventsync/base/timestamp.h>
#include <eventsync/storage/sqlitebackup.h>

#include <QFileInfo>

#include <charconv>
#include <cstdio>

namespace eventsync::server {

namespace {

std::int64_t number(const json::Object &object, const char *name)
{
    const json::Value *value = object.if_contains(name);
    return value && value->is_int64() ? value->get_int64() : 0;
}

std::string text(const json::Object &object, const char *name)
{
    const json::Value *value = object.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

int badOption(const std::string &what)
{
    complain(what);
    return exitcode::kBadOption;
}

Result<json::Object> compactRequest(const Invocation &invocation)
{
    json::Object request{{"command", "compact"}, {"dryRun", invocation.has("dry-run")}, {"vacuum", invocation.has("vacuum")}};
    if (invocation.has("keep") == invocation.has("before"))
        return failure(ErrorCode::InvalidValue, "compact needs --keep N or --before TIME");
    if (invocation.has("keep")) {
        const std::string given = invocation.value("keep");
        std::int64_t keep = 0;
        const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), keep);
        if (error != std::errc() || end != given.data() + given.size() || keep < 1)
            return failure(ErrorCode::InvalidValue, "--keep is a number of events, at least 1");
        request["keep"] = keep;
    } else {
        if (!isTimestampText(invocation.value("before")))
            return failure(ErrorCode::InvalidValue, "--before is a time like 2026-11-21T09:30:00.000Z");
        request["before"] = invocation.value("before");
    }
    if (invocation.has("document")) {
        EVENTSYNC_TRY(const DocumentId id, documentIdFrom(invocation.value("document")));
        request["documentId"] = id.text();
    }
    return request;
}

void printSpace(std::int64_t givenBack, std::int64_t free)
{
    std::printf("the store is %lld bytes smaller", static_cast<long long>(givenBack));
    if (free > 0)
        std::printf("; %lld bytes in it are free for new events, --vacuum gives them back too", static_cast<long long>(free));
    std::printf("\n");
}

bool complainOfUnreadable(const json::Object &result)
{
    const json::Value *list = result.if_contains("unreadable");
    const json::Array *unreadable = list ? list->if_array() : nullptr;
    if (!unreadable || unreadable->empty())
        return false;
    for (const json::Value &one : *unreadable)
        complain(text(one.as_object(), "documentId") + " was left as it is: " + text(one.as_object(), "message"));
    complain(std::to_string(unreadable->size()) + " documents are damaged and keep their logs; see verify");
    return true;
}

} // namespace

int runSnapshot(const CommandContext &context)
{
    const auto id = documentIdFrom(context.invocation.arguments[0]);
    if (!id)
        return badOption(id.error().message);
    const auto result = changeStore(context, {{"command", "snapshot"}, {"documentId", id->text()}}, [](const json::Object &) {});
    if (!result)
        return storeFailed(result.error());
    std::printf("snapshot of %s at %lld, %lld bytes\n", id->text().c_str(), static_cast<long long>(number(*result, "serverSeq")),
                static_cast<long long>(number(*result, "bytes")));
    return exitcode::kDone;
}

int runCompact(const CommandContext &context)
{
    const auto request = compactRequest(context.invocation);
    if (!request)
        return badOption(request.error().message);
    const bool dryRun = context.invocation.has("dry-run");
    const auto result = changeStore(context, *request, [dryRun](const json::Object &progress) {
        if (dryRun)
            std::printf("%s: %lld events, the log would begin at %lld\n", text(progress, "documentId").c_str(),
                        static_cast<long long>(number(progress, "events")), static_cast<long long>(number(progress, "horizon")));
        else
            std::fprintf(stderr, "%lld of %lld documents\n", static_cast<long long>(number(progress, "done")),
                         static_cast<long long>(number(progress, "of")));
    });
    if (!result)
        return storeFailed(result.error());
    std::printf("%s %lld events of %lld documents\n", dryRun ? "would remove" : "removed",
                static_cast<long long>(number(*result, "events")), static_cast<long long>(number(*result, "documents")));
    if (!dryRun)
        printSpace(number(*result, "givenBack"), number(*result, "free"));
    return complainOfUnreadable(*result) ? exitcode::kFailed : exitcode::kDone;
}

// In this process, also if a server runs: so it has the rights and the folders of the user who called it. A service may have no
// right to write outside of its data folder.
int runBackup(const CommandContext &context)
{
    if (context.configuration.store.kind == StoreLocation::Kind::Memory) {
        complain("a store in memory cannot be backed up");
        return exitcode::kFailed;
    }
    const std::string store = context.configuration.storePath();
    if (const auto isThere = checkIsFile(store); !isThere)
        return storeFailed(isThere.error());
    auto file = outputOf(context, context.invocation.arguments[0]);
    if (!file) {
        complain(file.error().message);
        return exitcode::kFailed;
    }
    auto copied = storage::copySqliteStore(store, *file, [](int percent) { std::fprintf(stderr, "%d %%\n", percent); });
    if (copied)
        copied = file->commit();
    if (!copied)
        return storeFailed(copied.error());
    std::printf("%s, %lld bytes\n", file->path().c_str(),
                static_cast<long long>(QFileInfo(QString::fromStdString(file->path())).size()));
    return exitcode::kDone;
}

} // namespace eventsync::server
