// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/budget.h>

#include <eventsync/base/assert.h>

namespace eventsync {

bool Budget::look()
{
    m_sinceProbe = 0;
    if (m_cancelled && m_cancelled->load(std::memory_order_relaxed))
        return end(ErrorCode::Cancelled);
    if (m_clock && m_clock->steady() >= m_deadline)
        return end(ErrorCode::Timeout);
    return true;
}

Error Budget::error(std::string_view what) const
{
    EVENTSYNC_ASSERT(m_ended);
    const std::string subject(what);
    switch (*m_ended) {
    case ErrorCode::Timeout: return {ErrorCode::Timeout, subject + " takes longer than is allowed"};
    case ErrorCode::Cancelled: return {ErrorCode::Cancelled, subject + " was cancelled"};
    default: return {ErrorCode::TooLarge, subject + " takes more work than is allowed"};
    }
}

Result<> Budget::check(std::string_view what) const
{
    if (!m_ended)
        return {};
    return failure(error(what));
}

} // namespace eventsync
