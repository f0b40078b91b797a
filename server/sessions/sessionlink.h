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

/// The shared state of both ends of one connection: the I/O thread's SessionBridge and the engine thread's session.
struct SessionLink
{
    explicit SessionLink(std::uint64_t n, std::size_t frame = limits::kFrameBytes) : number(n), frameBytes(frame) {}

    const std::uint64_t number;
    const std::size_t frameBytes;          ///< the most that the peer accepts
    std::atomic<std::size_t> queued{0};    ///< bytes that the service sent and the I/O thread has not given to the socket
    std::atomic<std::size_t> inSocket{0};  ///< unsent bytes of the connection when last read
    std::atomic<std::size_t> unhandled{0}; ///< heldBytes() of received messages that the engine has not handled
    std::atomic<bool> above{false};        ///< high water was reported to the service, and drained() not yet

    /// The memory of received messages until then: a decoded short one is larger than its frame.
    static std::size_t heldBytes(std::size_t frameBytes, std::size_t messages)
    {
        return frameBytes + messages * sizeof(protocol::Message);
    }

    /// The unsent bytes for the service, on the engine thread. After a value above the mark, drained() is always called: the
    /// second read detects bytes that were sent meanwhile.
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

/// A message, or a close, from the engine thread to one connection.
struct Outgoing
{
    SessionLinkPtr link;
    protocol::OutgoingPtr message; ///< null: close
    std::size_t bytes = 0;         ///< as counted in link->queued
    ErrorCode code = ErrorCode::Cancelled;
    std::string reason = {};
};

/// The estimated size of a message on the wire, used until the I/O thread has encoded it.
std::size_t estimatedBytes(const protocol::Message &message);

} // namespace eventsync::server
