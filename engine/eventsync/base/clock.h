// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/timestamp.h>

#include <chrono>

namespace eventsync {

/// The interface for time: engine code never asks the operating system. Programs use SystemClock, tests a clock that they move.
class Clock
{
public:
    virtual ~Clock() = default;
    virtual Timestamp wall() const = 0;                    ///< may jump; for people, logs, expiry
    virtual std::chrono::milliseconds steady() const = 0;  ///< never goes back; for waits and retries
};

/// Any thread.
class SystemClock final : public Clock
{
public:
    Timestamp wall() const override
    {
        using namespace std::chrono;
        return Timestamp(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
    }
    std::chrono::milliseconds steady() const override
    {
        using namespace std::chrono;
        return duration_cast<milliseconds>(steady_clock::now().time_since_epoch());
    }
};

} // namespace eventsync
