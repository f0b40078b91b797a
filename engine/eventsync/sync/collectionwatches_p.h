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

// The watches of all collections. Changes of one step of the engine are sent together afterwards; watches that need the same
// message share its encoding. Owner only.
class CollectionWatches
{
public:
    explicit CollectionWatches(eventlog::DocumentEngine &engine) : m_engine(engine) {}

    void add(const WatchPtr &watch);
    void remove(const CollectionWatch &watch);
    bool isWatched(const CollectionName &collection) const { return m_watches.contains(collection); }
    void headChanged(const eventlog::DocumentPtr &document); // of a document that exists
    void schedule(const WatchPtr &watch);                    // the watch has heads to send
    void send();                                             // sends to all scheduled watches

    // The message that all watches with exactly these heads share, during send().
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
