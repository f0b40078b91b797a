// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/sync/syncservice.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventsync::server {

class SessionBridge;
class EngineThread;

/// What both ends of one connection know of it: the I/O thread's SessionBridge and the engine thread's session.
struct SessionLink
{
    explicit SessionLink(std::uint64_t n, std::size_t frame = limits::kFrameBytes) : number(n), frameBytes(frame) {}

    const std::uint64_t number;
    const std::size_t frameBytes;          ///< what the peer takes at the most
    std::atomic<std::size_t> queued{0};    ///< bytes that the service sent and the I/O thread has not given to the socket
    std::atomic<std::size_t> inSocket{0};  ///< bytes unsent in the connection when it was last looked at
    std::atomic<std::size_t> unhandled{0}; ///< heldBytes() of received messages that the engine has not looked at
    std::atomic<bool> above{false};        ///< the service was told of high water and not yet of drained()

    /// What received messages take until then: decoded, a short one is larger than its frame.
    static std::size_t heldBytes(std::size_t frameBytes, std::size_t messages)
    {
        return frameBytes + messages * sizeof(protocol::Message);
    }

    /// What the service is told, on the engine thread. Whoever is told of too much hears of it when that has gone: also of what
    /// went while it was told, by the second look.
    std::size_t unsentBytes()
    {
        const std::size_t bytes = queued + inSocket;
        if (bytes < limits::kUnsentHighWaterBytes)
            return bytes;
        above = true;
        return queued + inSocket;
    }
};
using SessionLinkPtr = std::shared_ptr<SessionLink>;

/// A message, or the end, on its way from the engine thread to one connection.
struct Outgoing
{
    SessionLinkPtr link;
    protocol::OutgoingPtr message; ///< null: close
    std::size_t bytes = 0;         ///< as counted in link->queued
    ErrorCode code = ErrorCode::Cancelled;
    std::string reason = {};
};

/// Roughly what a message will take on the wire: counted until the I/O thread knows better.
std::size_t estimatedBytes(const protocol::Message &message);

} // namespace eventsync::server
