// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/transport/connection.h>

#include <tl/expected.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eventsync::server {

/// Reads the messages of a client from the bytes of a WebSocket (RFC 6455 section 5), which may be split anywhere. Knows no
/// socket. Any bytes lead to messages or to a Violation: unmasked frames, reserved bits and opcodes, fragments out of order and
/// wrong control frames (1002), texts that are not UTF-8 (1007), messages beyond the limit, before their bytes have arrived
/// (1009). Memory is proportional to the received bytes, not to announced lengths. Owner only.
class WebSocketReader
{
public:
    enum class Kind { Text, Binary, Ping, Pong, Close };
    struct Message
    {
        Kind kind = Kind::Text;
        Bytes payload = {};                                ///< of a close: its text
        std::optional<transport::CloseCode> code = {};     ///< of a close; none: it has no code
    };
    struct Taken
    {
        std::size_t bytes = 0;
        std::optional<Message> message = {}; ///< the one that ends with these bytes
    };
    /// Why the connection must be closed, and with which code (section 7.1.7).
    struct Violation
    {
        transport::CloseCode code = transport::CloseCode::ProtocolError;
        std::string text;
    };
    template<class T>
    using Outcome = tl::expected<T, Violation>;

    explicit WebSocketReader(std::size_t maxMessageBytes) : m_maxMessageBytes(maxMessageBytes) {}

    /// Takes bytes up to the end of one message, all of them if none ends. Not to be called again after a violation.
    Outcome<Taken> feed(std::string_view bytes);

private:
    enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };
    struct Frame
    {
        Opcode opcode = Opcode::Continuation;
        bool isFinal = true;
        std::uint64_t left = 0; // bytes of its payload that have not arrived
        std::array<char, 4> mask = {};
        std::size_t maskAt = 0; // the next byte's place in the payload
    };

    std::size_t headBytes() const; // as far as the received bytes show
    std::size_t readHead(std::string_view bytes);
    std::size_t readPayload(std::string_view bytes);
    Outcome<Frame> beginFrame() const;
    std::optional<Violation> checkOrder(const Frame &frame) const;
    Outcome<std::optional<Message>> endFrame();
    Outcome<Message> readClose();

    std::size_t m_maxMessageBytes;
    std::string m_head;             // of the next frame, as far as it has arrived
    std::optional<Frame> m_frame;   // whose payload is being read
    std::optional<Kind> m_open;     // the message whose fragments are being read
    Bytes m_message, m_control;     // a control frame may arrive between the fragments of a message
};

} // namespace eventsync::server
