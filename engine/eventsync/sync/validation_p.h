// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentcore.h>
#include <eventsync/sync/livedocument.h>

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

// What waits with a document, validated on its core. Internal to the module.
namespace eventsync::sync {

struct ValidationLimits
{
    std::int64_t window = 0;     // events in flight, for a mutation only
    std::size_t eventBytes = 0;  // of one pushed event
    std::size_t heldBytes = 0;   // of events and answers together: what would come after that is left for later
};

using ForkedConnections = std::set<std::shared_ptr<ConnectionToken>>; // those that were told ClientForked

struct PushAnswer
{
    std::shared_ptr<ConnectionToken> token;
    std::chrono::milliseconds received{};
    protocol::Ack ack;
};

struct WriteAnswer
{
    std::function<void(Result<SyncService::Written>)> done;
    Result<SyncService::Written> result;
};

// A write that is in the log already: its answer is read from there.
struct RepeatedWrite
{
    std::function<void(Result<SyncService::Written>)> done;
    DocumentRecord record;
    eventlog::KnownEvent known;
};

struct Validated
{
    std::vector<Job> jobs;                                          // done with; their events, if any, are prepared in the core
    std::vector<Job> left;                                          // in their order, to be validated later
    std::vector<std::variant<PushAnswer, WriteAnswer, RepeatedWrite>> answers; // for when that is committed
    ForkedConnections forked;
    std::size_t held = 0;                                           // bytes of what is prepared and of the answers
    std::optional<std::pair<Job, Error>> failed = {};               // with it the core holds half of a job: it must be thrown away
};

// One after the other. Touches nothing but the core and what is handed in: any thread, while nothing else uses the core.
Validated validate(eventlog::DocumentCore &core, std::vector<Job> jobs, const eventlog::KnownEvents &known, ForkedConnections forked,
                   const ValidationLimits &limits);

// About the bytes that the event takes, measured without writing it.
std::size_t weightOf(const Event &event);

// Every event of the push is answered so.
protocol::Ack answerAll(const protocol::Push &push, const eventlog::Judgement &judged);
// As in a batch whose first event was not applied (rule 5).
protocol::Ack refuseAll(const protocol::Push &push, const Error &error);

} // namespace eventsync::sync
