// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace eventsync::crdt {

// The integers of the binary encodings: vu57 (seven bits a byte, the eighth byte whole), b1vu56 (a flag in the top bit of
// the first byte, then six bits, then as vu57) and the one-byte relative id.

/// The same into memory with enough room; returns the end of the written bytes.
constexpr std::size_t kMaxVu57 = 8;
constexpr std::size_t kMaxB1vu56 = 8;

inline char *putVu57(char *to, std::uint64_t value)
{
    for (int n = 0; n < 7 && value > 0x7F; ++n, value >>= 7)
        *to++ = static_cast<char>(0x80 | (value & 0x7F));
    *to++ = static_cast<char>(value);
    return to;
}

inline char *putB1vu56(char *to, bool flag, std::uint64_t value)
{
    const unsigned first = (flag ? 0x80u : 0u) | static_cast<unsigned>(value & 0x3F);
    if (value <= 0x3F) {
        *to++ = static_cast<char>(first);
        return to;
    }
    *to++ = static_cast<char>(first | 0x40);
    value >>= 6;
    for (int n = 1; n < 7 && value > 0x7F; ++n, value >>= 7)
        *to++ = static_cast<char>(0x80 | (value & 0x7F));
    *to++ = static_cast<char>(value);
    return to;
}

/// Appends to a string it does not own. Owner only.
class ByteWriter
{
public:
    explicit ByteWriter(Bytes &out) : m_out(out) {}

    Bytes &out() { return m_out; }
    void u8(std::uint8_t value) { m_out.push_back(static_cast<char>(value)); }
    void u16(std::uint16_t value) { bigEndian(value, 2); }
    void u32(std::uint32_t value) { bigEndian(value, 4); }
    void bytes(std::string_view data) { m_out.append(data); }

    void vu57(std::uint64_t value)
    {
        char buffer[kMaxVu57];
        m_out.append(buffer, static_cast<std::size_t>(putVu57(buffer, value) - buffer));
    }

    void b1vu56(bool flag, std::uint64_t value)
    {
        char buffer[kMaxB1vu56];
        m_out.append(buffer, static_cast<std::size_t>(putB1vu56(buffer, flag, value) - buffer));
    }

    /// An id relative to a clock table: its row and the difference of times.
    void relativeId(std::uint64_t row, std::uint64_t difference)
    {
        if (row <= 7 && difference <= 15) {
            u8(static_cast<std::uint8_t>(row << 4 | difference));
        } else {
            b1vu56(true, row);
            vu57(difference);
        }
    }

private:
    void bigEndian(std::uint64_t value, int size)
    {
        for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
            u8(static_cast<std::uint8_t>(value >> shift));
    }

    Bytes &m_out;
};

/// Reads bytes it does not own. A read past the end, or an invalid value, marks the reader as failed; then it returns zeros, so
/// that a caller may check once per item instead of once per byte. Owner only.
class ByteReader
{
public:
    explicit ByteReader(std::string_view data) : m_at(data.data()), m_end(data.data() + data.size()) {}

    bool ok() const { return !m_failed; }
    void fail() { m_failed = true, m_at = m_end; }
    bool atEnd() const { return m_at == m_end; }
    std::size_t left() const { return static_cast<std::size_t>(m_end - m_at); }
    const char *position() const { return m_at; }
    void seek(const char *position) { m_at = position; }

    std::uint8_t peek() { return m_at < m_end ? static_cast<std::uint8_t>(*m_at) : (fail(), std::uint8_t(0)); }
    std::uint8_t u8() { return m_at < m_end ? static_cast<std::uint8_t>(*m_at++) : (fail(), std::uint8_t(0)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(bigEndian(4)); }

    std::uint64_t bigEndian(int size)
    {
        const std::string_view data = bytes(static_cast<std::uint64_t>(size));
        std::uint64_t value = 0;
        for (const char byte : data)
            value = value << 8 | static_cast<std::uint8_t>(byte);
        return value;
    }

    std::string_view bytes(std::uint64_t size)
    {
        if (size > left()) {
            fail();
            return {};
        }
        const char *from = m_at;
        m_at += size;
        return {from, static_cast<std::size_t>(size)};
    }

    std::uint64_t vu57()
    {
        const std::uint8_t first = u8();
        return first <= 0x7F ? first : more(first & 0x7F, 7);
    }

    struct Flagged
    {
        bool flag;
        std::uint64_t value;
    };
    Flagged b1vu56()
    {
        const std::uint8_t first = u8();
        const bool flag = (first & 0x80) != 0;
        const std::uint64_t low = first & 0x3F;
        return {flag, (first & 0x40) == 0 ? low : more(low, 6)};
    }

    struct RelativeId
    {
        std::uint64_t row;
        std::uint64_t difference;
    };
    RelativeId relativeId()
    {
        if ((peek() & 0x80) == 0) {
            const std::uint8_t byte = u8();
            return {std::uint64_t(byte >> 4), std::uint64_t(byte & 0x0F)};
        }
        const std::uint64_t row = b1vu56().value;
        return {row, vu57()};
    }

private:
    std::uint64_t more(std::uint64_t value, int shift)
    {
        if (left() < 7)
            return moreNearEnd(value, shift);
        const auto *at = reinterpret_cast<const unsigned char *>(m_at);
        for (int n = 1; n < 7; ++n, shift += 7) {
            const std::uint64_t byte = *at++;
            value |= (byte & 0x7F) << shift;
            if (byte <= 0x7F) {
                m_at = reinterpret_cast<const char *>(at);
                return value;
            }
        }
        m_at = reinterpret_cast<const char *>(at + 1);
        return value | std::uint64_t(*at) << shift;
    }
    std::uint64_t moreNearEnd(std::uint64_t value, int shift)
    {
        for (int n = 1; n < 7; ++n, shift += 7) {
            const std::uint64_t byte = u8();
            value |= (byte & 0x7F) << shift;
            if (byte <= 0x7F)
                return value;
        }
        return value | std::uint64_t(u8()) << shift;
    }

    const char *m_at;
    const char *m_end;
    bool m_failed = false;
};

} // namespace eventsync::crdt
