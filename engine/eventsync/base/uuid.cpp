// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/uuid.h>

#include <algorithm>

namespace eventsync {

namespace {
constexpr std::size_t kTextLetters = 36;
constexpr std::string_view kDigits = "0123456789abcdef";

constexpr bool isHyphen(std::size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

constexpr unsigned kCounterEnd = 1u << 12;
} // namespace

std::string Uuid::toText() const
{
    std::string text(kTextLetters, '-');
    std::size_t at = 0;
    for (const unsigned char byte : m_bytes) {
        at += isHyphen(at) ? 1 : 0;
        text[at++] = kDigits[byte >> 4];
        text[at++] = kDigits[byte & 15];
    }
    return text;
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
    if (text.size() != kTextLetters)
        return wrong();
    Uuid id;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (isHyphen(i) ? c != '-' : digit < 0)
            return wrong();
        if (isHyphen(i))
            continue;
        unsigned char &byte = id.m_bytes[digits++ / 2];
        byte = static_cast<unsigned char>(byte << 4 | digit);
    }
    return id;
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
        m_counter = static_cast<unsigned>(m_random.below(kCounterEnd / 2)); // the upper half is left for counting up
    } else if (++m_counter == kCounterEnd) {
        ++m_lastMs; // the counter is exhausted, or the clock was set back: the ids run ahead of the clock
        m_counter = 0;
    }
    Uuid id;
    for (int i = 0; i < 6; ++i)
        id.m_bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(m_lastMs >> (40 - 8 * i));
    id.m_bytes[6] = static_cast<unsigned char>(0x70 | (m_counter >> 8));
    id.m_bytes[7] = static_cast<unsigned char>(m_counter);
    const std::uint64_t random = m_random.next();
    for (std::size_t i = 0; i < 8; ++i)
        id.m_bytes[8 + i] = static_cast<unsigned char>(random >> (8 * i));
    id.m_bytes[8] = static_cast<unsigned char>(0x80 | (id.m_bytes[8] & 0x3F));
    return id;
}

} // namespace eventsync
