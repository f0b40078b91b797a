// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/history.h>

#include <eventsync/base/assert.h>
#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/limits.h>

namespace eventsync::crdt {

History::History(Document start) : m_document(std::move(start))
{
    m_checkpoints.push_back(encodeBinary(m_document));
}

void History::keep(const Patch &patch)
{
    m_patches.push_back(patch);
    if (m_patches.size() % limits::kCrdtCheckpoint == 0)
        m_checkpoints.push_back(encodeBinary(m_document));
}

Result<Applied> History::apply(const Patch &patch)
{
    EVENTSYNC_TRY(const Applied applied, m_document.apply(patch));
    if (applied == Applied::New)
        keep(patch);
    return applied;
}

void History::record(const Patch &patch)
{
    if (!patch.isEmpty())
        keep(patch);
}

Result<Document> History::at(std::size_t count) const
{
    EVENTSYNC_ASSERT(count <= m_patches.size());
    const std::size_t checkpoint = std::min(count / limits::kCrdtCheckpoint, m_checkpoints.size() - 1);
    EVENTSYNC_TRY(Document document, decodeBinary(m_checkpoints[checkpoint]));
    for (std::size_t i = checkpoint * limits::kCrdtCheckpoint; i < count; ++i)
        EVENTSYNC_CHECK(document.apply(m_patches[i]));
    return document;
}

Result<> History::merge(const History &other)
{
    for (const Patch &patch : other.m_patches)
        EVENTSYNC_CHECK(apply(patch));
    return {};
}

} // namespace eventsync::crdt
