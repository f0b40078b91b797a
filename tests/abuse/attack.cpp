// SPDX-License-Identifier: Apache-2.0
#include "attack.h"

#include <sys/resource.h>
#include <unistd.h>

namespace eventsync::abuse {

namespace {

constexpr int kNice = 15;

} // namespace

std::string Attack::invented()
{
    return "x" + std::to_string(randomNumber()) + '-' + std::to_string(randomNumber());
}

Gang::Gang(Attacks &attacks)
{
    for (const auto &attack : attacks) {
        m_threads.emplace_back([this, &one = *attack] {
            ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice); // of this thread only
            while (!m_stopped) {
                one.step();
                std::this_thread::sleep_for(one.pause());
            }
        });
    }
}

Gang::~Gang()
{
    m_stopped = true;
    for (std::thread &thread : m_threads)
        thread.join();
}

} // namespace eventsync::abuse
