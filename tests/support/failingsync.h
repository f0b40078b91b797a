// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace eventsync::test {

// A disk that fails to keep what was written to it: SQLite stores opened during the life of this object meet an fsync that
// fails while `fails` is set. One at a time; the stores are closed before it goes.
class FailingSync
{
public:
    FailingSync();
    ~FailingSync();
    FailingSync(const FailingSync &) = delete;
    FailingSync &operator=(const FailingSync &) = delete;

    static std::atomic<bool> fails;
};

} // namespace eventsync::test
