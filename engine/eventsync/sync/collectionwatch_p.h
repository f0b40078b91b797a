// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/logcheckpoint.h>
#include <eventsync/sync/synccontext_p.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace eventsync::sync {

// The largest sizes in one message of heads: of a page, and of one document's fields, in bytes.
struct HeadLimits
{
    std::size_t page = 0, fields = 0;
};

// One document before a watch checks the right to read it and what was shown before.
struct FoundHead
{
    protocol::Head head;
    bool matches = true; // the filter
    std::size_t fieldBytes = 0;

    std::size_t bytes() const { return head.documentId.text().size() + 64 + (head.fields ? fieldBytes : 0); }
};

// What the watches of one connection keep, in bytes.
struct WatchMemory
{
    std::size_t changed = 0; // names of changed documents, to be sent
    std::size_t shown = 0;   // names of documents that a filter has shown
};

struct HeadPage;

// One session's watch of one collection. First it lists the collection from the derived rows, which are brought up to date for
// it, page by page while the peer's unsent bytes are below the high-water mark; changes meanwhile are sent as well (heads are
// sent at least once). Then it is live. If its peer
// does not read while more documents change than a connection may keep the names of, the names are dropped, and what has changed
// since is listed again from the rows. Owner only.
class CollectionWatch : public std::enable_shared_from_this<CollectionWatch>
{
public:
    enum class State {
        Starting, // derived rows are written, and the token is checked
        Listing,  // a page is read
        Waiting,  // the next page waits until the peer has read
        Live,
        Ended,
    };

    CollectionWatch(Session &session, SyncContext &context, const protocol::Watch &parameters);

    SessionId session() const { return m_id; }
    const CollectionName &collection() const { return m_parameters->collection; }
    State state() const { return m_state; }

    void start();
    void end();
    void headChanged(const DocumentId &document);
    bool dependsOnRules() const; // its filter and fields see documents as the collection's rules show them
    void sendChanged(); // if it is live and the peer's unsent bytes permit it
    void resume();      // the peer has drained: sends the next page and the changes

private:
    void readStart(std::int64_t reached);
    void listAgain();
    void fallBehind();
    std::set<DocumentId> takeChanged();
    void wasShown(const DocumentId &document);
    void forgetShown();
    std::string rulesMark() const;
    std::optional<std::string> usableToken() const;
    void readPage();
    void pageRead(const HeadPage &page);
    void fail(const Error &error);
    std::optional<protocol::Head> headFor(const FoundHead &found);
    std::optional<FoundHead> changedHead(const eventlog::DocumentPtr &document);
    HeadLimits headLimits() const;
    bool changesOnly() const { return !m_full; }

    Session &m_session; // closes its watches before it is destroyed
    SyncContext &m_context;
    const SessionId m_id;
    const std::shared_ptr<const protocol::Watch> m_parameters; // its filter may be large: shared with what reads the store
    State m_state = State::Starting;
    std::optional<std::string> m_listAfter;
    std::int64_t m_since = 0;    // list only what changed after this position; 0: everything
    bool m_full = true;          // everything is listed
    eventlog::LogCheckpoint m_reached; // the head of the store when the list was begun
    std::int64_t m_told = 0;     // changes up to this position were sent, or are in m_changed
    bool m_isBehind = false;     // names were dropped: what changed after m_told is to be listed again
    bool m_isRepeated = false;   // the list is such a one
    std::set<DocumentId> m_shown; // with a filter: the documents that the peer knows as matching
    bool m_knowsShown = true;    // false for a list of changes: then any document may have been shown earlier
    std::set<DocumentId> m_changed; // to be sent
};

} // namespace eventsync::sync
