// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/codec.h>
#include <eventsync/sync/syncservice.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync::simulation {

class Device;

// One connection: two ordered directions. Once cut, what is left in them may still arrive; nothing new gets in.
class Link
{
public:
    // What travels down: a message, with what only the checker reads, or the server's farewell.
    struct Down
    {
        protocol::OutgoingPtr message;            // null: closed by the server
        std::vector<std::uint32_t> covers = {};   // of a snapshot: the events it stands for (ledger numbers)
    };

    Link(int linkNumber, Device *owner) : number(linkNumber), device(owner) {}

    void sendUp(protocol::Message message);
    void sendDown(Down down);
    // Both directions lose a random tail; nothing new gets through from here on.
    void sever(std::uint64_t randomBits);
    // A request or an answer that was lost and sent again, and then was not lost: the next push, events or ack comes twice.
    bool canRepeat() const;
    void repeat();
    bool isIdle() const { return up.empty() && (down.empty() || dead); }

    const int number;
    Device *const device;
    std::deque<protocol::Message> up;
    std::deque<Down> down;
    std::size_t downBytes = 0;
    std::optional<sync::SessionId> session; // opened by the server at the first message
    bool closedByServer = false;            // the server calls nothing of it any more
    bool cut = false;                       // nothing new gets through
    bool dead = false;                      // the device has left it
};

std::size_t roughBytes(const protocol::Message &message); // of its encoded form, for flow control

} // namespace eventsync::simulation
