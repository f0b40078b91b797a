// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <sys/types.h>

// Time as the kernel counts it, in seconds. Processor time counts on a busy machine: what else runs there is not in it.
namespace eventsync::bench {

inline double secondsOf(clockid_t clock)
{
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

inline double wallSeconds()
{
    return secondsOf(CLOCK_MONOTONIC);
}
inline double threadCpuSeconds()
{
    return secondsOf(CLOCK_THREAD_CPUTIME_ID);
}
inline double processCpuSeconds()
{
    return secondsOf(CLOCK_PROCESS_CPUTIME_ID);
}

// Of all threads of another process.
inline double cpuSecondsOf(pid_t process)
{
    clockid_t clock{};
    return clock_getcpuclockid(process, &clock) == 0 ? secondsOf(clock) : 0;
}

} // namespace eventsync::bench
