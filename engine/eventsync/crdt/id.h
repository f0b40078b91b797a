// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#ifndef Q_MOC_RUN // moc 6.4 cannot parse what libstdc++ includes for it
#include <compare>
#endif

namespace eventsync::crdt {

/// The name of one operation, and so of every node, character and element it made: the session that made it and that session's
/// logical time. Ordered by time first, then session: this order breaks all ties in JSON CRDT.
struct Id
{
    std::uint64_t sid = 0;
    std::uint64_t time = 0;

    Id plus(std::uint64_t ticks) const { return {sid, time + ticks}; }
    bool isOrigin() const { return sid == 0 && time == 0; }
    bool operator==(const Id &) const = default;
    std::strong_ordering operator<=>(const Id &other) const
    {
        const auto byTime = time <=> other.time;
        return byTime != 0 ? byTime : sid <=> other.sid;
    }
};

/// The ids (sid, time) .. (sid, time + length - 1).
struct IdSpan
{
    std::uint64_t sid = 0;
    std::uint64_t time = 0;
    std::uint64_t length = 0;

    Id first() const { return {sid, time}; }
    std::uint64_t end() const { return time + length; }
    bool operator==(const IdSpan &) const = default;
};

/// The root register of every document.
constexpr Id kOrigin{0, 0};

/// Sessions below kFirstFreeSession are reserved by the specification; these four are used.
constexpr std::uint64_t kSystemSession = 0; ///< built-in objects, such as the root
constexpr std::uint64_t kServerSession = 1; ///< every operation of a document whose order a server decides
constexpr std::uint64_t kGlobalSession = 2; ///< operations that are the same everywhere, such as a schema's defaults
constexpr std::uint64_t kLocalSession = 3;  ///< operations that never leave their replica
constexpr std::uint64_t kFirstFreeSession = 65536;

/// Session ids and times are integers that every JSON reader keeps exactly.
constexpr std::uint64_t kMaxSessionId = 9007199254740991;
constexpr std::uint64_t kMaxTime = 9007199254740991;

} // namespace eventsync::crdt

#ifndef DOXYGEN // 1.9 cannot place a specialisation of a template of another namespace
template<>
struct std::hash<eventsync::crdt::Id>
{
    std::size_t operator()(const eventsync::crdt::Id &id) const noexcept
    {
        return static_cast<std::size_t>((id.sid ^ (id.time * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u >> 7);
    }
};
#endif
