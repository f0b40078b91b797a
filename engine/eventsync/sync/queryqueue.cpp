// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/queryqueue_p.h>

#include <eventsync/base/limits.h>
#include <eventsync/sync/limits.h>

#include <algorithm>
#include <utility>

namespace eventsync::sync {

void QueryQueue::ask(const protocol::Query &query, const Principal &principal, const storage::Queries::Requester &requester)
{
    if (m_questions.size() + (m_state == State::Idle ? 0 : 1) >= limits::kQueriesAtATime)
        return m_peer.send(QueryAnswers::refusal(query.requestId, {ErrorCode::RateLimited, "too many unanswered queries"}));
    m_questions.push_back({query, principal, requester});
    askNext();
}

void QueryQueue::askNext()
{
    if (m_questions.empty() || m_state != State::Idle)
        return;
    m_state = State::Asking;
    const Question question = std::move(m_questions.front());
    m_questions.pop_front();
    m_answers.answer(question.query, question.principal, question.requester, pieceBytes(),
                     [this, alive = std::weak_ptr<int>(m_alive)](QueryAnswer answer) {
                         if (!alive.expired())
                             answered(std::move(answer));
                     });
}

void QueryQueue::answered(QueryAnswer answer)
{
    if (!answer.text.empty()) {
        m_answer = LongAnswer{.requestId = std::move(answer.result.requestId), .text = std::move(answer.text)};
        m_state = State::Sending;
        return m_sendPending();
    }
    m_peer.send(std::move(answer.result));
    m_state = State::Idle;
    askNext();
}

// Written as JSON, a piece is at most twice as long: in canonical JSON only quotes and backslashes must be escaped.
std::size_t QueryQueue::pieceBytes() const
{
    constexpr std::size_t kRoom = 1 * limits::kKiB; // for the message around it
    return std::min(m_options.catchUpChunkBytes, static_cast<std::size_t>(m_options.limits.frameBytes) / 2 - kRoom);
}

bool QueryQueue::sendPiece()
{
    if (m_state != State::Sending || m_peer.isOverHighWater())
        return false;
    std::size_t end = std::min(m_answer.sent + pieceBytes(), m_answer.text.size());
    while (end < m_answer.text.size() && (static_cast<unsigned char>(m_answer.text[end]) & 0xC0) == 0x80)
        --end; // never inside a character
    m_peer.send(protocol::QueryResult{.requestId = m_answer.requestId, .part = ++m_answer.parts, .more = end < m_answer.text.size(),
                                      .piece = m_answer.text.substr(m_answer.sent, end - m_answer.sent)});
    m_answer.sent = end;
    if (end == m_answer.text.size()) {
        m_answer = {};
        m_state = State::Idle;
        askNext();
    }
    return true;
}

} // namespace eventsync::sync
