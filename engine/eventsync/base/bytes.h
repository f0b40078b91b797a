// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string>
#include <string_view>

namespace eventsync {

/// Raw bytes. A std::string, because hashed and stored bytes are nearly always text.
using Bytes = std::string;

std::string toHex(std::string_view bytes); ///< lower case
Result<Bytes> fromHex(std::string_view text);

/// RFC 4648 section 5, without padding. Decoding is strict: no padding, no white space, no unused bits in the last character.
std::string toBase64Url(std::string_view bytes);
Result<Bytes> fromBase64Url(std::string_view text);

/// RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF.
bool isValidUtf8(std::string_view text);

} // namespace eventsync
