// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

namespace eventsync::json {

/// The order of two valid UTF-8 texts by their UTF-16 code units (RFC 8785), without converting them: <0, 0, >0.
///
/// UTF-8's byte order is code point order. UTF-16's differs in one thing only: code points from U+10000 up (lead bytes F0 to
/// F4) are written with surrogates D800 to DFFF and so come before U+E000 to U+FFFF (lead bytes EE and EF). Where two texts
/// first differ in a lead byte, moving EE and EF behind F4 gives the order of UTF-16; a differing continuation byte is below
/// EE.
inline int compareUtf16(std::string_view a, std::string_view b)
{
    const std::size_t common = std::min(a.size(), b.size());
    if (const int order = std::memcmp(a.data(), b.data(), common); order != 0) {
        std::size_t i = 0;
        while (a[i] == b[i])
            ++i;
        auto rank = [](char c) {
            const int byte = static_cast<unsigned char>(c);
            return byte == 0xEE || byte == 0xEF ? byte + 0x10 : byte;
        };
        return rank(a[i]) - rank(b[i]);
    }
    return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

} // namespace eventsync::json
