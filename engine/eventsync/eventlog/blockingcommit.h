// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

namespace eventsync::eventlog {

/// Commits a batch and waits until it is durable or has failed. For command line tools and tests. Any thread that runs no event
/// loop, and not inside a `done` or a read task of the same backend.
Result<storage::Committed> commitAndWait(storage::Backend &backend, storage::Batch batch);

} // namespace eventsync::eventlog
