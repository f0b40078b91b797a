// SPDX-License-Identifier: Apache-2.0
#include "websocketpeer.h"

#include <eventsync/base/assert.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace eventsync::bench {

namespace {

constexpr int kPatienceMs = 60'000; // without any frame, before a run is given up

int connectTo(int port)
{
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EVENTSYNC_ASSERT(socket >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EVENTSYNC_ASSERT(::connect(socket, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

void writeAll(int socket, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        EVENTSYNC_ASSERT(written > 0);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

// The first whole frame in `bytes`: how many bytes it takes, and its payload; 0 if more must come.
std::size_t firstFrame(std::string_view bytes, std::string_view &payload)
{
    if (bytes.size() < 2)
        return 0;
    std::size_t head = 2, length = static_cast<unsigned char>(bytes[1]) & 0x7f;
    if (length >= 126) {
        const std::size_t more = length == 126 ? 2 : 8;
        if (bytes.size() < 2 + more)
            return 0;
        length = 0;
        for (std::size_t i = 0; i < more; ++i)
            length = length << 8 | static_cast<unsigned char>(bytes[2 + i]);
        head += more;
    }
    if (bytes.size() < head + length)
        return 0;
    payload = bytes.substr(head, length);
    return head + length;
}

} // namespace

WebSocketPeer::WebSocketPeer(int port, const std::string &path, const std::string &subprotocol)
    : m_socket(connectTo(port))
{
    std::string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                          "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n";
    if (!subprotocol.empty())
        request += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n";
    writeAll(m_socket, request + "\r\n");
    std::array<char, 4096> chunk{};
    std::size_t end = std::string::npos;
    while ((end = m_buffer.find("\r\n\r\n")) == std::string::npos) {
        const ssize_t got = ::recv(m_socket, chunk.data(), chunk.size(), 0);
        EVENTSYNC_ASSERT(got > 0);
        m_buffer.append(chunk.data(), static_cast<std::size_t>(got));
    }
    EVENTSYNC_ASSERT(m_buffer.starts_with("HTTP/1.1 101"));
    m_buffer.erase(0, end + 4);
}

WebSocketPeer::~WebSocketPeer()
{
    ::close(m_socket);
}

void WebSocketPeer::send(std::string_view payload)
{
    std::string frame;
    frame.push_back(static_cast<char>(0x82));
    if (payload.size() < 126) {
        frame.push_back(static_cast<char>(0x80 | payload.size()));
    } else {
        EVENTSYNC_ASSERT(payload.size() <= 0xffff);
        frame.push_back(static_cast<char>(0x80 | 126));
        frame.push_back(static_cast<char>(payload.size() >> 8));
        frame.push_back(static_cast<char>(payload.size() & 0xff));
    }
    frame.append(4, '\0');
    frame.append(payload);
    writeAll(m_socket, frame);
}

void WebSocketPeer::readWhatIsThere()
{
    std::array<char, 65536> chunk; // NOLINT: filled by recv
    for (;;) {
        const ssize_t got = ::recv(m_socket, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        EVENTSYNC_ASSERT(got > 0);
        m_buffer.append(chunk.data(), static_cast<std::size_t>(got));
        if (static_cast<std::size_t>(got) < chunk.size())
            break;
    }
    std::size_t used = 0;
    std::string_view payload;
    while (const std::size_t size = firstFrame(std::string_view(m_buffer).substr(used), payload)) {
        used += size;
        frameReceived(payload);
    }
    m_buffer.erase(0, used);
}

Poll::Poll() : m_epoll(::epoll_create1(EPOLL_CLOEXEC))
{
    EVENTSYNC_ASSERT(m_epoll >= 0);
}

Poll::~Poll()
{
    ::close(m_epoll);
}

void Poll::add(WebSocketPeer &peer)
{
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &peer;
    EVENTSYNC_ASSERT(::epoll_ctl(m_epoll, EPOLL_CTL_ADD, peer.socket(), &event) == 0);
}

void Poll::runUntil(const std::function<bool()> &condition)
{
    std::array<epoll_event, 64> events{};
    while (!condition()) {
        const int count = ::epoll_wait(m_epoll, events.data(), static_cast<int>(events.size()), kPatienceMs);
        EVENTSYNC_ASSERT(count > 0);
        for (int i = 0; i < count; ++i)
            static_cast<WebSocketPeer *>(events[static_cast<std::size_t>(i)].data.ptr)->readWhatIsThere();
    }
}

std::string httpGet(int port, const std::string &path)
{
    const int socket = connectTo(port);
    writeAll(socket,
             "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n\r\n");
    std::string page;
    std::array<char, 4096> chunk{};
    for (ssize_t got = 0; (got = ::recv(socket, chunk.data(), chunk.size(), 0)) > 0;)
        page.append(chunk.data(), static_cast<std::size_t>(got));
    ::close(socket);
    return page;
}

} // namespace eventsync::bench
