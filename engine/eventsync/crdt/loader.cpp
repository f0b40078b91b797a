// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/loader_p.h>

#include <eventsync/crdt/utf16_p.h>

namespace eventsync::crdt {

void DocumentLoader::addText(NodeIndex index, Id first, std::string_view utf8)
{
    const std::int64_t length = utf16Length(utf8);
    if (length <= 0)
        return fail();
    const auto count = static_cast<std::uint32_t>(length);
    if (count == utf8.size())
        return addRun(index, first, count, false, {utf8.data(), count, 1});
    m_buffer.clear();
    appendUtf16(m_buffer, utf8);
    addRun(index, first, count, false, {m_buffer.data(), count, 2});
}

void DocumentLoader::addUnits(NodeIndex index, Id first, std::u16string_view text)
{
    std::string utf8;
    appendUtf8(utf8, text, LoneSurrogate::Keep);
    addText(index, first, utf8);
}

} // namespace eventsync::crdt
