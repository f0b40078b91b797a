// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/pendingrequests_p.h>

namespace eventsync::client {

std::pair<std::string, QFuture<Result<json::Object>>> PendingRequests::ask(Time until)
{
    const std::string id = std::to_string(++m_lastQuestion);
    Question &question = m_questions[id];
    question.until = until;
    return {id, question.reply.future()};
}

void PendingRequests::extend(const std::string &id, Time until)
{
    if (const auto found = m_questions.find(id); found != m_questions.end())
        found->second.until = until;
}

void PendingRequests::answer(const protocol::QueryResult &result)
{
    const auto found = m_questions.find(result.requestId);
    if (found == m_questions.end())
        return;
    const auto question = std::move(m_questions.extract(found).mapped());
    if (result.code)
        question.reply.end(failure(*result.code, result.reason.value_or(std::string())));
    else
        question.reply.end(result.content);
}

void PendingRequests::failQuestions(const Error &error)
{
    const auto open = std::exchange(m_questions, {});
    for (const auto &[id, question] : open)
        question.reply.end(failure(ErrorCode::Unavailable, "the connection was lost: " + error.message));
}

void PendingRequests::endLate(Time now)
{
    std::vector<Question> late;
    for (auto it = m_questions.begin(); it != m_questions.end();) {
        const auto next = std::next(it);
        if (now >= it->second.until)
            late.push_back(std::move(m_questions.extract(it).mapped()));
        it = next;
    }
    for (const Question &question : late)
        question.reply.end(failure(ErrorCode::Timeout, "the server has not answered in time"));
}

void PendingRequests::endWaiters(const ClientCore &core, Time now)
{
    auto pending = [&](const DocumentId &id) {
        const QueueCounts counts = core.queueCounts(id);
        return counts.waiting + counts.sent > 0;
    };
    auto sweep = [now](auto &waiters, auto done) {
        auto ready = std::exchange(waiters, {});
        std::erase_if(ready, [&](auto &waiter) {
            if (done(waiter) || now >= waiter.until)
                return false;
            waiters.push_back(std::move(waiter));
            return true;
        });
        return ready;
    };
    const auto synced = sweep(m_synced, [&](const auto &waiter) { return core.isSynced(waiter.id); });
    const auto settled = sweep(m_settled, [&](const auto &waiter) { return !pending(waiter.id); });
    std::vector<Result<Position>> positions;
    for (const auto &waiter : synced)
        positions.push_back(core.isSynced(waiter.id) ? Result<Position>(*core.position(waiter.id))
                                                     : failure(ErrorCode::Timeout, "the document was not synced in time"));
    std::vector<Result<>> ends;
    for (const auto &waiter : settled)
        ends.push_back(pending(waiter.id) ? Result<>(failure(ErrorCode::Timeout, "edits are not settled yet")) : Result<>());
    for (std::size_t i = 0; i < synced.size(); ++i)
        synced[i].reply.end(std::move(positions[i]));
    for (std::size_t i = 0; i < settled.size(); ++i)
        settled[i].reply.end(std::move(ends[i]));
}

} // namespace eventsync::client
