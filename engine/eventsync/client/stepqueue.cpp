// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/stepqueue_p.h>

#include <eventsync/base/assert.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace eventsync::client {

void StepQueue::add(storage::Batch writes, Work work)
{
    if (m_nextBatch.isEmpty())
        m_nextBatch = std::move(writes);
    else
        m_nextBatch.append(std::move(writes));
    m_nextWorks.push_back(std::move(work));
}

void StepQueue::beginCommit(Works works)
{
    EVENTSYNC_ASSERT(m_phase == Phase::Idle);
    m_phase = Phase::Committing;
    m_inFlight = std::move(works);
}

StepQueue::Works StepQueue::endCommit()
{
    EVENTSYNC_ASSERT(m_phase == Phase::Committing);
    m_phase = Phase::Idle;
    return std::exchange(m_inFlight, {});
}

StepQueue::Works StepQueue::fail(Works works)
{
    EVENTSYNC_ASSERT(m_phase == Phase::Idle);
    std::ranges::move(std::exchange(m_nextWorks, {}), std::back_inserter(works));
    m_nextBatch = {};
    return works;
}

} // namespace eventsync::client
