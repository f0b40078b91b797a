// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentchanges_p.h>
#include <eventsync/model/documentstate.h>

namespace eventsync::client {

// Collects what changes in a document of kind crdt during a step, so that editors can repeat it. Owner only; the state that it
// observes calls it, so it stays where it is.
class CrdtObserver
{
public:
    CrdtObserver() = default;
    CrdtObserver(const CrdtObserver &) = delete;
    CrdtObserver &operator=(const CrdtObserver &) = delete;

    // What has changed since the last call; the paths of it go to `changes`. None: nothing, or it is no CRDT document.
    std::optional<CrdtChanged> take(const DocumentId &id, DocumentState &state, DocumentChanges &changes);
    void forget(DocumentState &state); // after an edit that came to nothing: editors know this state
    void loaded(DocumentState &state);

private:
    bool observe(DocumentState &state); // true: another document than the one observed until now
    void observed(const crdt::Document &document, const crdt::Change &change);

    std::vector<CrdtChange> m_changes;
    bool m_wasCrdt = false; // at the last take()
};

} // namespace eventsync::client
