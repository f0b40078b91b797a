// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/assert.h>

#include <QtGlobal>

namespace eventsync {

void assertionFailed(const char *condition, const char *file, int line)
{
    qFatal("EventSync: assertion failed: %s (%s:%d)", condition, file, line);
    Q_UNREACHABLE();
}

} // namespace eventsync
