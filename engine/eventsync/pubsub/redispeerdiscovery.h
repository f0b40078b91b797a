// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/pubsub/limits.h>
#include <eventsync/pubsub/peerdiscovery.h>
#include <eventsync/pubsub/redisendpoint.h>

namespace eventsync::pubsub {

/// The nodes of a group that share a Redis server. Each announces itself every interval; one script does that, forgets who
/// has been silent for limits::kPeerMissed intervals (by Redis' clock), and answers with the list, so nothing is ever scanned.
/// The group's two keys expire by themselves when all have gone. While Redis cannot be reached, the last list stands for that
/// same time; then it is empty.
///
/// start() waits for Redis' first answer, at most RedisTiming::connect: Conflict if another living node has this id (one that
/// crashed counts as living until it has been silent long enough), InvalidValue for an id or address that is too long. If Redis
/// cannot be reached that is no error: the node announces itself as soon as it can. Any thread, but start() and stop() from one.
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
