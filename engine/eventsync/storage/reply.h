// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <QFuture>
#include <QPromise>

#include <atomic>
#include <memory>

namespace eventsync::storage {

/// The promise behind a `QFuture<Result<T>>` that always ends: destroying the last reference without an answer (for instance
/// with a task that was never run) answers Cancelled. Any thread; the first answer counts.
template<class T>
class Reply
{
public:
    Reply() { m_promise.start(); }
    ~Reply() { answer(failure(ErrorCode::Cancelled, "the storage is gone")); }
    Reply(const Reply &) = delete;
    Reply &operator=(const Reply &) = delete;

    QFuture<Result<T>> future() { return m_promise.future(); }
    void answer(Result<T> result)
    {
        if (m_answered.exchange(true))
            return;
        m_promise.addResult(std::move(result));
        m_promise.finish();
    }

private:
    QPromise<Result<T>> m_promise;
    std::atomic<bool> m_answered{false};
};

template<class T>
using ReplyPtr = std::shared_ptr<Reply<T>>;

} // namespace eventsync::storage
