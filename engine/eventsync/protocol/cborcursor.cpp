// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/cborcursor_p.h>

namespace eventsync::protocol::cbor {

bool ItemCursor::take(std::uint64_t count, std::string_view &out)
{
    if (count > left())
        return fail("the message is cut short");
    out = m_bytes.substr(m_at, static_cast<std::size_t>(count));
    m_at += out.size();
    return true;
}

bool ItemCursor::number(int bytes, std::uint64_t &out)
{
    std::string_view raw;
    if (!take(static_cast<std::uint64_t>(bytes), raw))
        return false;
    out = 0;
    for (const char byte : raw)
        out = out << 8 | static_cast<unsigned char>(byte);
    return true;
}

bool ItemCursor::head(ItemHead &out)
{
    std::string_view first;
    if (!take(1, first))
        return false;
    const auto byte = static_cast<unsigned char>(first[0]);
    out.major = static_cast<Major>(byte >> 5);
    out.info = byte & 31;
    out.argument = out.info;
    if (out.major == Major::Simple || out.info < 24)
        return true;
    const int bytes = json::cbor::argumentBytes(out.info);
    if (bytes < 0)
        return fail(out.info == 31 ? "an indefinite length" : "a reserved length");
    if (!number(bytes, out.argument))
        return false;
    const std::uint64_t shorter = out.info == 24 ? 24 : std::uint64_t(1) << (8 << (out.info - 25));
    return out.argument >= shorter || fail("a number that is not in its shortest form");
}

} // namespace eventsync::protocol::cbor
