// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>

#include <vector>

namespace eventsync::crdt {

/// A document and the patches that made it, so that its state after any of them can be read. Encoded checkpoints bound how many
/// patches are applied for that. Owner only.
class History
{
public:
    explicit History(Document start);

    Document &document() { return m_document; } ///< the current document; edits of it must be recorded
    const Document &document() const { return m_document; }
    std::size_t size() const { return m_patches.size(); }
    const Patch &patch(std::size_t index) const { return m_patches[index]; }

    Result<Applied> apply(const Patch &patch); ///< a patch of another session; a known one is ignored
    void record(const Patch &patch);           ///< of an Api on document(), which has applied it
    /// The document after the first `count` patches; at most size().
    Result<Document> at(std::size_t count) const;
    /// Applies the other history's unknown patches; both must have begun with the same document, otherwise MissingDependency.
    Result<> merge(const History &other);

private:
    void keep(const Patch &patch);

    Document m_document;
    std::vector<Patch> m_patches;
    std::vector<Bytes> m_checkpoints; // before patch 0, kCrdtCheckpoint, 2 * kCrdtCheckpoint, ...
};

} // namespace eventsync::crdt
