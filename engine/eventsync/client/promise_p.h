// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <QFuture>
#include <QPromise>

#include <memory>

namespace eventsync::client {

// The promise behind a future. The first result counts; Cancelled when the last copy is destroyed without one. Owner only.
template<class T>
class Promise
{
public:
    Promise() : m_promise(std::make_shared<Ending>()) {}
    QFuture<Result<T>> future() const { return m_promise->promise.future(); }
    void end(Result<T> result) const { m_promise->end(std::move(result)); }

private:
    struct Ending
    {
        Ending() { promise.start(); }
        ~Ending() { end(failure(ErrorCode::Cancelled, "the client has gone")); }
        void end(Result<T> result)
        {
            if (std::exchange(ended, true))
                return;
            promise.addResult(std::move(result));
            promise.finish();
        }
        QPromise<Result<T>> promise;
        bool ended = false;
    };
    std::shared_ptr<Ending> m_promise;
};

} // namespace eventsync::client
