// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/changes.h>

#include <functional>

namespace eventsync::client {

// The steps of the core that are not done yet, in order. One batch is in flight at a time, and what comes meanwhile joins into
// the next one. So a batch that fails has no successors in the store. Owner only.
class StepQueue
{
public:
    // What follows once a step is durable.
    struct Work
    {
        std::vector<protocol::Message> messages;
        std::vector<Fact> facts;
        std::optional<Changes::Close> close;
        std::uint64_t connection = 0; // the one open at the step: messages are for no other
        std::function<void(const Result<> &)> done;
    };
    using Works = std::vector<Work>;

    bool isIdle() const { return m_phase == Phase::Idle && m_nextWorks.empty(); }
    bool mayBegin() const { return m_phase == Phase::Idle && !m_nextWorks.empty(); }
    void add(storage::Batch writes, Work work);
    // If mayBegin(): what is to be written, and who waits for it.
    std::pair<storage::Batch, Works> takeNext() { return {std::exchange(m_nextBatch, {}), std::exchange(m_nextWorks, {})}; }
    std::uint64_t beginCommit(Works works);          // the number of the commit
    std::optional<Works> endCommit(std::uint64_t commit); // none: it was given up by fail()
    void beginAnnouncing() { m_phase = Phase::Announcing; } // until endAnnouncing() nothing is committed
    void endAnnouncing() { m_phase = Phase::Idle; }
    Works fail(Works works);                         // with these all that wait fail; the store is read again

private:
    enum class Phase { Idle, Committing, Announcing };

    Phase m_phase = Phase::Idle;
    storage::Batch m_nextBatch;
    Works m_nextWorks, m_inFlight;
    std::uint64_t m_commit = 0;
};

} // namespace eventsync::client
