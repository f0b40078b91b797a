// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>

namespace eventsync {

/// Cancels the work of budgets that hold its token (Budget::unless) when it is destroyed. It belongs to the requester of that
/// work. Owner only; the token is for any thread.
class CancelSource
{
public:
    CancelSource() = default;
    CancelSource(const CancelSource &) = delete;
    CancelSource &operator=(const CancelSource &) = delete;
    ~CancelSource() { cancel(); }

    void cancel() { m_cancelled->store(true, std::memory_order_relaxed); }
    Budget::Cancelled token() const { return m_cancelled; }

private:
    const std::shared_ptr<std::atomic<bool>> m_cancelled = std::make_shared<std::atomic<bool>>(false);
};

} // namespace eventsync
