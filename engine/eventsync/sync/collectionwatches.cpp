// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/collectionwatches_p.h>

#include <eventsync/eventlog/storeaccess.h>
#include <eventsync/sync/collectionwatch_p.h>

namespace eventsync::sync {

void CollectionWatches::add(const WatchPtr &watch)
{
    m_watches[watch->collection()].insert_or_assign(watch->session(), watch);
}

void CollectionWatches::remove(const CollectionWatch &watch)
{
    const auto found = m_watches.find(watch.collection());
    if (found == m_watches.end())
        return;
    const auto own = found->second.find(watch.session());
    if (own == found->second.end() || own->second.get() != &watch)
        return;
    m_changed.erase({watch.session(), watch.collection()});
    const WatchPtr kept = own->second; // may be called by a function of the watch
    found->second.erase(own);
    if (found->second.empty())
        m_watches.erase(found);
}

void CollectionWatches::headChanged(const eventlog::DocumentPtr &document)
{
    const auto collection = document->collection();
    const auto found = collection ? m_watches.find(*collection) : m_watches.end();
    if (found == m_watches.end())
        return;
    for (const auto &[session, watch] : found->second) {
        watch->headChanged(document->id());
        schedule(watch);
    }
}

void CollectionWatches::schedule(const WatchPtr &watch)
{
    m_changed.insert_or_assign({watch->session(), watch->collection()}, watch);
    if (!std::exchange(m_posted, true))
        m_engine.store().post([this] { send(); });
}

void CollectionWatches::send()
{
    m_posted = false;
    m_shared.clear();
    for (const auto &[key, watch] : std::exchange(m_changed, {}))
        watch->sendChanged();
    m_shared.clear();
}

protocol::OutgoingPtr CollectionWatches::shared(protocol::Heads heads, const std::set<DocumentId> &changed)
{
    protocol::OutgoingPtr &message = m_shared[{heads.collection, changed}];
    if (!message)
        message = std::make_shared<const protocol::OutgoingMessage>(std::move(heads));
    return message;
}

} // namespace eventsync::sync
