// SPDX-License-Identifier: Apache-2.0
#include <server/systemd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace eventsync::server {

// The protocol of sd_notify(3), which is one datagram: no library needed.
void notifySystemd(std::string text)
{
    const char *path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (!path || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address.sun_path)
        return;
    std::memcpy(address.sun_path, path, std::strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    if (text == "RELOADING=1") {
        timespec now = {};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        text += "\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000);
    }
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return;
    static_cast<void>(!::sendto(socket, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr *>(&address),
                                static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path))));
    ::close(socket);
}

// sd_watchdog_enabled(3).
std::optional<std::chrono::milliseconds> watchdogInterval()
{
    const char *process = std::getenv("WATCHDOG_PID"), *time = std::getenv("WATCHDOG_USEC");
    if (!time || (process && std::strtoll(process, nullptr, 10) != ::getpid()))
        return std::nullopt;
    const std::chrono::microseconds whole(std::strtoll(time, nullptr, 10));
    const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(whole / 2);
    return half.count() > 0 ? std::optional(half) : std::nullopt;
}

} // namespace eventsync::server
