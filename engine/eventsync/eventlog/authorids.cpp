// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/authorids_p.h>

#include <eventsync/eventlog/schema.h>

#include <utility>

namespace eventsync::eventlog {

namespace {

constexpr char kAuthor[] = "author";
constexpr std::size_t kKnownAuthors = 10'000; // kept in memory; others are looked up again

} // namespace

void AuthorIds::reserve(const ClientId &client, std::function<void(const Result<> &)> done)
{
    if (!clientIdFrom(client.text()) || m_known.contains(client))
        return done({});
    m_state.store.read<std::optional<storage::Row>>(
        [client](storage::ReadView &view) { return view.get(sets::kClients, {client.text()}); },
        [this, client, done = std::move(done)](const Result<std::optional<storage::Row>> &known) {
            if (!known)
                return done(failure(known.error()));
            if (!*known)
                return insert(client, done);
            if ((**known)[client::Kind] != storage::Cell(std::string(kAuthor)))
                return done(failure(ErrorCode::ClientIdInUse, "the client id is a replica's"));
            remember(client);
            done({});
        });
}

void AuthorIds::remember(const ClientId &client)
{
    if (m_known.size() >= kKnownAuthors)
        m_known.clear();
    m_known.insert(client);
}

void AuthorIds::insert(const ClientId &client, std::function<void(const Result<> &)> done)
{
    storage::Row row(client::Expired + 1);
    row[client::Id] = client.text();
    row[client::Kind] = std::string(kAuthor);
    row[client::Principal] = std::string();
    row[client::CreatedAt] = row[client::LastSeen] = m_state.clock.wall().value();
    row[client::Expired] = std::int64_t(0);
    m_state.store.commit(storage::Batch().insert(sets::kClients, std::move(row)),
                         [this, client, done = std::move(done)](const Result<storage::Committed> &result) {
                             if (!result && result.error().code == ErrorCode::Conflict)
                                 return reserve(client, done); // another process was faster: read who owns it
                             if (!result)
                                 return done(failure(result.error()));
                             remember(client);
                             done({});
                         });
}

} // namespace eventsync::eventlog
