// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/changes.h>

#include <functional>

namespace eventsync::client {

// The steps of the core that have not ended, in order. One batch is in flight at a time, and steps that are added meanwhile are
// written together in the next one, so a batch that fails has no successors in the store. Destroying the queue destroys the
// steps without calling `done`. Owner only.
class StepQueue
{
public:
    // What the driver does with a step once it is durable.
    struct Work
    {
        std::vector<protocol::Message> messages;
        std::vector<Notification> notifications;
        std::optional<Changes::Close> close;
        std::uint64_t connection = 0; // the connection at the time of the step: messages are sent on no other
        std::function<void(const Result<> &)> done;
    };
    using Works = std::vector<Work>;

    bool isIdle() const { return m_phase == Phase::Idle && m_nextWorks.empty(); }
    bool mayBegin() const { return m_phase == Phase::Idle && !m_nextWorks.empty(); }
    void add(storage::Batch writes, Work work);
    // If mayBegin(): the rows of all steps that wait, and the steps.
    std::pair<storage::Batch, Works> takeNext() { return {std::exchange(m_nextBatch, {}), std::exchange(m_nextWorks, {})}; }
    void beginCommit(Works works);
    Works endCommit(); // the steps that were in flight
    void beginAnnouncing() { m_phase = Phase::Announcing; } // until endAnnouncing() nothing is committed
    void endAnnouncing() { m_phase = Phase::Idle; }
    // After a batch failed: its steps and all that wait, which were computed from it. Nothing of them is written.
    Works fail(Works works);

private:
    enum class Phase { Idle, Committing, Announcing };

    Phase m_phase = Phase::Idle;
    storage::Batch m_nextBatch;
    Works m_nextWorks, m_inFlight;
};

} // namespace eventsync::client
