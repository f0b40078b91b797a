// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/uuid.h>

#include <eventsync/base/bytes.h>

#include <algorithm>

namespace eventsync {

namespace {
constexpr std::size_t kHyphens[] = {8, 13, 18, 23};
constexpr unsigned kCounterEnd = 1u << 12;
} // namespace

std::string Uuid::toText() const
{
    const std::string hex = toHex(view());
    return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' + hex.substr(16, 4) + '-' + hex.substr(20);
}

Result<Uuid> Uuid::fromBytes(std::string_view raw)
{
    Uuid id;
    if (raw.size() != id.m_bytes.size())
        return failure(ErrorCode::InvalidValue, "an id has 16 bytes");
    std::copy(raw.begin(), raw.end(), id.m_bytes.begin());
    return id;
}

Result<Uuid> Uuid::fromText(std::string_view text)
{
    const auto wrong = [] { return failure(ErrorCode::InvalidValue, "an id is a UUID in lower-case text form"); };
    if (text.size() != 36)
        return wrong();
    std::string hex;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool hyphen = std::find(std::begin(kHyphens), std::end(kHyphens), i) != std::end(kHyphens);
        if (hyphen != (text[i] == '-'))
            return wrong();
        if (!hyphen)
            hex += text[i];
    }
    const auto raw = fromHex(hex);
    if (!raw)
        return wrong();
    return fromBytes(*raw);
}

Result<EventId> eventIdFrom(std::string_view text)
{
    EVENTSYNC_TRY(const Uuid id, Uuid::fromText(text));
    const auto bytes = id.view();
    if ((static_cast<unsigned char>(bytes[6]) >> 4) != 7 || (static_cast<unsigned char>(bytes[8]) >> 6) != 2)
        return failure(ErrorCode::InvalidValue, "an event id is a UUID of version 7");
    return id;
}

Uuid UuidGenerator::next()
{
    const std::int64_t now = m_clock.wall().value();
    if (now > m_lastMs) {
        m_lastMs = now;
        m_counter = static_cast<unsigned>(m_random.below(kCounterEnd / 2)); // the upper half is room to count up
    } else if (++m_counter == kCounterEnd) {
        ++m_lastMs; // more ids than the counter holds, or a clock that went back: run ahead of it
        m_counter = 0;
    }
    Uuid id;
    for (int i = 0; i < 6; ++i)
        id.m_bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(m_lastMs >> (40 - 8 * i));
    id.m_bytes[6] = static_cast<unsigned char>(0x70 | (m_counter >> 8));
    id.m_bytes[7] = static_cast<unsigned char>(m_counter);
    const std::uint64_t chance = m_random.next();
    for (std::size_t i = 0; i < 8; ++i)
        id.m_bytes[8 + i] = static_cast<unsigned char>(chance >> (8 * i));
    id.m_bytes[8] = static_cast<unsigned char>(0x80 | (id.m_bytes[8] & 0x3F));
    return id;
}

} // namespace eventsync
