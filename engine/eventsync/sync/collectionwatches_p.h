// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/sync/syncservice.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace eventsync::sync {

class CollectionWatch;
using WatchPtr = std::shared_ptr<CollectionWatch>;

// Who watches which collection. What changes in one step of the engine is sent together afterwards; watches that want the same
// of it share one encoded message. Owner only.
class CollectionWatches
{
public:
    explicit CollectionWatches(eventlog::DocumentEngine &engine) : m_engine(engine) {}

    void add(const WatchPtr &watch);
    void remove(const CollectionWatch &watch);
    bool isWatched(const CollectionName &collection) const { return m_watches.contains(collection); }
    void headChanged(const eventlog::DocumentPtr &document); // one that exists
    void schedule(const WatchPtr &watch);                    // it has heads to send
    void send();                                             // what is scheduled, now

    // The message for all that are told exactly this, while they are sent to.
    protocol::OutgoingPtr shared(protocol::Heads heads, const std::set<DocumentId> &changed);

private:
    using Key = std::pair<SessionId, CollectionName>;

    eventlog::DocumentEngine &m_engine;
    std::map<CollectionName, std::map<SessionId, WatchPtr>> m_watches; // none of them empty
    std::map<Key, WatchPtr> m_changed;
    std::map<std::pair<CollectionName, std::set<DocumentId>>, protocol::OutgoingPtr> m_shared;
    bool m_posted = false;
};

} // namespace eventsync::sync
