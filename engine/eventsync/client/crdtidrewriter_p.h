// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentparts_p.h>

namespace eventsync::client {

// What the log holds of an own edit.
struct LogHit
{
    EventId asked, first, logged;              // `asked` or `first` is what an entry may hold; `logged`: the version there
    ServerSeq serverSeq;
    const Event *event = nullptr;
    AckStatus status = AckStatus::Applied;
};

// The ids of CRDT patches in a queue: what depends on what, and new ids after a fork (docs/architecture.md, Rewriting ids, has
// the reasons and an example). A patch of which the ids are rewritten is a new version of the edit, under a new event id, and
// remembers the versions before it. Owner only.
class CrdtIdRewriter
{
public:
    explicit CrdtIdRewriter(DocumentParts &document) : m_doc(document) {}

    static bool dependsOn(const QueueEntry &edit, const CrdtIds &ids);
    static void addIds(const QueueEntry &edit, CrdtIds &ids);

    // Called when `synced` arrives, before patches are sent: patches of another session will be rewritten at the next reapply.
    void findForeignSessions();
    bool waitsForDependency() const; // some patch is in conflict because of what it depends on
    // Called for each entry, in queue order, when the queue is applied to the tree again: the entry gets the new ids that it
    // needs, and refers to the new ids of entries before it. An entry that is in conflict because of a missing dependency waits
    // again as soon as the dependency is there. `unapplied` are the ids of the entries before it that are not in the tree: they
    // are in use as well.
    void reapply(Entry &entry, CrdtRenames &renames, const CrdtIds &unapplied);
    void endReapply(const CrdtRenames &renames);

    // The log holds an earlier version of the patch, or a version by a copy of this replica: patches made on top of it must
    // refer to the ids of that version.
    bool restoreVersion(Entry &entry, const LogHit &hit);
    static void useVersion(QueueEntry &edit, const std::vector<EarlierVersion> &versions, const EventId &version);
    Diff rebasedDiff(const QueueEntry &edit) const; // of a refused patch that is retried: its ids come after all ids made since

private:
    void rewrite(Entry &entry, CrdtRenames &renames, const CrdtIds &unapplied, bool anew);
    void requeueWhenComplete(Entry &entry, CrdtRenames &renames, const CrdtIds &unapplied);
    bool isOvertaken(const crdt::IdSpan &ids) const;
    std::uint64_t nextTime(std::uint64_t sid, const CrdtIds &unapplied) const; // after all times in use
    crdt::Id nextId(const crdt::IdSpan &ids, const CrdtIds &unapplied) const;  // in the own session

    DocumentParts &m_doc;
    bool m_rewriteForeign = false;
};

} // namespace eventsync::client
