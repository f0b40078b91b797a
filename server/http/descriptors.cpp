// SPDX-License-Identifier: Apache-2.0
#include <server/http/descriptors.h>

#include <server/limits.h>

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace eventsync::server {

namespace {

constexpr std::size_t kRefusedAtATime = 64; // other connections wait meanwhile

} // namespace

std::size_t socketsThatFit(std::size_t wanted)
{
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    const rlim_t needed = wanted + limits::kOwnDescriptors;
    if (limit.rlim_cur < needed) {
        const rlimit raised{.rlim_cur = std::min(needed, limit.rlim_max), .rlim_max = limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    const rlim_t own = std::min<rlim_t>(limits::kOwnDescriptors, limit.rlim_cur / 2);
    return std::min<std::size_t>(wanted, limit.rlim_cur - own);
}

bool DescriptorReserve::take()
{
    if (m_descriptor < 0)
        m_descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    return m_descriptor >= 0;
}

void DescriptorReserve::giveUp()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
    m_descriptor = -1;
}

std::size_t DescriptorReserve::refuseWaiting(int listener, std::string_view answer)
{
    std::size_t refused = 0;
    while (refused < kRefusedAtATime && take()) {
        giveUp();
        const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0)
            break;
        // Input is read first: closing with unread input resets the connection and may lose the answer.
        std::array<char, 4096> unread;
        while (::recv(socket, unread.data(), unread.size(), 0) > 0) {
        }
        static_cast<void>(::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL));
        ::shutdown(socket, SHUT_WR);
        ::close(socket);
        ++refused;
    }
    take();
    return refused;
}

} // namespace eventsync::server
