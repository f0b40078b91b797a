// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/guardedbackend.h>

#include <functional>
#include <memory>

namespace eventsync::eventlog {

// Runs `work` on a reader's thread and calls `done` with its result on the executor.
template<class T>
void readAndPost(storage::Backend &backend, Executor &executor, std::function<Result<T>(storage::ReadView &)> work,
                 std::function<void(Result<T>)> done)
{
    storage::GuardedBackend(backend).read([work = std::move(work), done = std::move(done), &executor](Result<std::unique_ptr<storage::ReadView>> view) {
        auto answer = std::make_shared<Result<T>>(view ? work(**view) : Result<T>(failure(view.error())));
        executor.post([answer, done] { done(std::move(*answer)); });
    });
}

} // namespace eventsync::eventlog
