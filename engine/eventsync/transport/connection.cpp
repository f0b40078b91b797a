// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/connection.h>

#include <eventsync/base/assert.h>

#include <algorithm>

namespace eventsync::transport {

namespace {

// RFC 6455 section 5.5: a control frame's payload is at most 125 bytes, two of them the code.
constexpr std::size_t kCloseTextBytes = 123;

std::optional<ErrorCode> errorOf(CloseCode code)
{
    switch (code) {
    case CloseCode::Normal:
    case CloseCode::GoingAway:
        return std::nullopt;
    case CloseCode::ProtocolError:
    case CloseCode::UnsupportedData:
    case CloseCode::InvalidPayload:
        return ErrorCode::InvalidMessage;
    case CloseCode::TooLarge:
        return ErrorCode::TooLarge;
    case CloseCode::PolicyViolation:
        return ErrorCode::PermissionDenied;
    default:
        return ErrorCode::Unavailable;
    }
}

} // namespace

// Every callback may destroy the connection and with it the std::function that is running, so each is called through a copy of
// the shared Callbacks, and *this is not used after the call.

std::string_view subprotocol(Codec codec)
{
    return codec == Codec::Cbor ? "eventsync.v1.cbor" : "eventsync.v1.json";
}

std::optional<Codec> codecFromSubprotocol(std::string_view name)
{
    for (const Codec codec : {Codec::Json, Codec::Cbor}) {
        if (name == subprotocol(codec))
            return codec;
    }
    return std::nullopt;
}

CloseReason reasonOfCloseFrame(CloseCode code, std::string text, bool byPeer)
{
    const auto named = errorCodeFromName(text);
    return {.code = code, .text = std::move(text), .byPeer = byPeer, .error = named ? named : errorOf(code)};
}

std::string_view closeFrameText(std::string_view utf8)
{
    std::size_t length = std::min(utf8.size(), kCloseTextBytes);
    while (length > 0 && length < utf8.size() && (static_cast<unsigned char>(utf8[length]) & 0xC0) == 0x80)
        --length; // never inside a character
    return utf8.substr(0, length);
}

std::optional<std::string_view> ConnectionInfo::queryValue(std::string_view name) const
{
    for (const auto &[key, value] : query) {
        if (key == name)
            return value;
    }
    return std::nullopt;
}

Connection::~Connection() = default;

void Connection::setCallbacks(Callbacks callbacks)
{
    m_callbacks = std::make_shared<Callbacks>(std::move(callbacks));
}

void Connection::send(const Frame &frame, std::string_view resumeToken)
{
    if (m_state != State::Open)
        return;
    m_bytesSent += frame.size();
    doSend(frame, resumeToken);
    const std::size_t unsent = unsentBytes();
    if (unsent > m_marks.hard) {
        abortBecause({.code = CloseCode::PolicyViolation, .text = "SlowConsumer", .error = ErrorCode::SlowConsumer});
        return;
    }
    if (unsent > m_marks.high && !m_aboveHighWater) {
        m_aboveHighWater = true;
        if (const auto callbacks = m_callbacks; callbacks && callbacks->highWaterPassed)
            callbacks->highWaterPassed();
    }
}

void Connection::close(CloseCode code, std::string_view text)
{
    if (m_state == State::Closing || m_state == State::Closed)
        return;
    m_state = State::Closing;
    m_ownReason = CloseReason{.code = code, .text = std::string(text)};
    doClose(code, text);
}

void Connection::abort()
{
    abortBecause({.code = CloseCode::Abnormal});
}

void Connection::abortBecause(CloseReason reason)
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closing;
    if (!m_ownReason)
        m_ownReason = std::move(reason);
    doAbort();
}

void Connection::becomeOpen()
{
    if (m_state != State::Connecting)
        return;
    m_state = State::Open;
    if (const auto callbacks = m_callbacks; callbacks && callbacks->opened)
        callbacks->opened();
}

void Connection::becomeClosed(CloseReason reason)
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closed;
    if (m_ownReason)
        reason = *m_ownReason;
    if (const auto callbacks = std::exchange(m_callbacks, nullptr); callbacks && callbacks->closed)
        callbacks->closed(reason);
}

void Connection::receive(const Frame &frame)
{
    if (m_state != State::Open)
        return;
    m_bytesReceived += frame.size();
    if (const auto callbacks = m_callbacks; callbacks && callbacks->frameReceived)
        callbacks->frameReceived(frame);
}

void Connection::checkWaterMarks()
{
    if (!m_aboveHighWater || unsentBytes() > m_marks.low)
        return;
    m_aboveHighWater = false;
    if (const auto callbacks = m_callbacks; m_state == State::Open && callbacks && callbacks->drained)
        callbacks->drained();
}

} // namespace eventsync::transport
