// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/base/guard.h>
#include <eventsync/base/metrics.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace eventsync::storage {

/// The lane for reads of a length that a peer decides: lists, logs, past states. The backend gets no more than
/// limits::kRunningQueries of them at a time and has more threads than that, so all other reads (a document that is loaded, the
/// ids of a push, a hello) never wait behind them. Each query has a budget of steps, a deadline that counts from ask(), and ends
/// when its requester is gone, also while it waits. Requesters share the lane by the work that their queries take (start-time fair
/// queueing, Goyal, Vin and Cheng 1996): ten short queries do not wait behind ten long ones of another requester. Any thread.
class Queries
{
public:
    struct Requester
    {
        std::string name = {};            ///< an address; requesters of one name share a turn
        Budget::Cancelled gone = nullptr; ///< set when the answer is not needed any more

        /// The requester of a connection from "127.0.0.1:40312": all connections from one address are one requester.
        static Requester at(const std::string &peer, Budget::Cancelled gone) { return {peer.substr(0, peer.rfind(':')), std::move(gone)}; }
    };
    /// Runs exactly once, on a reader's thread or within ask(). The view charges the budget for each row and ends a scan once the
    /// budget is exhausted; the task charges its own work.
    using Task = std::function<void(Result<ReadView *>, Budget &)>;

    Queries(Backend &backend, const Clock &clock, Metrics *metrics = nullptr); ///< all must outlive this and its reads
    Queries(const Queries &) = delete;
    Queries &operator=(const Queries &) = delete;
    ~Queries(); ///< waiting queries fail with ShuttingDown

    /// Errors: Timeout, TooLarge, Cancelled (the requester has gone), Unavailable (too many queries wait, most of them this one's).
    void ask(const Requester &requester, Task task);

    template<class T>
    void ask(const Requester &requester, std::function<Result<T>(ReadView &, Budget &)> work, std::function<void(Result<T>)> done)
    {
        ask(requester, [work = std::move(work), done = std::move(done)](Result<ReadView *> view, Budget &budget) {
            done(view ? guarded(work, **view, budget) : Result<T>(failure(view.error())));
        });
    }

private:
    struct Parts;
    std::shared_ptr<Parts> m_parts;
};

} // namespace eventsync::storage
