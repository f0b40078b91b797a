// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>
#include <eventsync/base/guard.h>
#include <eventsync/eventlog/damagelog.h>
#include <eventsync/storage/guardedbackend.h>
#include <eventsync/storage/queries.h>

#include <functional>
#include <memory>

namespace eventsync::eventlog {

/// A store as an engine uses it: answers arrive on the engine's thread, and none after close(); damage is reported in the
/// program's log. Owner only; backend and executor must outlive it.
class StoreAccess
{
public:
    StoreAccess(storage::Backend &backend, Executor &executor, Metrics *metrics) : m_backend(backend), m_executor(executor), m_damage(metrics) {}

    /// `work` runs on a reader's thread.
    template<class T>
    void read(std::function<Result<T>(storage::ReadView &)> work, std::function<void(Result<T>)> done)
    {
        m_backend.read([work = std::move(work), answer = toOwner<T>(std::move(done))](Result<std::unique_ptr<storage::ReadView>> view) {
            answer(view ? guarded(work, **view) : Result<T>(failure(view.error())));
        });
    }
    /// For a read whose length a peer decides: it runs in the lane of Queries, with a budget.
    template<class T>
    void query(storage::Queries &lane, const storage::Queries::Requester &requester,
               std::function<Result<T>(storage::ReadView &, Budget &)> work, std::function<void(Result<T>)> done)
    {
        lane.ask<T>(requester, std::move(work), toOwner<T>(std::move(done)));
    }
    void commit(storage::Batch batch, storage::Backend::CommitDone done);
    void post(std::function<void()> task);
    /// Does what post() does, from any thread.
    std::function<void(std::function<void()>)> poster();
    void noteDamage(const Error &error) { m_damage.note(error); }
    void close() { m_open.reset(); }

    storage::Backend &backend() { return m_backend; }
    Executor &executor() { return m_executor; }

private:
    template<class T>
    std::function<void(Result<T>)> toOwner(std::function<void(Result<T>)> done)
    {
        return [this, done = std::move(done), open = std::weak_ptr<int>(m_open), posts = &m_executor](Result<T> result) {
            posts->post([this, answer = std::make_shared<Result<T>>(std::move(result)), done, open] {
                if (open.expired())
                    return;
                if (!*answer)
                    m_damage.note(answer->error());
                done(std::move(*answer));
            });
        };
    }

    storage::GuardedBackend m_backend;
    Executor &m_executor;
    DamageLog m_damage;
    std::shared_ptr<int> m_open = std::make_shared<int>(0); // expired: no callback is called
};

} // namespace eventsync::eventlog
