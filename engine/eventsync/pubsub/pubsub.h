// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/base/executor.h>
#include <eventsync/base/result.h>

#include <functional>
#include <memory>
#include <string>

namespace eventsync::pubsub {

/// The handle of a subscription. Destroying it ends the subscription, and its handler is not called again (on the executor's
/// thread: at once; from another thread: after at most the task that is running).
class SubscriptionHandle
{
public:
    virtual ~SubscriptionHandle() = default;
};
using SubscriptionPtr = std::unique_ptr<SubscriptionHandle>;

/// Messages by topic, delivered at most once to the current subscribers. They are hints: they may be lost, repeated or late,
/// but are never invented; data that must not be lost is read from a log. Messages of one publisher and topic keep their order
/// while none is lost. A publisher that subscribes gets its own messages too. Any thread.
class PubSub
{
public:
    using Handler = std::function<void(const std::string &topic, const Bytes &message)>;
    enum class Link { Down, Up };
    using LinkHandler = std::function<void(Link)>;

    virtual ~PubSub() = default;

    /// `done` is posted to `executor` when the message has left this process, or with Unavailable or TooLarge.
    virtual void publish(const std::string &topic, Bytes message, Executor &executor, std::function<void(Result<>)> done = {}) = 0;
    /// `handler` is called on `executor` for every message that arrives after `ready` was.
    [[nodiscard]] virtual SubscriptionPtr subscribe(const std::string &topic, Executor &executor, Handler handler,
                                                    std::function<void(Result<>)> ready = {}) = 0;
    /// `handler` is called on `executor` when the connection to the others is lost and restored. After Up, messages may have
    /// been missed.
    [[nodiscard]] virtual SubscriptionPtr watchLink(Executor &executor, LinkHandler handler) = 0;
};

} // namespace eventsync::pubsub
