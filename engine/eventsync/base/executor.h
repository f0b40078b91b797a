// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace eventsync {

/// The interface for running tasks later, on the owner's thread. post() may be called from any thread; tasks run one after
/// another, in the order posted, never inside post(). A task that is posted after the owner has ended is dropped.
class Executor
{
public:
    using Task = std::function<void()>;

    virtual ~Executor() = default;
    virtual void post(Task task) = 0;
};

} // namespace eventsync
