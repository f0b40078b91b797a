// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/messages.h>

#include <array>
#include <string_view>

// The names on the wire for the enumerations of messages.h, in the order of their values.
namespace eventsync::protocol::names {

inline constexpr std::array<std::string_view, 2> kPermissions = {"read", "write"};
inline constexpr std::array<std::string_view, 6> kAckStatuses = {"applied", "merged", "duplicate", "conflict", "rejected", "skipped"};
inline constexpr std::array<std::string_view, 3> kErrorScopes = {"message", "document", "connection"};

template<class Enum, std::size_t N>
std::string_view nameOf(Enum value, const std::array<std::string_view, N> &table)
{
    return table[static_cast<std::size_t>(value)];
}

template<class Enum, std::size_t N>
Result<Enum> valueOf(std::string_view name, const std::array<std::string_view, N> &table)
{
    for (std::size_t i = 0; i < N; ++i) {
        if (table[i] == name)
            return static_cast<Enum>(i);
    }
    return failure(ErrorCode::InvalidMessage, "an unknown word");
}

} // namespace eventsync::protocol::names
