// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <QStringList>

#include <optional>

namespace eventsync::test {

// The SQLite tests need a second process: to hold a lock, to be killed while it commits, to be someone who may not write, to
// run out of disk. It is this test program again, called with `--child WHAT STORE ...`. The exit code, or nullopt: not a child.
std::optional<int> runAsChild(const QStringList &arguments);

// What the children write: log(position | text), numbers(number | text).
storage::Schema childSchema();

} // namespace eventsync::test
