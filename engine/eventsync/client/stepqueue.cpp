// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/stepqueue_p.h>

#include <algorithm>

namespace eventsync::client {

void StepQueue::add(storage::Batch writes, Work work)
{
    if (m_nextBatch.isEmpty())
        m_nextBatch = std::move(writes);
    else
        m_nextBatch.append(std::move(writes));
    m_nextWorks.push_back(std::move(work));
}

std::uint64_t StepQueue::beginCommit(Works works)
{
    m_phase = Phase::Committing;
    m_inFlight = std::move(works);
    return m_commit;
}

std::optional<StepQueue::Works> StepQueue::endCommit(std::uint64_t commit)
{
    if (commit != m_commit)
        return std::nullopt;
    m_phase = Phase::Idle;
    return std::exchange(m_inFlight, {});
}

StepQueue::Works StepQueue::fail(Works works)
{
    ++m_commit;
    std::ranges::move(std::exchange(m_nextWorks, {}), std::back_inserter(works));
    m_nextBatch = {};
    return works;
}

} // namespace eventsync::client
