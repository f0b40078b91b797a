// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/logrebuilder.h>
#include <eventsync/eventlog/logverifier.h>
#include <eventsync/eventlog/ruleverifier.h>
#include <eventsync/storage/steppedview.h>

#include <server/commands/changestore.h>
#include <server/commands/command.h>
#include <server/config/configfile.h>
#include <server/program.h>
#include <server/store.h>

#include <cstdio>

namespace eventsync::server {

namespace {

// The document named on the command line, or none for all.
Result<std::optional<DocumentId>> documentOf(const Invocation &invocation)
{
    if (invocation.arguments.empty())
        return std::nullopt;
    EVENTSYNC_TRY(DocumentId id, documentIdFrom(invocation.arguments[0]));
    return std::optional(std::move(id));
}

constexpr std::int64_t kReportEvery = 100'000; // events

template<class SoFar>
std::function<void(const SoFar &)> reporter(const char *verb)
{
    return [verb, next = kReportEvery](const SoFar &soFar) mutable {
        if (soFar.events < next)
            return;
        next = soFar.events + kReportEvery;
        std::fprintf(stderr, "%s %lld events of %lld documents\n", verb, static_cast<long long>(soFar.events),
                     static_cast<long long>(soFar.documents));
    };
}

void print(const std::vector<eventlog::Finding> &findings)
{
    for (const eventlog::Finding &finding : findings)
        std::printf("%s\n", finding.toText().c_str());
}

int verified(const eventlog::VerifyReport &report, const std::string &soundText)
{
    print(report.findings);
    if (report.isIntact()) {
        std::printf("%s\n", soundText.c_str());
        return exitcode::kDone;
    }
    std::fprintf(stderr, "%lld findings in %lld documents\n", static_cast<long long>(report.found),
                 static_cast<long long>(report.documents));
    return exitcode::kFailed;
}

// Checks the current documents against the rules of another configuration file, before it is used.
int verifyAgainst(const std::string &file, const CommandContext &context, storage::ReadView &view, const std::optional<DocumentId> &document)
{
    auto read = readConfigFile(file);
    if (!read) {
        complain(read.error().message);
        return exitcode::kBadConfiguration;
    }
    Configuration wanted = context.configuration;
    wanted.collections = std::move(read->collections);
    const auto report = eventlog::verifyRules(view, wanted.policies(), {.document = document});
    if (!report)
        return storeFailed(report.error());
    return verified(*report, std::to_string(report->documents) + " documents: all fit the rules of " + file);
}

} // namespace

int runVerify(const CommandContext &context)
{
    const auto document = documentOf(context.invocation);
    if (!document) {
        complain(document.error().message);
        return exitcode::kBadOption;
    }
    auto backend = openStore(context.configuration, StoreUse::ReadOnly);
    if (!backend)
        return storeFailed(backend.error());
    const SystemClock clock;
    storage::SteppedView view(**backend, clock);
    if (context.invocation.has("rules"))
        return verifyAgainst(context.invocation.value("rules"), context, view, *document);
    const auto report = eventlog::verifyLogs(view, {.document = *document,
                                                    .progress = reporter<eventlog::VerifyProgress>("verified"),
                                                    .step = [&view] { view.step(); }});
    if (!report)
        return storeFailed(report.error());
    return verified(*report, std::to_string(report->events) + " events of " + std::to_string(report->documents) + " documents, " +
                                 std::to_string(report->snapshots) + " snapshots: all is as the log says");
}

int runRebuild(const CommandContext &context)
{
    const auto document = documentOf(context.invocation);
    if (!document) {
        complain(document.error().message);
        return exitcode::kBadOption;
    }
    auto store = takeStore(context);
    if (!store)
        return storeFailed(store.error());
    const auto report = eventlog::rebuildLogs(*store->backend, SystemClock(),
                                              {.document = *document, .progress = reporter<eventlog::RebuildProgress>("rebuilt")});
    if (!report)
        return storeFailed(report.error());
    print(report->findings);
    std::printf("rebuilt %lld documents from %lld events, %lld snapshots\n", static_cast<long long>(report->documents),
                static_cast<long long>(report->events), static_cast<long long>(report->snapshots));
    return report->findings.empty() ? exitcode::kDone : exitcode::kFailed;
}

} // namespace eventsync::server
