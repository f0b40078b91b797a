// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/outbox_p.h>
#include <eventsync/sync/queryanswers_p.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace eventsync::sync {

// One connection's queries, answered one after the other: the next one is started when the answer before it was sent, so that a
// peer with many queries that reads slowly has one answer in memory. A long answer is sent in pieces, while the peer's unsent
// bytes are below the high-water mark. Owner only.
class QueryQueue
{
public:
    // `sendPending` is called when there is something to send, and must then call sendPiece(). All arguments must outlive this.
    QueryQueue(Outbox &peer, QueryAnswers &answers, const ServiceOptions &options, std::function<void()> sendPending)
        : m_peer(peer), m_answers(answers), m_options(options), m_sendPending(std::move(sendPending))
    {
    }

    void ask(const protocol::Query &query, const Principal &principal, const storage::Queries::Requester &requester);
    bool sendPiece(); // sends a piece of a long answer if the peer's unsent bytes permit it; false if there is none

private:
    enum class State { Idle, Asking, Sending };
    struct Question
    {
        protocol::Query query;
        Principal principal;
        storage::Queries::Requester requester;
    };
    // An answer longer than one message: its content as canonical JSON, and how much of it was sent.
    struct LongAnswer
    {
        std::string requestId;
        std::string text;
        std::size_t sent = 0;
        std::int64_t parts = 0;
    };
    void askNext();
    void answered(QueryAnswer answer);
    std::size_t pieceBytes() const;

    Outbox &m_peer;
    QueryAnswers &m_answers;
    const ServiceOptions &m_options;
    const std::function<void()> m_sendPending;
    State m_state = State::Idle;
    std::deque<Question> m_questions; // not started yet
    LongAnswer m_answer;              // while Sending
    std::shared_ptr<int> m_alive = std::make_shared<int>(0); // detects answers that arrive after this was destroyed
};

} // namespace eventsync::sync
