// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::bench {

// A WebSocket client on a bare socket, as cheap as can be, so that the machine is the server's: binary frames, a mask
// of zeros, no extensions, no pings. Programmer's tool: whatever goes wrong asserts.
class WebSocketPeer
{
public:
    WebSocketPeer(int port, const std::string &path, const std::string &subprotocol);
    WebSocketPeer(const WebSocketPeer &) = delete;
    WebSocketPeer &operator=(const WebSocketPeer &) = delete;
    ~WebSocketPeer();

    void send(std::string_view payload);
    void readWhatIsThere(); // calls frameReceived for each whole frame
    int socket() const { return m_socket; }

    std::function<void(std::string_view payload)> frameReceived;

private:
    int m_socket = -1;
    std::string m_buffer;
};

// Waits on many of them at once.
class Poll
{
public:
    Poll();
    Poll(const Poll &) = delete;
    Poll &operator=(const Poll &) = delete;
    ~Poll();
    void add(WebSocketPeer &peer);
    void runUntil(const std::function<bool()> &condition);

private:
    int m_epoll = -1;
};

std::string httpGet(int port, const std::string &path);

} // namespace eventsync::bench
