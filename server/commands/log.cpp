// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/patch.h>

#include <server/commands/command.h>
#include <server/commands/logfollower.h>
#include <server/program.h>

#include <QThread>

#include <cstdio>

namespace eventsync::server {

namespace {

using eventlog::LoggedEvent;

constexpr unsigned long kFollowMs = 200;

// A JSON Patch as it is; for a CRDT patch the number of operations, and then the operations.
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

// In JSON output this is a line of its own; otherwise it goes to standard error.
void printDivergence(const LogDivergence &diverged, bool asJson)
{
    if (asJson)
        std::printf("%s\n", json::canonical(json::Object{{"diverged", json::Object{{"after", diverged.after},
                                                                                   {"epoch", diverged.epoch}}}}).c_str());
    else
        complain("another history has taken the place of the store's (epoch " + diverged.epoch +
                 "): of what was printed, only the events up to " + std::to_string(diverged.after) + " are in it");
}

void printDamage(const Error &error, bool asJson)
{
    if (asJson)
        std::printf("%s\n", json::canonical(json::Object{{"damaged", json::Object{{"message", json::String(error.message)}}}}).c_str());
    complain(error.message);
}

} // namespace

int runLog(const CommandContext &context)
{
    const auto after = numberOption(context.invocation, "after");
    if (!after) {
        complain(after.error().message);
        return exitcode::kBadOption;
    }
    std::optional<DocumentId> document;
    if (context.invocation.has("document")) {
        const auto id = documentIdFrom(context.invocation.value("document"));
        if (!id) {
            complain(id.error().message);
            return exitcode::kBadOption;
        }
        document = *id;
    }
    const bool asJson = context.invocation.has("json");
    auto follower = LogFollower::open(context.configuration, document, after->value_or(0));
    if (!follower)
        return storeFailed(follower.error());
    std::int64_t damaged = 0;
    const LogFollower::Events events{.event = [asJson](const LoggedEvent &event) { printEvent(event, asJson); },
                                     .diverged = [asJson](const LogDivergence &diverged) { printDivergence(diverged, asJson); },
                                     .damaged = [asJson, &damaged](const Error &error) {
                                         ++damaged;
                                         printDamage(error, asJson);
                                     }};
    for (;;) {
        const auto read = follower->step(events);
        if (!read)
            return storeFailed(read.error());
        std::fflush(stdout);
        if (std::ferror(stdout) || (!*read && !context.invocation.has("follow")))
            break;
        if (!*read)
            QThread::msleep(kFollowMs);
    }
    if (damaged == 0)
        return exitcode::kDone;
    complain(std::to_string(damaged) + " events are damaged and were left out");
    return exitcode::kFailed;
}

} // namespace eventsync::server
