// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/pubsub/limits.h>
#include <eventsync/pubsub/peerdiscovery.h>
#include <eventsync/pubsub/redisendpoint.h>

namespace eventsync::pubsub {

/// The nodes of a group that share a Redis server. Each announces itself once per interval. One script does this, removes nodes
/// that have been silent for limits::kPeerMissed intervals (by Redis' clock), and returns the list, so keys are never scanned.
/// The group's two keys expire when all nodes have left. If Redis cannot be reached, the last list stays valid for the same
/// time, and is then empty.
///
/// start() waits for Redis' first answer, at most RedisTiming::connect: Conflict if another active node has this id (a crashed
/// one counts as active until it has been silent long enough), InvalidValue for an id or address that is too long. It is not an
/// error if Redis cannot be reached: the node announces itself as soon as possible. Any thread, but start() and stop() from
/// one.
class RedisPeerDiscovery final : public PeerDiscovery
{
public:
    struct Options
    {
        RedisEndpoint endpoint = {};
        RedisTiming timing = {};
        std::string group = {}; ///< the nodes of one group see each other
        Peer self = {};
        std::chrono::milliseconds interval = limits::kPeerAnnounce;
    };
    RedisPeerDiscovery(Options options, const Clock &clock, Random &random);
    ~RedisPeerDiscovery() override; ///< stop()

    Result<> start() override;
    void stop() override;
    std::vector<Peer> peers() const override;
    [[nodiscard]] SubscriptionPtr watch(Executor &executor, Handler handler) override;

private:
    struct Group;
    std::shared_ptr<Group> m_group;
};

} // namespace eventsync::pubsub
