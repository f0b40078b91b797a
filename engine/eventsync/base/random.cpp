// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/random.h>

#include <QRandomGenerator>

namespace eventsync {

std::uint64_t SystemRandom::next()
{
    return QRandomGenerator::system()->generate64();
}

} // namespace eventsync
