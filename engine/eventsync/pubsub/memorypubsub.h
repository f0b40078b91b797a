// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/pubsub/peerdiscovery.h>
#include <eventsync/pubsub/pubsub.h>

namespace eventsync::pubsub {

/// PubSub within one process. It loses no messages. Any thread: a mutex guards the list of subscriptions, handlers run on their
/// executors (docs/decisions/0046).
class MemoryPubSub final : public PubSub
{
public:
    MemoryPubSub();
    ~MemoryPubSub() override;

    void publish(const std::string &topic, Bytes message, Executor &executor, std::function<void(Result<>)> done = {}) override;
    [[nodiscard]] SubscriptionPtr subscribe(const std::string &topic, Executor &executor, Handler handler,
                                            std::function<void(Result<>)> ready = {}) override;
    [[nodiscard]] SubscriptionPtr watchLink(Executor &executor, LinkHandler handler) override;

private:
    struct Hub;
    std::shared_ptr<Hub> m_hub;
};

/// The nodes of one process that share a directory.
class MemoryPeerDiscovery final : public PeerDiscovery
{
public:
    class Directory;
    static std::shared_ptr<Directory> makeDirectory();

    MemoryPeerDiscovery(std::shared_ptr<Directory> directory, Peer self);
    ~MemoryPeerDiscovery() override;

    Result<> start() override; ///< Conflict if there is a node with this id already
    void stop() override;
    std::vector<Peer> peers() const override;
    [[nodiscard]] SubscriptionPtr watch(Executor &executor, Handler handler) override;

private:
    std::shared_ptr<Directory> m_directory;
    Peer m_self;
    bool m_started = false;
};

} // namespace eventsync::pubsub
