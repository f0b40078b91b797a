// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/transport/connection.h>

#include <server/sessions/resumetoken.h>
#include <server/sessions/sessionlink.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace eventsync::server {

/// The I/O thread's half of one session: its connection. Decodes frames, tracks the positions of an SSE stream, knows when
/// the socket has drained. A large frame is decoded on another thread, and what the connection brings meanwhile waits for it.
/// Owner only: the I/O thread.
class SessionBridge
{
public:
    /// to the engine's half, and to the owner
    struct Events
    {
        std::function<void(std::vector<protocol::Message>, std::size_t bytes)> received;
        std::function<void(Error, protocol::RefusedNames)> receivedInvalid; ///< and the names in the message
        std::function<void()> drained;
        std::function<void(std::function<void()> work, std::function<void()> then)> compute; ///< `then` runs here
        std::function<void(const transport::CloseReason &)> closed; ///< last; may destroy this object
    };

    SessionBridge(std::unique_ptr<transport::Connection> connection, SessionLinkPtr link);
    void start(Events events); ///< implied messages are reported at once
    void imply(std::vector<protocol::Message> messages); ///< messages that the peer need not send, because its request implies them

    const SessionLinkPtr &link() const { return m_link; }
    const transport::ConnectionInfo &info() const { return m_connection->info(); }
    std::uint64_t bytesSent() const { return m_connection->bytesSent(); }
    std::uint64_t bytesReceived() const { return m_connection->bytesReceived(); }

    /// Frames wait for flush(). True for the first one since.
    bool send(const transport::Frame &frame, const protocol::Message &message, std::size_t countedBytes);
    void flush();
    void close(ErrorCode code, const std::string &reason);
    void abort();

private:
    struct Decoded
    {
        Result<protocol::Message> message = failure(ErrorCode::Internal);
        protocol::RefusedNames names = {}; // of one that cannot be read
    };
    static Decoded decode(const transport::Frame &frame, Codec codec);
    void onFrame(const transport::Frame &frame);
    void take(const transport::Frame &frame);
    void accept(Decoded decoded, std::size_t bytes);
    void onClosed(const transport::CloseReason &reason);
    void continueAfter(const std::shared_ptr<Decoded> &decoded, std::size_t bytes);
    bool mayHold(std::size_t bytes, std::size_t messages); // counts them; false: the peer was told, and is closed
    void onDrained();
    void deliver(std::vector<protocol::Message> messages, std::size_t bytes);

    std::unique_ptr<transport::Connection> m_connection;
    SessionLinkPtr m_link;
    std::size_t m_counted = 0; // of what was sent since flush()
    Events m_events;
    Codec m_codec;
    bool m_isDecoding = false;              // on another thread
    std::deque<transport::Frame> m_waiting; // for that; counted as unhandled
    std::optional<transport::CloseReason> m_closed; // ... and so does the end of the connection
    bool m_isRefused = false;               // this side closes: what the peer sent is not handled any more
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    std::unique_ptr<ResumePositions> m_positions; // of an SSE stream
};

/// The messages that ws://host/sync?clientId= and ws://host/sync/{documentId}?clientId=&after=&chain= imply: `hello`, and
/// `subscribe` for a document; or an error.
Result<std::vector<protocol::Message>> impliedBy(const transport::ConnectionInfo &info);

} // namespace eventsync::server
