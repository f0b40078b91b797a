// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/memoryaccount.h>

#include <string>

namespace eventsync {

namespace {

constexpr std::array<std::string_view, MemoryAccount::kOwners> kNames = {"documents", "commits", "cache"};

} // namespace

MemoryAccount::MemoryAccount(std::size_t total, Metrics *metrics) : m_total(total)
{
    if (!metrics)
        return;
    metrics->gauge("eventsync_memory_limit_bytes", "the most that is kept in memory for documents").set(static_cast<std::int64_t>(total));
    for (std::size_t i = 0; i < kOwners; ++i) {
        const std::string labels = "owner=\"" + std::string(kNames[i]) + '"';
        m_parts[i].held = &metrics->gauge("eventsync_memory_bytes", "kept in memory for documents, by its owner", labels);
        m_parts[i].dropped = &metrics->counter("eventsync_memory_dropped_total", "things dropped from memory to make room", labels);
    }
}

void MemoryAccount::dropped(MemoryOwner owner)
{
    if (Counter *count = m_parts[index(owner)].dropped)
        count->add();
}

// Unsigned arithmetic wraps: adding a negative difference subtracts.
void MemoryAccount::change(MemoryOwner owner, std::size_t before, std::size_t now)
{
    Part &part = m_parts[index(owner)];
    m_bytes.fetch_add(now - before, std::memory_order_relaxed);
    part.bytes.fetch_add(now - before, std::memory_order_relaxed);
    if (part.held)
        part.held->add(static_cast<std::int64_t>(now - before));
}

} // namespace eventsync
