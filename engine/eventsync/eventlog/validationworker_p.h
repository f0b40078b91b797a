// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/enginestate_p.h>
#include <eventsync/eventlog/validation_p.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace eventsync::eventlog {

// Validates expensive edits (large documents that are compared, a costly schema, many events that the author of a push had not
// seen) on the worker's thread, so that edits of other documents do not wait for them. Meanwhile the document's core is on that
// thread only. Owner only.
class ValidationWorker
{
public:
    explicit ValidationWorker(EngineState &state) : m_state(state) {}

    bool wants(const DocumentCore &core, const std::vector<JobPtr> &jobs) const;
    // A collection whose edits took long goes to the worker, until as many of them did not. One such edit says little: where the
    // processors are busy, a thread waits for a few milliseconds in the middle of it.
    void noteCost(const DocumentCore &core, const std::vector<ValidatedJob> &jobs, std::chrono::milliseconds took);

    struct Work
    {
        std::unique_ptr<DocumentCore> core;
        std::vector<JobPtr> jobs;
        KnownEvents known;
        ForkedOrigins forked;
        ValidationLimits limits;
        Validated validated = {};
    };
    using WorkPtr = std::shared_ptr<Work>;
    // `done` is called on the engine's thread.
    void validate(WorkPtr work, std::function<void(Work &)> done);

private:
    EngineState &m_state;
    bool isCostly(const CollectionName &collection) const;

    std::map<CollectionName, int> m_cost; // points, from 1 on
};

} // namespace eventsync::eventlog
