// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/logcheckpoint.h>
#include <eventsync/sync/synccontext_p.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace eventsync::sync {

// How much of heads goes into one message: bytes of a page, and of one document's fields.
struct HeadLimits
{
    std::size_t page = 0, fields = 0;
};

// One document as a watch sees it, before it is asked who may read it and what was shown.
struct FoundHead
{
    protocol::Head head;
    bool matches = true; // the filter
    std::size_t fieldBytes = 0;

    std::size_t bytes() const { return head.documentId.text().size() + 64 + (head.fields ? fieldBytes : 0); }
};

struct HeadPage;

// One collection as one session watches it: listed first from the derived rows, brought up to date for it, page by page below the
// high-water mark; what changes meanwhile is sent as well (heads come at least once). Then live. Owner only.
class CollectionWatch : public std::enable_shared_from_this<CollectionWatch>
{
public:
    enum class State {
        Starting, // derived rows are written, and the token is looked at
        Listing,  // a page is read
        Waiting,  // the next page waits for room
        Live,
        Ended,
    };

    CollectionWatch(Session &session, SyncContext &context, const protocol::Watch &parameters);

    SessionId session() const { return m_id; }
    const CollectionName &collection() const { return m_parameters.collection; }
    State state() const { return m_state; }

    void start();
    void end() { m_state = State::Ended; }
    void headChanged(const DocumentId &document) { m_changed.insert(document); }
    void sendChanged(); // if it is live and the peer reads
    void resume();      // the peer has drained: the next page, and what changed

private:
    void readStart(std::int64_t reached);
    void readPage();
    void pageRead(const HeadPage &page);
    void fail(const Error &error);
    std::optional<protocol::Head> headFor(const FoundHead &found);
    std::optional<FoundHead> changedHead(const eventlog::DocumentPtr &document);
    HeadLimits headLimits() const;
    bool changesOnly() const { return !m_full; }

    Session &m_session; // closes its watches before it goes
    SyncContext &m_context;
    const SessionId m_id;
    const protocol::Watch m_parameters;
    State m_state = State::Starting;
    std::optional<std::string> m_listAfter;
    std::int64_t m_since = 0;    // list only what changed after this position; 0: everything
    bool m_full = true;          // everything is listed
    eventlog::LogCheckpoint m_reached; // when the list was begun
    std::set<DocumentId> m_shown; // with a filter: what the peer was told matches
    bool m_knowsShown = true;    // false with a list of changes: then everything may have been shown
    std::set<DocumentId> m_changed; // to be sent
};

} // namespace eventsync::sync
