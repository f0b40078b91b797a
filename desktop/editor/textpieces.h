// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/id.h>

#include <QtGlobal>

#include <vector>

namespace eventsync::desktop {

// Which characters of a CRDT text an editor shows, in order: runs of ids, and between them typed text without ids. Positions
// and lengths are UTF-16 units. Owner only.
class TextPieces
{
public:
    struct Piece
    {
        crdt::Id first;  // kOrigin: typed, not written yet
        qsizetype length = 0;
        bool isWritten() const { return !first.isOrigin(); }
        crdt::Id last() const { return first.plus(std::uint64_t(length) - 1); }
        bool operator==(const Piece &) const = default;
    };

    void append(const crdt::IdSpan &span);
    void typed(qsizetype position, qsizetype length);
    // The ids of its written parts are appended to `removed`.
    void remove(qsizetype position, qsizetype length, std::vector<crdt::IdSpan> &removed);

    const std::vector<Piece> &all() const { return m_pieces; }
    qsizetype length() const { return m_length; }
    bool hasTyped() const;
    crdt::Id writtenBefore(qsizetype position) const; // the last character with an id before it; kOrigin: none

private:
    std::size_t split(qsizetype position); // the piece that begins there

    std::vector<Piece> m_pieces;
    qsizetype m_length = 0;
};

} // namespace eventsync::desktop
