// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/threadpriority.h>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace eventsync {

void lowerThreadPriority()
{
#ifdef __linux__
    // setpriority(2), NOTES: on Linux the nice value belongs to the thread. A fifth of the weight of an ordinary one.
    constexpr int kNicer = 7;
    const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
    ::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + kNicer);
#endif
}

} // namespace eventsync
