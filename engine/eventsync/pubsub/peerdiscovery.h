// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/pubsub/pubsub.h>

#include <compare>
#include <string>
#include <vector>

namespace eventsync::pubsub {

struct Peer
{
    std::string nodeId;
    std::string address = {}; ///< what the node says of itself, for instance a URL
    auto operator<=>(const Peer &) const = default;
};

/// Who else is there in a group of nodes. A node announces itself at intervals and is gone when it says so or has been
/// silent for three of them. Any thread.
class PeerDiscovery
{
public:
    using Handler = std::function<void(const std::vector<Peer> &)>;

    virtual ~PeerDiscovery() = default;
    virtual Result<> start() = 0;               ///< announces this node from now on
    virtual void stop() = 0;                    ///< says goodbye
    virtual std::vector<Peer> peers() const = 0; ///< the others, by node id
    /// Called on `executor` with the whole list after each change.
    [[nodiscard]] virtual SubscriptionPtr watch(Executor &executor, Handler handler) = 0;
};

} // namespace eventsync::pubsub
