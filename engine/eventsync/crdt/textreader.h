// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/api.h>

#include <vector>

namespace eventsync::crdt {

/// Reads a text of a document by position and by id, for a component that keeps a copy of it, such as an editor. The ids of the
/// copy's characters show exactly which of them are still in the text and what was inserted between them; a comparison of texts
/// could only guess. A text that does not exist any more is empty. Valid until the document changes. Owner only, like the
/// document.
class TextReader
{
public:
    struct Range
    {
        qsizetype position = 0;
        qsizetype count = 0;
        bool operator==(const Range &) const = default;
    };

    TextReader(const Document &document, Id str);

    bool exists() const { return m_sequence != nullptr; }
    qsizetype length() const; ///< UTF-16 units, as all positions here
    QString text() const { return text(0, length()); }
    QString text(qsizetype position, qsizetype count) const; ///< a single half of a surrogate pair is U+FFFD

    std::vector<IdSpan> spans(qsizetype position, qsizetype count) const; ///< the ids of these units, neighbours joined
    std::vector<Range> ranges(const IdSpan &span) const;                  ///< the visible positions of these ids, in order

    Anchor anchor(qsizetype position) const;
    qsizetype position(const Anchor &anchor) const; ///< never between the halves of a surrogate pair

private:
    const Document &m_document;
    const Sequence *m_sequence = nullptr;
};

/// Positions by id in any sequence of a document.
Anchor anchorIn(const Document &document, const Sequence &sequence, std::uint64_t position);
std::uint32_t positionIn(const Document &document, const Sequence &sequence, const Anchor &anchor);

} // namespace eventsync::crdt
