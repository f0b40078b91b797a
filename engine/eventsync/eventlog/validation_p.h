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
    std::size_t heldBytes = 0;   // of events and answers together: further jobs are left for the next round
};

using ForkedOrigins = std::set<std::shared_ptr<PushOrigin>>; // those that have got ClientForked

// A write that is in the log already: its answer is read from the log.
struct RepeatedWrite
{
    DocumentRecord record;
    KnownEvent known;
};

struct ValidatedJob
{
    JobPtr job;
    std::variant<Result<Answer>, RepeatedWrite> answer; // sent when it is committed
};

struct Validated
{
    std::vector<ValidatedJob> done;  // their events, if any, are prepared in the core
    std::vector<JobPtr> left;        // in their order, to be validated later
    ForkedOrigins forked;
    std::size_t held = 0;            // bytes of prepared events and of answers
    std::optional<std::pair<JobPtr, Error>> failed = {}; // the core holds a part of this job and must be discarded
};

// Validates pushes and writes of one document, one after the other, each on the result of the one before it. Uses only the core
// and its arguments: any thread, while nothing else uses the core.
Validated validate(DocumentCore &core, std::vector<JobPtr> jobs, const KnownEvents &known, ForkedOrigins forked, const ValidationLimits &limits);

WrittenDocument writtenOf(DocumentRecord record, const LoggedPtr &event); // null: nothing changed

} // namespace eventsync::eventlog
