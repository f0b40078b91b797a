// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/memoryaccount.h>
#include <eventsync/base/metrics.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/storage.h>

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

namespace eventsync::storage {

/// The documents that were read or written last. An entry is valid for `timeToLive`; the cache has at most `entries` entries
/// and `bytes` bytes in memory, and fewer while an account is over its total. A document that is read often is hot: near the
/// end of its time the cache reports this, and the owner reads it again before a caller has to wait. An entry may be outdated
/// (after a write of another program); a commit based on it is checked by its version. Owner only.
class DocumentCache
{
public:
    struct Options
    {
        std::size_t entries = limits::kCacheDocuments;
        std::size_t bytes = limits::kCacheHeldBytes;
        std::shared_ptr<MemoryAccount> memory = {};
        std::chrono::milliseconds timeToLive = limits::kCacheTime;
        int hotHits = limits::kCacheHotHits; ///< within one timeToLive
        Metrics *metrics = nullptr;          ///< must outlive the cache
    };
    using Entry = std::shared_ptr<const StoredDocument>;
    struct Found
    {
        Entry document;          ///< null: not cached, or too old
        bool wantsRefresh = false;
    };

    DocumentCache(const Clock &clock, const Options &options);

    Found find(const DocumentId &id);
    void put(Entry document); ///< an older version than the one here is ignored
    void remove(const DocumentId &id);
    std::size_t size() const { return m_entries.size(); }

private:
    struct Slot
    {
        Entry document;
        std::chrono::milliseconds until{};
        int hits = 0;
        bool refreshAsked = false;
        std::size_t bytes = 0;
        std::list<DocumentId>::iterator use;
    };
    void drop(std::unordered_map<DocumentId, Slot>::iterator slot);
    bool isTooMuch() const;
    void hold(Slot &slot, std::size_t bytes);

    const Clock &m_clock;
    const Options m_options;
    std::unordered_map<DocumentId, Slot> m_entries;
    std::list<DocumentId> m_uses; // the one used last is in front
    std::size_t m_bytes = 0;
    std::optional<MemoryCharge> m_charge; // of all
    Metrics m_ownMetrics;
    Counter &m_hits, &m_misses, &m_evictions;
};

} // namespace eventsync::storage
