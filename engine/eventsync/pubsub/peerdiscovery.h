// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/pubsub/pubsub.h>

#include <compare>
#include <string>
#include <vector>

namespace eventsync::pubsub {

/// Another node of the same system.
struct Peer
{
    std::string nodeId;
    std::string address = {}; ///< as the node announces it, for instance a URL
    auto operator<=>(const Peer &) const = default;
};

/// The other nodes of a group. A node announces itself at intervals, and is removed when it stops or has been silent for three
/// intervals. Any thread.
class PeerDiscovery
{
public:
    using Handler = std::function<void(const std::vector<Peer> &)>;

    virtual ~PeerDiscovery() = default;
    virtual Result<> start() = 0;               ///< begins to announce this node
    virtual void stop() = 0;                    ///< removes this node
    virtual std::vector<Peer> peers() const = 0; ///< the others, by node id
    /// `handler` is called on `executor` with the whole list after each change.
    [[nodiscard]] virtual SubscriptionPtr watch(Executor &executor, Handler handler) = 0;
};

} // namespace eventsync::pubsub
