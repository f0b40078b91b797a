// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/crdtidrewriter_p.h>

#include <functional>

namespace eventsync::client {

// What becomes of queue entries when the log, the server or another entry says that they cannot stay as they are
// (docs/merging.md, The client's queue). One entry's fate is the fate of what depends on it. Owner only.
class EntryFates
{
public:
    EntryFates(DocumentParts &document, CrdtIdRewriter &rewriter) : m_doc(document), m_rewriter(rewriter) {}

    // `because`: the entry that it followed; nothing is looked for then that follows it. `base` of a sent entry.
    void markConflicting(Entry &entry, Error why, std::optional<ServerSeq> base = {}, std::optional<EventId> because = {});
    void deadLetter(Entry &entry, Error why, std::optional<EventId> because = {});
    void deadLetterAll(const Error &why, const std::function<bool(const Entry &)> &which); // each for this reason
    // Sent, and certainly not in the log: it waits again, after the comparison with all that came since its base.
    void requeue(Entry &entry);
    void requeueSent();
    void requeueAcknowledged(const std::function<bool(const AckedEdit &)> &isLost); // by the log: to the head of the queue, in order
    Entry remove(Entry &entry); // out of the queue

    // What came in from others: waiting entries are compared now; those in flight when they are requeued, since their base
    // stays. `before`: only entries before this place.
    void compareWaiting(const json::Footprint &footprint, const std::string &what, std::int64_t before);
    void recordUnseen(Entry &entry, const json::Footprint &footprint);

    // The log holds an edit of ours: every entry that holds it leaves the queue. If it holds another version of it, or did not
    // execute it as written, then what overlaps the entry follows it.
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

    DocumentParts &m_doc;
    CrdtIdRewriter &m_rewriter;
};

} // namespace eventsync::client
