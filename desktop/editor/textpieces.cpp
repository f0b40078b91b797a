// SPDX-License-Identifier: Apache-2.0
#include <desktop/editor/textpieces.h>

#include <algorithm>

namespace eventsync::desktop {

void TextPieces::append(const crdt::IdSpan &span)
{
    if (span.length == 0)
        return;
    const auto length = qsizetype(span.length);
    if (!m_pieces.empty() && m_pieces.back().isWritten() && m_pieces.back().last().plus(1) == span.first())
        m_pieces.back().length += length;
    else
        m_pieces.push_back({span.first(), length});
    m_length += length;
}

std::size_t TextPieces::split(qsizetype position)
{
    for (std::size_t i = 0; i < m_pieces.size(); ++i) {
        if (position <= 0)
            return i;
        Piece &piece = m_pieces[i];
        if (position < piece.length) {
            const Piece rest{piece.isWritten() ? piece.first.plus(std::uint64_t(position)) : crdt::kOrigin, piece.length - position};
            piece.length = position;
            m_pieces.insert(m_pieces.begin() + std::ptrdiff_t(i) + 1, rest);
            return i + 1;
        }
        position -= piece.length;
    }
    return m_pieces.size();
}

void TextPieces::typed(qsizetype position, qsizetype length)
{
    if (length <= 0)
        return;
    const std::size_t at = split(position);
    m_length += length;
    if (at > 0 && !m_pieces[at - 1].isWritten())
        m_pieces[at - 1].length += length;
    else if (at < m_pieces.size() && !m_pieces[at].isWritten())
        m_pieces[at].length += length;
    else
        m_pieces.insert(m_pieces.begin() + std::ptrdiff_t(at), Piece{crdt::kOrigin, length});
}

void TextPieces::remove(qsizetype position, qsizetype length, std::vector<crdt::IdSpan> &removed)
{
    if (length <= 0)
        return;
    const std::size_t from = split(position);
    const std::size_t to = split(position + length);
    for (std::size_t i = from; i < to; ++i) {
        const Piece &piece = m_pieces[i];
        m_length -= piece.length;
        if (piece.isWritten())
            removed.push_back({piece.first.sid, piece.first.time, std::uint64_t(piece.length)});
    }
    m_pieces.erase(m_pieces.begin() + std::ptrdiff_t(from), m_pieces.begin() + std::ptrdiff_t(to));
    if (from > 0 && from < m_pieces.size() && !m_pieces[from - 1].isWritten() && !m_pieces[from].isWritten()) {
        m_pieces[from - 1].length += m_pieces[from].length;
        m_pieces.erase(m_pieces.begin() + std::ptrdiff_t(from));
    }
}

bool TextPieces::hasTyped() const
{
    return std::any_of(m_pieces.begin(), m_pieces.end(), [](const Piece &piece) { return !piece.isWritten(); });
}

crdt::Id TextPieces::writtenBefore(qsizetype position) const
{
    crdt::Id last = crdt::kOrigin;
    for (const Piece &piece : m_pieces) {
        if (position <= 0)
            break;
        if (piece.isWritten())
            last = piece.first.plus(std::uint64_t(std::min(position, piece.length)) - 1);
        position -= piece.length;
    }
    return last;
}

} // namespace eventsync::desktop
