// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync {

// Metrics of a running program, as in Prometheus. Values may be changed and read from any thread (atomics); Metrics itself
// registers under a mutex, so the caller should keep the reference that counter(), gauge() or histogram() returns.

/// A number that only grows. Any thread.
class Counter
{
public:
    void add(std::uint64_t n = 1) { m_value.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const { return m_value.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> m_value{0};
};

/// A number that goes up and down. Any thread.
class Gauge
{
public:
    void set(std::int64_t n) { m_value.store(n, std::memory_order_relaxed); }
    void add(std::int64_t n) { m_value.fetch_add(n, std::memory_order_relaxed); }
    std::int64_t value() const { return m_value.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> m_value{0};
};

/// Counts observations into buckets of powers of two: 1, 2, 4, ... 2^26, and above.
class Histogram
{
public:
    static constexpr std::size_t kBuckets = 28;
    void observe(std::uint64_t value);
    std::uint64_t count() const { return m_count.load(std::memory_order_relaxed); }
    std::uint64_t sum() const { return m_sum.load(std::memory_order_relaxed); }
    std::uint64_t bucket(std::size_t index) const { return m_buckets[index].load(std::memory_order_relaxed); }

private:
    std::array<std::atomic<std::uint64_t>, kBuckets> m_buckets{};
    std::atomic<std::uint64_t> m_count{0}, m_sum{0};
};

/// All metrics of a program, by name and labels. A metric lives as long as this object. Any thread.
class Metrics
{
public:
    /// `labels` in exposition form without braces: R"(code="Invalid")". The same name and labels give the same object.
    Counter &counter(std::string_view name, std::string_view help, std::string_view labels = {});
    Gauge &gauge(std::string_view name, std::string_view help, std::string_view labels = {});
    Histogram &histogram(std::string_view name, std::string_view help, std::string_view labels = {});

    std::string toPrometheus() const; ///< text exposition format 0.0.4

private:
    struct Family;
    Family &family(std::string_view name, std::string_view help, std::string_view type);

    struct Series
    {
        std::unique_ptr<Counter> counter;
        std::unique_ptr<Gauge> gauge;
        std::unique_ptr<Histogram> histogram;
    };
    struct Family
    {
        std::string help, type;
        std::map<std::string, Series, std::less<>> series;
    };
    mutable std::mutex m_mutex;
    std::map<std::string, Family, std::less<>> m_families;
};

} // namespace eventsync
