// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace eventsync::abuse {

// One TCP connection to the server on the loopback interface, without any manners of its own. Every call ends within
// kPatience. One thread.
class Wire
{
public:
    static constexpr std::chrono::milliseconds kPatience{2'000};

    static std::optional<Wire> connect(std::uint16_t port);
    Wire(Wire &&other) noexcept : m_socket(std::exchange(other.m_socket, -1)) {}
    Wire &operator=(Wire &&other) noexcept;
    ~Wire();

    bool send(std::string_view bytes);   // false: the server has closed, or takes no more
    std::string receive();               // what comes next; empty: the end, or nothing came
    std::string receiveHead();           // up to the end of an HTTP head
    void reset();                        // closes without a farewell

private:
    explicit Wire(int socket) : m_socket(socket) {}
    int m_socket = -1;
};

struct Ask
{
    std::string_view method = "GET";
    std::string target = {};
    std::string body = {};
    std::string headers = {};            // whole lines
    std::string_view host = "localhost";
};
std::string requestText(const Ask &ask);
int statusOf(std::string_view answer);                    // of its head; 0: none
int ask(std::uint16_t port, const Ask &ask);              // on a connection of its own: the status, or 0

// ---- WebSocket
std::string upgradeText(std::string_view host = "localhost");
std::optional<Wire> upgraded(std::uint16_t port);
enum class Opcode : unsigned char { Continuation = 0, Text = 1, Close = 8, Ping = 9 };
std::string frame(Opcode opcode, std::string_view payload, bool isLast = true); // masked, by zeros
std::optional<Wire> greeted(std::uint16_t port, const std::string &clientId);   // after its hello

} // namespace eventsync::abuse
