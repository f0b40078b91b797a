// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>
#include <eventsync/client/promise_p.h>

#include <map>

namespace eventsync::client {

// The futures of a client that the server has to end: answers to questions, documents that are to be synced or settled. Each
// ends with its answer, at its deadline, or with the connection. A continuation may do anything, even destroy this object, so
// every function ends futures last and from copies. Owner only.
class PendingRequests
{
public:
    using Time = std::chrono::milliseconds;

    // The id of a new question, and the future of its answer.
    std::pair<std::string, QFuture<Result<json::Object>>> ask(Time until);
    void extend(const std::string &id, Time until); // a part of a long answer has arrived
    void answer(const protocol::QueryResult &result);
    void failQuestions(const Error &error);
    void endLate(Time now);                         // questions whose deadline is over

    QFuture<Result<Position>> waitForSynced(const DocumentId &id, Time until) { return wait(m_synced, id, until); }
    QFuture<Result<>> waitForSettled(const DocumentId &id, Time until) { return wait(m_settled, id, until); }
    void endWaiters(const ClientCore &core, Time now);

private:
    struct Question
    {
        Promise<json::Object> reply;
        Time until{0};
    };
    template<class T>
    struct Waiter
    {
        DocumentId id;
        Promise<T> reply;
        Time until{0};
    };
    template<class T>
    static QFuture<Result<T>> wait(std::vector<Waiter<T>> &waiters, const DocumentId &id, Time until)
    {
        return waiters.emplace_back(Waiter<T>{id, {}, until}).reply.future();
    }

    std::map<std::string, Question> m_questions;
    std::uint64_t m_lastQuestion = 0;
    std::vector<Waiter<Position>> m_synced;
    std::vector<Waiter<void>> m_settled;
};

} // namespace eventsync::client
