// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/utf16_p.h>

#include <cstring>

namespace eventsync::crdt {

namespace {

// The sequence at `at` (not ASCII): its code point and size, or size 0.
struct CodePoint
{
    std::uint32_t value = 0;
    int size = 0;
};

CodePoint readCodePoint(const unsigned char *at, std::size_t left)
{
    const auto tail = [&](int n) { return left > static_cast<std::size_t>(n) && (at[n] & 0xC0) == 0x80; };
    const auto bits = [&](int n) { return static_cast<std::uint32_t>(at[n] & 0x3F); };
    if (at[0] >= 0xC2 && at[0] <= 0xDF && tail(1))
        return {(at[0] & 0x1Fu) << 6 | bits(1), 2};
    if (at[0] >= 0xE0 && at[0] <= 0xEF && tail(1) && tail(2)) {
        const std::uint32_t value = (at[0] & 0x0Fu) << 12 | bits(1) << 6 | bits(2);
        return value >= 0x800 ? CodePoint{value, 3} : CodePoint{};
    }
    if (at[0] >= 0xF0 && at[0] <= 0xF4 && tail(1) && tail(2) && tail(3)) {
        const std::uint32_t value = (at[0] & 0x07u) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
        return value >= 0x10000 && value <= 0x10FFFF ? CodePoint{value, 4} : CodePoint{};
    }
    return {};
}

} // namespace

std::int64_t utf16LengthOfAny(std::string_view text)
{
    const auto *at = reinterpret_cast<const unsigned char *>(text.data());
    std::int64_t units = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (at[i] < 0x80) {
            ++i, ++units;
            continue;
        }
        const CodePoint point = readCodePoint(at + i, text.size() - i);
        if (point.size == 0)
            return -1;
        i += static_cast<std::size_t>(point.size);
        units += point.value >= 0x10000 ? 2 : 1;
    }
    return units;
}

void appendUtf16(std::u16string &out, std::string_view text)
{
    const auto *at = reinterpret_cast<const unsigned char *>(text.data());
    for (std::size_t i = 0; i < text.size();) {
        if (at[i] < 0x80) {
            out.push_back(static_cast<char16_t>(at[i++]));
            continue;
        }
        const CodePoint point = readCodePoint(at + i, text.size() - i);
        if (point.size == 0)
            return;
        i += static_cast<std::size_t>(point.size);
        if (point.value >= 0x10000) {
            out.push_back(static_cast<char16_t>(0xD7C0 + (point.value >> 10)));
            out.push_back(static_cast<char16_t>(0xDC00 | (point.value & 0x3FF)));
        } else {
            out.push_back(static_cast<char16_t>(point.value));
        }
    }
}

void appendUtf8(std::string &out, std::u16string_view text, LoneSurrogate lone)
{
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::uint32_t value = text[i];
        if (isHighSurrogate(text[i]) && i + 1 < text.size() && isLowSurrogate(text[i + 1]))
            value = 0x10000 + ((value & 0x3FFu) << 10) + (text[++i] & 0x3FFu);
        else if ((value & 0xF800u) == 0xD800u && lone == LoneSurrogate::Replace)
            value = 0xFFFD;
        if (value < 0x80) {
            put(value);
        } else if (value < 0x800) {
            put(0xC0 | value >> 6);
            put(0x80 | (value & 0x3F));
        } else if (value < 0x10000) {
            put(0xE0 | value >> 12);
            put(0x80 | (value >> 6 & 0x3F));
            put(0x80 | (value & 0x3F));
        } else {
            put(0xF0 | value >> 18);
            put(0x80 | (value >> 12 & 0x3F));
            put(0x80 | (value >> 6 & 0x3F));
            put(0x80 | (value & 0x3F));
        }
    }
}

} // namespace eventsync::crdt
