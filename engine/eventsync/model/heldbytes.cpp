// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/heldbytes.h>

namespace eventsync {

namespace {

constexpr std::size_t kCrdtFactor = 8; // of memory for a byte of encoding: nodes, ids, indexes, and the view

} // namespace

std::size_t heldBytes(const Diff &diff)
{
    return sizeof(Diff) + (diff.isCrdt() ? diff.crdt().capacity() : json::heldBytes(diff.patch())) +
           (diff.mergePatch() ? json::heldBytes(*diff.mergePatch()) : 0);
}

std::size_t heldBytes(const Event &event)
{
    std::size_t bytes = sizeof(Event) - sizeof(Diff) + heldBytes(event.diff);
    if (event.metadata) {
        for (const auto &field : *event.metadata)
            bytes += sizeof field + field.key().size() + json::heldBytes(field.value());
    }
    return bytes;
}

std::size_t heldBytes(const DocumentState &state)
{
    if (!state.exists())
        return sizeof(DocumentState);
    return sizeof(DocumentState) +
           (state.kind() == DocumentKind::Crdt ? kCrdtFactor * state.canonicalSize() : json::heldBytes(state.view()));
}

} // namespace eventsync
