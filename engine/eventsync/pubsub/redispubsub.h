// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/pubsub/pubsub.h>
#include <eventsync/pubsub/redisendpoint.h>

namespace eventsync::pubsub {

/// PubSub between processes and machines, over Redis. It has a thread with two connections, one for publishing and one for
/// subscriptions. After a loss it connects again, with full jitter, and subscribes again before it reports Link::Up. Messages
/// that are published while the link is down are lost, as PubSub permits.
///
/// publish: TooLarge above limits::kPubSubMessageBytes, QueueFull when the connection cannot keep up, Unavailable while there
/// is none or when it breaks before Redis has the message, ShuttingDown at the end. During the first attempt to connect,
/// messages are kept. subscribe: `ready` waits until Redis has confirmed; TooLarge for a topic's name.
///
/// Any thread; the executors of publish() must outlive the object. The destructor waits for the thread, not for the network.
class RedisPubSub final : public PubSub
{
public:
    struct Options
    {
        RedisEndpoint endpoint = {};
        RedisTiming timing = {};
        std::string prefix = {}; ///< prepended to every topic's name in Redis
    };
    /// `clock` and `random` are used on the object's own thread; SystemClock and SystemRandom may be shared between threads.
    RedisPubSub(Options options, const Clock &clock, Random &random);
    ~RedisPubSub() override;

    void publish(const std::string &topic, Bytes message, Executor &executor, std::function<void(Result<>)> done = {}) override;
    [[nodiscard]] SubscriptionPtr subscribe(const std::string &topic, Executor &executor, Handler handler,
                                            std::function<void(Result<>)> ready = {}) override;
    [[nodiscard]] SubscriptionPtr watchLink(Executor &executor, LinkHandler handler) override;

private:
    struct Hub;
    std::shared_ptr<Hub> m_hub;
};

} // namespace eventsync::pubsub
