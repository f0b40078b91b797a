// SPDX-License-Identifier: Apache-2.0
#include <server/http/websocketreader.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace eventsync::server {

using transport::CloseCode;

namespace {

constexpr std::size_t kControlBytes = 125; // section 5.5

std::uint8_t byteAt(std::string_view bytes, std::size_t index)
{
    return static_cast<std::uint8_t>(bytes[index]);
}

bool isControl(std::uint8_t opcode)
{
    return (opcode & 0x08) != 0;
}

// Section 5.3, a machine word at a time; `at` is the first byte's place in the payload.
void unmask(char *bytes, std::size_t size, const std::array<char, 4> &mask, std::size_t at)
{
    std::array<char, sizeof(std::uint64_t)> key{};
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = mask[(at + i) % mask.size()];
    const auto keyWord = std::bit_cast<std::uint64_t>(key);
    std::size_t done = 0;
    for (; size - done >= sizeof keyWord; done += sizeof keyWord) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes + done, sizeof word);
        word ^= keyWord;
        std::memcpy(bytes + done, &word, sizeof word);
    }
    for (; done < size; ++done)
        bytes[done] = static_cast<char>(bytes[done] ^ key[done % key.size()]);
}

tl::unexpected<WebSocketReader::Violation> violation(CloseCode code, std::string text)
{
    return tl::unexpected<WebSocketReader::Violation>({code, std::move(text)});
}

// The codes that may be sent: the ones of section 7.4.1, the ones registered since, and an application's own.
bool mayTravel(std::uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

} // namespace

WebSocketReader::Outcome<WebSocketReader::Taken> WebSocketReader::feed(std::string_view bytes)
{
    Taken taken;
    for (;;) {
        if (!m_frame) {
            taken.bytes += readHead(bytes.substr(taken.bytes));
            if (m_head.size() < headBytes())
                return taken;
            auto frame = beginFrame();
            if (!frame)
                return tl::unexpected(std::move(frame).error());
            m_frame = *frame;
            m_head.clear();
        }
        taken.bytes += readPayload(bytes.substr(taken.bytes));
        if (m_frame->left > 0)
            return taken;
        auto message = endFrame();
        if (!message)
            return tl::unexpected(std::move(message).error());
        taken.message = std::move(*message);
        if (taken.message)
            return taken;
    }
}

std::size_t WebSocketReader::headBytes() const
{
    if (m_head.size() < 2)
        return 2;
    const std::uint8_t second = byteAt(m_head, 1);
    const int length = second & 0x7F;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + ((second & 0x80) != 0 ? 4 : 0);
}

std::size_t WebSocketReader::readHead(std::string_view bytes)
{
    std::size_t taken = 0;
    while (m_head.size() < headBytes() && taken < bytes.size())
        m_head.push_back(bytes[taken++]);
    return taken;
}

std::size_t WebSocketReader::readPayload(std::string_view bytes)
{
    Frame &frame = *m_frame;
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(frame.left, bytes.size()));
    Bytes &payload = isControl(static_cast<std::uint8_t>(frame.opcode)) ? m_control : m_message;
    const std::size_t begin = payload.size();
    payload.append(bytes.substr(0, taken));
    unmask(payload.data() + begin, taken, frame.mask, frame.maskAt);
    frame.maskAt += taken;
    frame.left -= taken;
    return taken;
}

WebSocketReader::Outcome<WebSocketReader::Frame> WebSocketReader::beginFrame() const
{
    const std::uint8_t first = byteAt(m_head, 0), second = byteAt(m_head, 1);
    if ((first & 0x70) != 0)
        return violation(CloseCode::ProtocolError, "a reserved bit is set, and no extension was agreed on");
    if ((second & 0x80) == 0)
        return violation(CloseCode::ProtocolError, "a client's frame is not masked");
    const std::uint8_t opcode = first & 0x0F;
    if ((opcode & 0x07) > 2)
        return violation(CloseCode::ProtocolError, "the opcode is reserved");

    Frame frame{.opcode = static_cast<Opcode>(opcode), .isFinal = (first & 0x80) != 0};
    const std::size_t lengthEnd = m_head.size() - frame.mask.size();
    std::uint64_t length = second & 0x7F;
    if (lengthEnd > 2) {
        const std::uint64_t smallest = length == 126 ? 126 : 65'536;
        length = 0;
        for (std::size_t at = 2; at < lengthEnd; ++at)
            length = (length << 8) | byteAt(m_head, at);
        if (length < smallest || length > (std::uint64_t(1) << 63) - 1)
            return violation(CloseCode::ProtocolError, "a frame's length is not in its shortest form");
    }
    frame.left = length;
    std::copy_n(m_head.begin() + static_cast<std::ptrdiff_t>(lengthEnd), frame.mask.size(), frame.mask.begin());
    if (auto wrong = checkOrder(frame))
        return tl::unexpected(std::move(*wrong));
    return frame;
}

std::optional<WebSocketReader::Violation> WebSocketReader::checkOrder(const Frame &frame) const
{
    if (isControl(static_cast<std::uint8_t>(frame.opcode))) {
        if (!frame.isFinal || frame.left > kControlBytes)
            return Violation{CloseCode::ProtocolError, "a control frame is too long or fragmented"};
        return std::nullopt;
    }
    if ((frame.opcode == Opcode::Continuation) != m_open.has_value())
        return Violation{CloseCode::ProtocolError, "a message's fragments are out of order"};
    if (frame.left > m_maxMessageBytes - m_message.size())
        return Violation{CloseCode::TooLarge,
                         "a message is longer than " + std::to_string(m_maxMessageBytes) + " bytes"};
    return std::nullopt;
}

WebSocketReader::Outcome<std::optional<WebSocketReader::Message>> WebSocketReader::endFrame()
{
    const Frame frame = *std::exchange(m_frame, std::nullopt);
    switch (frame.opcode) {
    case Opcode::Ping:
        return Message{.kind = Kind::Ping, .payload = std::exchange(m_control, {})};
    case Opcode::Pong:
        return Message{.kind = Kind::Pong, .payload = std::exchange(m_control, {})};
    case Opcode::Close:
        return readClose();
    case Opcode::Text:
        m_open = Kind::Text;
        break;
    case Opcode::Binary:
        m_open = Kind::Binary;
        break;
    case Opcode::Continuation:
        break;
    }
    if (!frame.isFinal)
        return std::nullopt;
    Message message{.kind = *std::exchange(m_open, std::nullopt), .payload = std::exchange(m_message, {})};
    // Of the whole message: a frame may end anywhere in a character (section 5.6).
    if (message.kind == Kind::Text && !isValidUtf8(message.payload))
        return violation(CloseCode::InvalidPayload, "a text is not UTF-8");
    return message;
}

WebSocketReader::Outcome<WebSocketReader::Message> WebSocketReader::readClose()
{
    const Bytes payload = std::exchange(m_control, {});
    Message message{.kind = Kind::Close};
    if (payload.empty())
        return message;
    if (payload.size() == 1)
        return violation(CloseCode::ProtocolError, "a close frame has half a code");
    const auto code = static_cast<std::uint16_t>(byteAt(payload, 0) << 8 | byteAt(payload, 1));
    if (!mayTravel(code))
        return violation(CloseCode::ProtocolError, "a close frame's code is not one that may be sent");
    message.code = static_cast<CloseCode>(code);
    message.payload = payload.substr(2);
    if (!isValidUtf8(message.payload))
        return violation(CloseCode::InvalidPayload, "a close frame's text is not UTF-8");
    return message;
}

} // namespace eventsync::server
