// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

namespace eventsync::eventlog {

/// Commits and waits until that is durable or has failed. For command line tools and tests: never on a thread that has an event
/// loop to run, and never inside a `done` or a read task of the same backend. Any other thread.
Result<storage::Committed> commitAndWait(storage::Backend &backend, storage::Batch batch);

} // namespace eventsync::eventlog
