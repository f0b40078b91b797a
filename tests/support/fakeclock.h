// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>

#include <atomic>
#include <chrono>

namespace eventsync::test {

// A clock that stands still until a test moves it. Starts at 2026-11-21T09:00:00.000Z. Any thread.
class FakeClock final : public Clock
{
public:
    static constexpr std::int64_t kStart = 1'795'251'600'000;

    Timestamp wall() const override { return Timestamp(m_wall.load()); }
    std::chrono::milliseconds steady() const override { return std::chrono::milliseconds(m_steady.load()); }

    void advance(std::chrono::milliseconds time)
    {
        m_wall += time.count();
        m_steady += time.count();
    }
    void setWall(Timestamp time) { m_wall = time.value(); } // a jump: the steady time does not notice

private:
    std::atomic<std::int64_t> m_wall{kStart};
    std::atomic<std::int64_t> m_steady{0};
};

} // namespace eventsync::test
