// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/crdtidrewriter_p.h>

#include <functional>

namespace eventsync::client {

// What happens to queue entries when an event, an answer of the server or another entry makes them impossible as they are
// (docs/merging.md, The client's queue). Entries that depend on an entry share its fate. Owner only.
class EntryFates
{
public:
    EntryFates(DocumentParts &document, CrdtIdRewriter &rewriter) : m_doc(document), m_rewriter(rewriter) {}

    // `because`: the entry that this one depends on; entries that depend on this one are then not searched for. `base`: of a
    // sent entry.
    void markConflicting(Entry &entry, Error why, std::optional<ServerSeq> base = {}, std::optional<EventId> because = {});
    void deadLetter(Entry &entry, Error why, std::optional<EventId> because = {});
    void deadLetterAll(const Error &why, const std::function<bool(const Entry &)> &which); // all of these, for this reason
    // For a sent entry that is certainly not in the log: it is compared with all events since its base, and waits again.
    void requeue(Entry &entry);
    void requeueSent();
    void requeueAcknowledged(const std::function<bool(const AckedEdit &)> &isLost); // edits that the log has lost: they return to the head of the queue, in order
    Entry remove(Entry &entry); // out of the queue
    void damaged(const Entry &entry); // what follows it may have been made on top of it: a person decides

    // Compares waiting entries with an event or snapshot of others. Entries in flight are compared when they are requeued,
    // since their base stays. `before`: only entries before this place.
    void compareWaiting(const json::Footprint &footprint, const std::string &what, std::int64_t before);
    void recordUnseen(Entry &entry, const json::Footprint &footprint);

    // An own edit is in the log: every entry that holds it leaves the queue. If the log has another version of it, or did not
    // apply it as it was made, then entries that overlap it share its fate.
    struct Settled
    {
        bool any = false;                      // an entry left the queue
        bool seen = false;                     // later entries were made on top of it
        std::optional<std::int64_t> order = {};
    };
    Settled settle(const LogHit &hit);

    std::vector<const json::Footprint *> unseenOf(const Entry &entry) const;

private:
    void setAside(Entry &entry, Entry::State state, Error why, std::optional<EventId> because, PendingFate forOthers);
    void propagate(const Entry &entry, PendingFate fate);
    bool mayOverlapWaiting(const json::Footprint &footprint);

    DocumentParts &m_doc;
    CrdtIdRewriter &m_rewriter;
    json::Footprint m_waiting; // of all waiting entries together, and more
    std::uint64_t m_waitingVersion = 0;
};

} // namespace eventsync::client
