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

/// The owners of memory that could be read again from the store, or that ends with a commit.
enum class MemoryOwner {
    Documents, ///< states and recent events of documents in use
    Commits,   ///< events and answers that wait for their commit
    Cache,     ///< documents in the cache of a Storage
};

/// The memory that a program uses for its documents, in bytes, and its limit. Each owner charges what it keeps; if the total is
/// over the limit, each owner drops what it has not used for longest, or delays new work. Any thread.
class MemoryAccount
{
public:
    static constexpr std::size_t kOwners = 3;

    explicit MemoryAccount(std::size_t total = limits::kMemoryBytes, Metrics *metrics = nullptr); ///< must outlive it

    std::size_t total() const { return m_total; }
    std::size_t bytes() const { return m_bytes.load(std::memory_order_relaxed); }
    std::size_t bytes(MemoryOwner owner) const { return m_parts[index(owner)].bytes.load(std::memory_order_relaxed); }
    bool isOver() const { return bytes() > m_total; }
    void dropped(MemoryOwner owner); ///< something was dropped to make room

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

/// The memory of one holder, charged as long as this object exists. It keeps the account alive, because work in progress may
/// outlive the account's owner. Owner only.
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
