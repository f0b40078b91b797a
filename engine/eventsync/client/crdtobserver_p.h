// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentchanges_p.h>
#include <eventsync/model/documentstate.h>

namespace eventsync::client {

// Collects what changes in a document of kind crdt during a step, so that editors can repeat it. Owner only. Not movable: the
// state that it observes holds its address.
class CrdtObserver
{
public:
    CrdtObserver() = default;
    CrdtObserver(const CrdtObserver &) = delete;
    CrdtObserver &operator=(const CrdtObserver &) = delete;

    // The changes since the last call; their paths are added to `changes`. None: nothing has changed, or it is not a CRDT
    // document.
    std::optional<CrdtChanged> take(const DocumentId &id, DocumentState &state, DocumentChanges &changes);
    void forget(DocumentState &state); // after an edit that was reverted: editors show this state already
    void loaded(DocumentState &state);

private:
    bool observe(DocumentState &state); // true: another document than the one observed until now
    void observed(const crdt::Document &document, const crdt::Change &change);

    std::vector<CrdtChange> m_changes;
    bool m_wasCrdt = false; // at the last take()
};

} // namespace eventsync::client
