// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace eventsync::abuse {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kHeadBytes = 64 * 1024;

timeval patience()
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Wire::kPatience);
    return {.tv_sec = static_cast<time_t>(seconds.count()), .tv_usec = 0};
}

} // namespace

std::optional<Wire> Wire::connect(std::uint16_t port)
{
    Wire wire(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval time = patience();
    ::setsockopt(wire.m_socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(wire.m_socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    // Attackers have an address of their own, as they would on a network: turns of the server go by address.
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto generic = [](const sockaddr_in &one) { return reinterpret_cast<const sockaddr *>(&one); };
    if (wire.m_socket < 0 || ::bind(wire.m_socket, generic(own), sizeof own) != 0 || ::connect(wire.m_socket, generic(address), sizeof address) != 0)
        return std::nullopt;
    return wire;
}

Wire &Wire::operator=(Wire &&other) noexcept
{
    std::swap(m_socket, other.m_socket);
    return *this;
}

Wire::~Wire()
{
    if (m_socket >= 0)
        ::close(m_socket);
}

bool Wire::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t sent = ::send(m_socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::string Wire::receive()
{
    std::string bytes(kReadBytes, '\0');
    const ssize_t got = ::recv(m_socket, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

std::string Wire::receiveHead()
{
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos && head.size() < kHeadBytes) {
        const std::string more = receive();
        if (more.empty())
            break;
        head += more;
    }
    return head;
}

void Wire::reset()
{
    const linger at{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(m_socket, SOL_SOCKET, SO_LINGER, &at, sizeof at);
    ::close(std::exchange(m_socket, -1));
}

std::string requestText(const Ask &ask)
{
    std::string text;
    text.append(ask.method).append(" ").append(ask.target).append(" HTTP/1.1\r\nHost: ").append(ask.host).append("\r\n");
    text += ask.headers;
    if (!ask.body.empty())
        text += "Content-Length: " + std::to_string(ask.body.size()) + "\r\n";
    return text + "\r\n" + ask.body;
}

int statusOf(std::string_view answer)
{
    constexpr std::string_view kBegin = "HTTP/1.1 ";
    if (!answer.starts_with(kBegin) || answer.size() < kBegin.size() + 3)
        return 0;
    return std::atoi(std::string(answer.substr(kBegin.size(), 3)).c_str());
}

int ask(std::uint16_t port, const Ask &ask)
{
    auto wire = Wire::connect(port);
    if (!wire)
        return 0;
    wire->send(requestText(ask)); // a refusal may come before all is sent
    return statusOf(wire->receiveHead());
}

std::string upgradeText(std::string_view host)
{
    return requestText({.target = "/sync",
                        .headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: eventsync.v1.json\r\n",
                        .host = host});
}

std::optional<Wire> upgraded(std::uint16_t port)
{
    auto wire = Wire::connect(port);
    if (!wire || !wire->send(upgradeText()) || statusOf(wire->receiveHead()) != 101)
        return std::nullopt;
    return wire;
}

std::string frame(Opcode opcode, std::string_view payload, bool isLast)
{
    std::string bytes(1, static_cast<char>((isLast ? 0x80 : 0) | static_cast<unsigned char>(opcode)));
    const int lengthBytes = payload.size() < 126 ? 0 : payload.size() < 65'536 ? 2 : 8;
    bytes.push_back(static_cast<char>(0x80 | (lengthBytes == 0 ? static_cast<int>(payload.size()) : lengthBytes == 2 ? 126 : 127)));
    for (int shift = 8 * (lengthBytes - 1); shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>((static_cast<std::uint64_t>(payload.size()) >> shift) & 0xff));
    bytes.append(4, '\0'); // the mask
    return bytes.append(payload);
}

std::optional<Wire> greeted(std::uint16_t port, const std::string &clientId)
{
    auto wire = upgraded(port);
    if (!wire || !wire->send(frame(Opcode::Text, R"({"type":"hello","protocol":1,"clientId":")" + clientId + "\"}")))
        return std::nullopt;
    return wire->receive().empty() ? std::nullopt : std::move(wire);
}

} // namespace eventsync::abuse
