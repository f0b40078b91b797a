// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>
#include <eventsync/base/metrics.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace eventsync {

/// Who keeps things in memory that the log or the store could give again, or that end with a commit.
enum class MemoryOwner {
    Documents, ///< states and last events of documents in use
    Commits,   ///< events and answers that wait for their commit
    Cache,     ///< documents in the cache of a Storage
};

/// What a program keeps in memory for its documents, in the bytes that are really held, beside the most that it may be. Whoever
/// keeps something charges it here; when all together are too much, each owner drops what it used last the longest ago, or
/// has new work wait. Any thread.
class MemoryAccount
{
public:
    static constexpr std::size_t kOwners = 3;

    explicit MemoryAccount(std::size_t total = limits::kMemoryBytes, Metrics *metrics = nullptr); ///< which outlives it

    std::size_t total() const { return m_total; }
    std::size_t bytes() const { return m_bytes.load(std::memory_order_relaxed); }
    std::size_t bytes(MemoryOwner owner) const { return m_parts[index(owner)].bytes.load(std::memory_order_relaxed); }
    bool isOver() const { return bytes() > m_total; }
    void dropped(MemoryOwner owner); ///< something went to make room

private:
    friend class MemoryCharge;
    static std::size_t index(MemoryOwner owner) { return static_cast<std::size_t>(owner); }
    void change(MemoryOwner owner, std::size_t before, std::size_t now);

    struct Part
    {
        std::atomic<std::size_t> bytes{0};
        Gauge *held = nullptr;
        Counter *dropped = nullptr;
    };
    const std::size_t m_total;
    std::atomic<std::size_t> m_bytes{0};
    std::array<Part, kOwners> m_parts;
};

/// What one holder keeps, as long as this lives; what is on its way may outlive the account's owner, and keeps it. Owner only.
class MemoryCharge
{
public:
    MemoryCharge(std::shared_ptr<MemoryAccount> account, MemoryOwner owner) : m_account(std::move(account)), m_owner(owner) {}
    MemoryCharge(const MemoryCharge &) = delete;
    MemoryCharge &operator=(const MemoryCharge &) = delete;
    ~MemoryCharge() { set(0); }

    void set(std::size_t bytes)
    {
        m_account->change(m_owner, m_bytes, bytes);
        m_bytes = bytes;
    }
    void add(std::size_t bytes) { set(m_bytes + bytes); }
    std::size_t bytes() const { return m_bytes; }

private:
    const std::shared_ptr<MemoryAccount> m_account;
    const MemoryOwner m_owner;
    std::size_t m_bytes = 0;
};

} // namespace eventsync
