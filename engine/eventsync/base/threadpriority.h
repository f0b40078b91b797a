// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace eventsync {

/// For a thread that does long work which others do not wait for: where the processors are busy, the threads that answer
/// everybody go first. Of the calling thread, until it ends. Does nothing where the system knows no priority of a thread.
void lowerThreadPriority();

} // namespace eventsync
