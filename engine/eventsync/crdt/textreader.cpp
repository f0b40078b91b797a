// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/textreader.h>

#include <eventsync/crdt/utf16_p.h>

#include <algorithm>

namespace eventsync::crdt {

Anchor anchorIn(const Document &document, const Sequence &sequence, std::uint64_t position)
{
    const auto at = static_cast<std::uint32_t>(std::min<std::uint64_t>(position, sequence.length()));
    return at == 0 ? Anchor{} : Anchor{document.idOf(sequence.stampAt(at - 1))};
}

std::uint32_t positionIn(const Document &document, const Sequence &sequence, const Anchor &anchor)
{
    const Sequence::Stamp stamp = document.stampOf(anchor.after);
    if (anchor.after == kOrigin || stamp.session == LogicalClock::kNone || !sequence.contains(stamp))
        return 0;
    bool shows = false;
    const std::uint32_t position = sequence.positionOf(stamp, &shows);
    return position + (shows ? 1 : 0);
}

TextReader::TextReader(const Document &document, Id str) : m_document(document)
{
    const NodeIndex index = document.find(str);
    if (index != kNoNode && document.node(index).kind == NodeKind::Str && !document.node(index).isDead)
        m_sequence = &document.node(index).sequence();
}

qsizetype TextReader::length() const
{
    return m_sequence ? static_cast<qsizetype>(m_sequence->length()) : 0;
}

QString TextReader::text(qsizetype position, qsizetype count) const
{
    if (!m_sequence || position < 0 || count < 0)
        return {};
    const qsizetype from = std::min(position, length());
    const qsizetype size = std::min(count, length() - from);
    std::u16string units;
    units.reserve(static_cast<std::size_t>(size));
    m_sequence->appendUtf16(units, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(size));
    for (std::size_t i = 0; i < units.size(); ++i) { // a half whose other half somebody deleted
        const bool isPair = isHighSurrogate(units[i]) && i + 1 < units.size() && isLowSurrogate(units[i + 1]);
        if (isPair)
            ++i;
        else if (isHighSurrogate(units[i]) || isLowSurrogate(units[i]))
            units[i] = u'\uFFFD';
    }
    return QString::fromUtf16(units.data(), static_cast<qsizetype>(units.size()));
}

std::vector<IdSpan> TextReader::spans(qsizetype position, qsizetype count) const
{
    std::vector<IdSpan> spans;
    if (!m_sequence || position < 0 || position >= length() || count <= 0)
        return spans;
    const qsizetype size = std::min(count, length() - position);
    const auto runs = m_sequence->runs(static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(size));
    for (const Sequence::Run &run : runs) {
        const Id first = m_document.idOf(run.first);
        if (!spans.empty() && spans.back().sid == first.sid && spans.back().end() == first.time)
            spans.back().length += run.length;
        else
            spans.push_back({first.sid, first.time, run.length});
    }
    return spans;
}

// The units of a span keep their order. Looks from one that shows as far as those behind it are of the span as well, in
// steps that grow, so that a span in many pieces costs no more than it has pieces.
std::vector<TextReader::Range> TextReader::ranges(const IdSpan &span) const
{
    std::vector<Range> found;
    const Sequence::Stamp first = m_document.stampOf(span.first());
    if (!m_sequence || first.session == LogicalClock::kNone)
        return found;
    std::uint32_t step = 16;
    for (std::uint64_t at = 0; at < span.length;) {
        const Sequence::Stamp stamp{first.session, first.time + at};
        bool shows = false;
        const std::uint32_t position = m_sequence->contains(stamp) ? m_sequence->positionOf(stamp, &shows) : 0;
        if (!shows) {
            ++at;
            continue;
        }
        const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(
            {step, span.length - at, m_sequence->length() - position}));
        const std::uint32_t length = std::min(m_sequence->runs(position, wanted).front().length, wanted);
        if (!found.empty() && found.back().position + found.back().count == qsizetype(position))
            found.back().count += length;
        else
            found.push_back({qsizetype(position), qsizetype(length)});
        at += length;
        step = length == wanted ? std::min(step * 4, 1u << 20) : 16;
    }
    return found;
}

Anchor TextReader::anchor(qsizetype position) const
{
    return m_sequence ? anchorIn(m_document, *m_sequence, static_cast<std::uint64_t>(std::max<qsizetype>(position, 0))) : Anchor{};
}

qsizetype TextReader::position(const Anchor &anchor) const
{
    if (!m_sequence)
        return 0;
    const std::uint32_t position = positionIn(m_document, *m_sequence, anchor);
    return m_sequence->splitsPair(position) ? position + 1 : position;
}

} // namespace eventsync::crdt
