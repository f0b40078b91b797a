// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/base/executor.h>
#include <eventsync/base/result.h>

#include <functional>
#include <memory>
#include <string>

namespace eventsync::pubsub {

/// Keeps a subscription alive; destroying it ends the subscription, and its handler is not called again (on the executor's
/// thread: at once; from another thread: after at most the task that is running).
class SubscriptionHandle
{
public:
    virtual ~SubscriptionHandle() = default;
};
using SubscriptionPtr = std::unique_ptr<SubscriptionHandle>;

/// Messages by topic, at most once, to whoever is subscribed at that moment. They are hints: they may be lost, repeated or
/// come late, never invented; what must not be lost is read from a log. Within one publisher and topic the order is kept
/// while nothing is lost. The publisher gets its own messages too, if it subscribes. Any thread.
class PubSub
{
public:
    using Handler = std::function<void(const std::string &topic, const Bytes &message)>;
    enum class Link { Down, Up };
    using LinkHandler = std::function<void(Link)>;

    virtual ~PubSub() = default;

    /// `done` is posted to `executor`: the message left this process, or Unavailable, TooLarge.
    virtual void publish(const std::string &topic, Bytes message, Executor &executor, std::function<void(Result<>)> done = {}) = 0;
    /// `handler` is called on `executor` for every message that arrives after `ready` was.
    [[nodiscard]] virtual SubscriptionPtr subscribe(const std::string &topic, Executor &executor, Handler handler,
                                                    std::function<void(Result<>)> ready = {}) = 0;
    /// Told on `executor` when the way to the others breaks and is mended: after Up, messages may have been missed.
    [[nodiscard]] virtual SubscriptionPtr watchLink(Executor &executor, LinkHandler handler) = 0;
};

} // namespace eventsync::pubsub
