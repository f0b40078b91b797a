// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>

#include <vector>

namespace eventsync::crdt {

/// A document and the patches that made it, so that it can be shown as it was after any of them. Encoded checkpoints bound
/// how many patches are applied for that. Owner only.
class History
{
public:
    explicit History(Document start);

    Document &document() { return m_document; } ///< as it is now; what is edited here is to be recorded
    const Document &document() const { return m_document; }
    std::size_t size() const { return m_patches.size(); }
    const Patch &patch(std::size_t index) const { return m_patches[index]; }

    Result<Applied> apply(const Patch &patch); ///< of somebody else; one that was known is not kept again
    void record(const Patch &patch);           ///< of an Api on document(), which has applied it
    /// The document after the first `count` patches; at most size().
    Result<Document> at(std::size_t count) const;
    /// Takes over the other's patches that are not known here; both began with the same document. MissingDependency if they
    /// did not.
    Result<> merge(const History &other);

private:
    void keep(const Patch &patch);

    Document m_document;
    std::vector<Patch> m_patches;
    std::vector<Bytes> m_checkpoints; // before patch 0, kCrdtCheckpoint, 2 * kCrdtCheckpoint, ...
};

} // namespace eventsync::crdt
