// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/outbox_p.h>
#include <eventsync/sync/queryanswers_p.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace eventsync::sync {

// One connection's queries, answered one after the other: the next one is looked at when the answer before is on its way, so that a
// peer which asks much and reads little has one answer in memory, not many. A long answer goes out in pieces, while the peer's
// unsent bytes are below the high-water mark. Owner only.
class QueryQueue
{
public:
    // `sendPending` is called when there is something to send; that sends its pieces. All outlive it.
    QueryQueue(Outbox &peer, QueryAnswers &answers, const ServiceOptions &options, std::function<void()> sendPending)
        : m_peer(peer), m_answers(answers), m_options(options), m_sendPending(std::move(sendPending))
    {
    }

    void ask(const protocol::Query &query, const Principal &principal, const storage::Queries::Requester &requester);
    bool sendPiece(); // of a long answer, if the peer reads; false if there is none to send

private:
    enum class State { Idle, Asking, Sending };
    struct Question
    {
        protocol::Query query;
        Principal principal;
        storage::Queries::Requester requester;
    };
    // Longer than one message: its content as canonical JSON, and how far it was sent.
    struct LongAnswer
    {
        std::string requestId;
        std::string text;
        std::size_t sent = 0;
        std::int64_t parts = 0;
    };
    void askNext();
    void answered(protocol::QueryResult result);
    std::size_t pieceBytes() const;

    Outbox &m_peer;
    QueryAnswers &m_answers;
    const ServiceOptions &m_options;
    const std::function<void()> m_sendPending;
    State m_state = State::Idle;
    std::deque<Question> m_questions; // not looked at yet
    LongAnswer m_answer;              // while Sending
    std::shared_ptr<int> m_alive = std::make_shared<int>(0); // an answer may come after it has gone
};

} // namespace eventsync::sync
