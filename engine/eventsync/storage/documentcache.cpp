// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/documentcache.h>

#include <eventsync/json/heldbytes.h>

namespace eventsync::storage {

DocumentCache::DocumentCache(const Clock &clock, const Options &options)
    : m_clock(clock), m_options(options),
      m_hits((options.metrics ? *options.metrics : m_ownMetrics)
                 .counter("eventsync_cache_hits_total", "Documents found in the cache")),
      m_misses((options.metrics ? *options.metrics : m_ownMetrics)
                   .counter("eventsync_cache_misses_total", "Documents not found in the cache, or too old there")),
      m_evictions((options.metrics ? *options.metrics : m_ownMetrics)
                      .counter("eventsync_cache_evictions_total", "Documents that left the cache to make room, or by age"))
{
    if (options.memory)
        m_charge.emplace(options.memory, MemoryOwner::Cache);
}

DocumentCache::Found DocumentCache::find(const DocumentId &id)
{
    const auto found = m_entries.find(id);
    const auto now = m_clock.steady();
    if (found == m_entries.end() || found->second.until <= now) {
        m_misses.add();
        if (found != m_entries.end()) {
            m_evictions.add();
            drop(found);
        }
        return {};
    }
    m_hits.add();
    Slot &slot = found->second;
    m_uses.splice(m_uses.begin(), m_uses, slot.use);
    ++slot.hits;
    const bool late = slot.until - now <= m_options.timeToLive / 4;
    const bool wantsRefresh = late && slot.hits >= m_options.hotHits && !slot.refreshAsked;
    slot.refreshAsked = slot.refreshAsked || wantsRefresh;
    return {slot.document, wantsRefresh};
}

void DocumentCache::put(Entry document)
{
    if (m_options.entries == 0)
        return;
    const auto [found, isNew] = m_entries.try_emplace(document->id);
    Slot &slot = found->second;
    if (isNew) {
        m_uses.push_front(document->id);
        slot.use = m_uses.begin();
    } else {
        if (slot.document->version > document->version)
            return;
        m_uses.splice(m_uses.begin(), m_uses, slot.use);
    }
    hold(slot, sizeof(StoredDocument) + json::heldBytes(document->value));
    slot.document = std::move(document);
    slot.until = m_clock.steady() + m_options.timeToLive;
    slot.hits = 0;
    slot.refreshAsked = false;
    while (isTooMuch()) {
        m_evictions.add();
        if (m_options.memory)
            m_options.memory->dropped(MemoryOwner::Cache);
        drop(m_entries.find(m_uses.back()));
    }
}

bool DocumentCache::isTooMuch() const
{
    return m_entries.size() > m_options.entries || (!m_entries.empty() && m_bytes > m_options.bytes) ||
           (!m_entries.empty() && m_options.memory && m_options.memory->isOver());
}

void DocumentCache::hold(Slot &slot, std::size_t bytes)
{
    m_bytes += bytes - slot.bytes; // unsigned arithmetic wraps
    slot.bytes = bytes;
    if (m_charge)
        m_charge->set(m_bytes);
}

void DocumentCache::remove(const DocumentId &id)
{
    if (const auto found = m_entries.find(id); found != m_entries.end())
        drop(found);
}

void DocumentCache::drop(std::unordered_map<DocumentId, Slot>::iterator slot)
{
    hold(slot->second, 0);
    m_uses.erase(slot->second.use);
    m_entries.erase(slot);
}

} // namespace eventsync::storage
