// SPDX-License-Identifier: Apache-2.0
#include <server/commands/changestore.h>

#include <server/control/operations.h>
#include <server/enginethread.h>
#include <server/store.h>

#include <QEventLoop>

#include <optional>

namespace eventsync::server {

namespace {

sync::ServiceOptions quietOptions(const Configuration &configuration)
{
    sync::ServiceOptions options;
    options.policies = configuration.policies();
    return options;
}

} // namespace

Result<ExclusiveStore> takeStore(const CommandContext &context)
{
    if (context.configuration.store.kind == StoreLocation::Kind::Memory)
        return failure(ErrorCode::NotFound, "a store in memory has nothing for this command");
    EVENTSYNC_TRY(DataFolder folder, DataFolder::take(context.configuration.dataFolder));
    EVENTSYNC_TRY(auto backend, openStore(context.configuration, StoreUse::Serve));
    return ExclusiveStore{std::move(folder), std::move(backend)};
}

Result<json::Object> changeStore(const CommandContext &context, const json::Object &request, const Progress &progress)
{
    EVENTSYNC_TRY(std::optional<json::Object> answered, askRunningServer(context.configuration.dataFolder, request, progress));
    if (answered)
        return std::move(*answered);
    EVENTSYNC_TRY(ExclusiveStore store, takeStore(context));
    SystemRandom random;
    EngineThread engine(std::move(store.backend), random, quietOptions(context.configuration));
    QEventLoop loop;
    std::optional<Result<json::Object>> ended;
    runOperation(engine, request, {.progress = progress, .done = [&](Result<json::Object> result) {
                                       ended = std::move(result);
                                       engine.shutdown([&loop] { loop.quit(); });
                                   }});
    loop.exec();
    return std::move(*ended);
}

} // namespace eventsync::server
