// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/codec.h>
#include <eventsync/base/error.h>
#include <eventsync/base/limits.h>
#include <eventsync/transport/frame.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventsync::transport {

/// What carries the frames of a connection.
enum class TransportKind { Loopback, WebSocket, Sse };

std::string_view subprotocol(Codec codec); ///< "eventsync.v1.json", "eventsync.v1.cbor"
std::optional<Codec> codecFromSubprotocol(std::string_view name);

/// RFC 6455 section 7.4. Abnormal is never sent: it means that the connection was lost without a close frame.
enum class CloseCode : std::uint16_t {
    Normal = 1000, GoingAway = 1001, ProtocolError = 1002, UnsupportedData = 1003, Abnormal = 1006, InvalidPayload = 1007,
    PolicyViolation = 1008, TooLarge = 1009, InternalError = 1011, TryAgainLater = 1013,
};

/// Why a connection ended.
struct CloseReason
{
    CloseCode code = CloseCode::Normal;
    std::string text;               ///< the peer's text, or the system's error text; UTF-8
    bool byPeer = false;            ///< the other side closed it
    std::optional<ErrorCode> error; ///< set after an abnormal end: Unavailable, Timeout, TooLarge, OriginRefused, ...
};

/// The reason of a received close frame. If its text is the name of an ErrorCode, that code is used, because it is more precise
/// than the close code.
CloseReason reasonOfCloseFrame(CloseCode code, std::string text, bool byPeer);
/// The part of a text that fits a close frame (RFC 6455 section 5.5), cut between characters.
std::string_view closeFrameText(std::string_view utf8);

/// What is known of the peer and, on the server's side, of the request that opened the connection.
struct ConnectionInfo
{
    using Query = std::vector<std::pair<std::string, std::string>>;

    TransportKind kind = TransportKind::Loopback;
    Codec codec = Codec::Json;     ///< settled once the connection is open
    bool secure = false;           ///< over TLS
    std::string peer;              ///< "127.0.0.1:40312", "[::1]:40312", or a name given to a loopback
    std::vector<std::string> path; ///< decoded segments: {"sync", "game-1"}
    Query query;                   ///< decoded, in order
    std::string origin, authorization, userAgent;
    std::string resumeToken;       ///< SSE: the Last-Event-ID of the client's request

    std::optional<std::string_view> queryValue(std::string_view name) const; ///< the first of that name
};

/// When unsent bytes pass `high`, highWaterPassed is called; when they then fall to `low`, drained. Beyond `hard` the
/// connection is aborted (SlowConsumer). Bytes.
struct WaterMarks
{
    std::size_t high = limits::kUnsentHighWaterBytes;
    std::size_t low = limits::kUnsentHighWaterBytes / 2;
    std::size_t hard = limits::kUnsentHardBytes;
};

/// A connection that carries frames in both directions, in order, each completely or not at all. It does not interpret frames.
///
/// Plain callbacks, so that it works with and without an event loop. Owner only: everything is called on the thread that made
/// the connection (of a loopback: by its Executor). Callbacks are never called inside close() or abort(); only highWaterPassed
/// can be called inside send(). `closed` is called exactly once, as the last one; frames that arrive after this side's close()
/// are dropped. A connection may be destroyed inside its own callbacks, and calls none after that.
class Connection
{
public:
    enum class State { Connecting, Open, Closing, Closed };
    struct Callbacks
    {
        std::function<void()> opened = {}; ///< for a dialled connection; one from a Listener is open already
        std::function<void(const Frame &)> frameReceived = {};
        std::function<void()> highWaterPassed = {};
        std::function<void()> drained = {};
        std::function<void(const CloseReason &)> closed = {};
    };

    virtual ~Connection();
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// Must be called for a new connection before the event loop runs again.
    void setCallbacks(Callbacks callbacks);
    void setWaterMarks(WaterMarks marks) { m_marks = marks; }

    State state() const { return m_state; }
    bool isOpen() const { return m_state == State::Open; }
    const ConnectionInfo &info() const { return m_info; }

    /// Sends the frame; it is dropped unless the connection is open (then `closed` follows). `resumeToken`: the token with
    /// which the peer resumes after this frame (SSE's `id:`); the other transports ignore it.
    void send(const Frame &frame, std::string_view resumeToken = {});
    /// Frames sent between hold() and release() may be sent together at release(). Not nested.
    virtual void hold() {}
    virtual void release() {}
    void close(CloseCode code = CloseCode::Normal, std::string_view text = {}); ///< after the frames that were sent before
    void abort();                                                              ///< at once; the peer gets Abnormal

    /// Bytes that were passed to send() and that the operating system has not taken yet, including encrypted ones.
    virtual std::size_t unsentBytes() const = 0;
    bool isAboveHighWater() const { return m_aboveHighWater; } ///< from highWaterPassed until drained
    /// The token of the last received frame (SSE client), for the next connection; empty if there is none.
    virtual std::string resumeToken() const { return {}; }

    /// Payload bytes of frames since the beginning.
    std::uint64_t bytesSent() const { return m_bytesSent; }
    std::uint64_t bytesReceived() const { return m_bytesReceived; }

protected:
    explicit Connection(ConnectionInfo info, State state) : m_info(std::move(info)), m_state(state) {}

    virtual void doSend(const Frame &frame, std::string_view resumeToken) = 0;
    virtual void doClose(CloseCode code, std::string_view text) = 0; ///< must lead to becomeClosed(), later
    virtual void doAbort() = 0;                                      ///< must lead to becomeClosed(), later

    /// For the transports: report events. Each may destroy this object.
    void becomeOpen();
    void becomeClosed(CloseReason reason); ///< the reason given in close() or abort() takes precedence
    void receive(const Frame &frame);
    void checkWaterMarks(); ///< after bytes went out
    void abortBecause(CloseReason reason);

    ConnectionInfo m_info;

private:
    State m_state;
    bool m_aboveHighWater = false;
    WaterMarks m_marks;
    std::uint64_t m_bytesSent = 0, m_bytesReceived = 0;
    std::optional<CloseReason> m_ownReason;
    std::shared_ptr<Callbacks> m_callbacks;
};

} // namespace eventsync::transport
