// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace eventsync::crdt {

// Text is stored as UTF-8, and positions are UTF-16. A half of a surrogate pair may be single for a while, after a concurrent
// edit between the halves; in binary encodings it has the three bytes of its number (WTF-8), and in views it is U+FFFD.

inline bool isAscii(std::string_view text)
{
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t eight;
        std::memcpy(&eight, text.data() + i, 8);
        if ((eight & 0x8080808080808080u) != 0)
            return false;
    }
    for (; i < text.size(); ++i) {
        if ((text[i] & 0x80) != 0)
            return false;
    }
    return true;
}

// UTF-16 units of `text`, or -1 if it is not UTF-8 (three-byte surrogates are allowed).
std::int64_t utf16LengthOfAny(std::string_view text);
inline std::int64_t utf16Length(std::string_view text)
{
    return isAscii(text) ? static_cast<std::int64_t>(text.size()) : utf16LengthOfAny(text);
}

// `text` must have passed utf16Length().
void appendUtf16(std::u16string &out, std::string_view text);

enum class LoneSurrogate { Keep, Replace };
void appendUtf8(std::string &out, std::u16string_view text, LoneSurrogate lone);

inline bool isHighSurrogate(char16_t unit) { return (unit & 0xFC00) == 0xD800; }
inline bool isLowSurrogate(char16_t unit) { return (unit & 0xFC00) == 0xDC00; }

} // namespace eventsync::crdt
