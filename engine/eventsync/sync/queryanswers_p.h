// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/storeaccess.h>
#include <eventsync/sync/syncservice.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace eventsync::sync {

// An answer to a query. A content of more canonical bytes than the caller's `largest` is given as `text`, its canonical JSON,
// written on the thread that read it.
struct QueryAnswer
{
    protocol::QueryResult result;
    std::string text = {};
};

// Answers queries of the protocol (`query`): lists, logs, past states, numbers. Their reads run in the lane of long reads, with
// a budget. Owner only.
class QueryAnswers
{
public:
    QueryAnswers(eventlog::DocumentEngine &engine, const ServiceOptions &options, const Clock &clock);

    void setStats(std::function<json::Object()> stats) { m_stats = std::move(stats); } // of sessions
    void answer(const protocol::Query &query, const Principal &principal, const storage::Queries::Requester &requester,
                std::size_t largest, std::function<void(QueryAnswer)> done);
    static protocol::QueryResult refusal(const std::string &requestId, const Error &error);

    template<class T>
    void ask(const storage::Queries::Requester &requester, std::function<Result<T>(storage::ReadView &, Budget &)> work,
             std::function<void(Result<T>)> done)
    {
        m_engine.store().query<T>(*m_lane, requester, std::move(work), std::move(done));
    }

private:
    eventlog::DocumentEngine &m_engine;
    const ServiceOptions &m_options;
    const std::shared_ptr<storage::Queries> m_lane;
    std::function<json::Object()> m_stats;
};

} // namespace eventsync::sync
