// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace eventsync::server {

/// How many sockets fit this process, at most `wanted`: raises its limit of descriptors as far as it may, and leaves
/// limits::kOwnDescriptors for everything else.
std::size_t socketsThatFit(std::size_t wanted);

/// One reserved descriptor for the case that no other is left: it is closed to accept a connection, which gets an error and is
/// closed, and is then reserved again. Owner only.
class DescriptorReserve
{
public:
    DescriptorReserve() { take(); }
    ~DescriptorReserve() { giveUp(); }
    DescriptorReserve(const DescriptorReserve &) = delete;
    DescriptorReserve &operator=(const DescriptorReserve &) = delete;

    /// Accepts the waiting connections of `listener`, answers each with these bytes and closes it. Returns how many.
    std::size_t refuseWaiting(int listener, std::string_view answer);

private:
    bool take();
    void giveUp();
    int m_descriptor = -1;
};

} // namespace eventsync::server
