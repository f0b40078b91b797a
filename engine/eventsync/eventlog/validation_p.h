// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/livedocument.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

namespace eventsync::eventlog {

struct ValidationLimits
{
    std::size_t eventBytes = 0;  // of one pushed event
    std::size_t heldBytes = 0;   // of events and answers together: what would come after that is left for later
};

using ForkedOrigins = std::set<std::shared_ptr<PushOrigin>>; // those that were told ClientForked

// A write that is in the log already: its answer is read from there.
struct RepeatedWrite
{
    DocumentRecord record;
    KnownEvent known;
};

struct ValidatedJob
{
    JobPtr job;
    std::variant<Result<Answer>, RepeatedWrite> answer; // for when it is committed
};

struct Validated
{
    std::vector<ValidatedJob> done;  // their events, if any, are prepared in the core
    std::vector<JobPtr> left;        // in their order, to be validated later
    ForkedOrigins forked;
    std::size_t held = 0;            // bytes of what is prepared and of the answers
    std::optional<std::pair<JobPtr, Error>> failed = {}; // with it the core holds half of a job: it must be thrown away
};

// Validates pushes and writes of one document, one after the other, each on what the one before it left. Touches nothing but the
// core and what is handed in: any thread, while nothing else uses the core.
Validated validate(DocumentCore &core, std::vector<JobPtr> jobs, const KnownEvents &known, ForkedOrigins forked, const ValidationLimits &limits);

WrittenDocument writtenOf(DocumentRecord record, const LoggedPtr &event); // null: nothing changed

} // namespace eventsync::eventlog
