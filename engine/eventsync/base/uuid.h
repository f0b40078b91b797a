// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/base/result.h>

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace eventsync {

/// A UUID (RFC 9562), 16 raw bytes; as text lower case with hyphens. Immutable, any thread.
class Uuid
{
public:
    Uuid() = default;
    bool isNull() const { return *this == Uuid(); }

    std::string toText() const;
    std::string_view view() const { return {reinterpret_cast<const char *>(m_bytes.data()), m_bytes.size()}; }
    static Result<Uuid> fromBytes(std::string_view raw);
    static Result<Uuid> fromText(std::string_view text); ///< 36 characters, lower case, any version

    auto operator<=>(const Uuid &) const = default;

private:
    friend class UuidGenerator;
    std::array<unsigned char, 16> m_bytes{};
};

/// The id of an event: a version 7 UUID, chosen once for an edit.
using EventId = Uuid;
Result<EventId> eventIdFrom(std::string_view text); ///< InvalidValue unless version 7 in lower-case text form

/// Makes version 7 ids: 48 bits of wall milliseconds, a 12-bit counter that keeps ids of one millisecond in order (RFC 9562
/// section 6.2, method 1), 62 random bits. The ids ascend. Owner only.
class UuidGenerator
{
public:
    UuidGenerator(const Clock &clock, Random &random) : m_clock(clock), m_random(random) {}
    Uuid next();

private:
    const Clock &m_clock;
    Random &m_random;
    std::int64_t m_lastMs = -1;
    unsigned m_counter = 0;
};

} // namespace eventsync

#ifndef DOXYGEN // 1.9 cannot place a specialisation of a template of another namespace
template<>
struct std::hash<eventsync::Uuid>
{
    std::size_t operator()(const eventsync::Uuid &id) const noexcept
    {
        std::size_t tail;
        std::memcpy(&tail, id.view().data() + 8, sizeof tail); // the random half
        return tail;
    }
};
#endif
