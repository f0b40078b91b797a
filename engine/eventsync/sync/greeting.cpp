// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/base/mutation.h>
#include <eventsync/eventlog/schema.h>

#include <algorithm>

namespace eventsync::sync {

using namespace eventlog;

namespace {

constexpr char kReplica[] = "replica";
constexpr char kAuthor[] = "author";
// How stale `last_seen` may be: it is for expiry after weeks, and must not cost a commit per connection.
constexpr std::int64_t kSeenEveryMs = 3'600'000;

} // namespace

void SyncService::Private::hello(Session &session, const protocol::Hello &hello)
{
    if (stopping)
        return closeSession(session.id, {ErrorCode::ShuttingDown, "the server is stopping"}, limits::kRetryFirst);
    if (hello.protocol != protocol::kProtocolVersion)
        return closeSession(session.id, {ErrorCode::UnsupportedProtocol, "this server speaks protocol 1"});
    if (auto client = clientIdFrom(hello.clientId.text()); !client)
        return closeSession(session.id, client.error());
    const auto principal = options.access->authenticate(hello.token, hello.clientId);
    if (!principal)
        return closeSession(session.id, principal.error());
    session.state = Session::State::Greeting;
    session.client = hello.clientId;
    session.vectorClocks = std::count(hello.capabilities.begin(), hello.capabilities.end(), "vectorClock") > 0;
    whenStarted([this, id = session.id, hello, principal = *principal] {
        read<std::optional<storage::Row>>(
            [client = hello.clientId](storage::ReadView &view) { return view.get(sets::kClients, {client.text()}); },
            [this, id, hello, principal](Result<std::optional<storage::Row>> row) {
                if (!row)
                    return closeSession(id, {ErrorCode::Unavailable, row.error().message}, limits::kRetryFirst);
                greet(id, hello, principal, *row);
            });
    });
}

// Who the id belongs to: to the first principal that used it, or where there are none to the first secret.
void SyncService::Private::greet(SessionId id, const protocol::Hello &hello, const Principal &principal,
                                 const std::optional<storage::Row> &known)
{
    Session *greeted = session(id);
    if (!greeted)
        return;
    const std::int64_t now = seen.now().value();
    storage::Row row(client::Expired + 1);
    row[client::Id] = hello.clientId.text();
    row[client::Kind] = std::string(kReplica);
    row[client::CreatedAt] = clock.wall().value();
    row[client::LastSeen] = now;
    row[client::Expired] = std::int64_t(0);
    row[client::Principal] = principal.name;
    if (hello.clientSecret && principal.name.empty())
        row[client::Secret] = blobCell(sha256(*hello.clientSecret).view());
    bool store = true;
    // The row may have been read before it was marked as expired.
    const bool isExpired = expired.contains(hello.clientId) || (known && integerOf(*known, client::Expired).value_or(0) != 0);
    if (known) {
        const storage::Cell asked = row[client::Secret];
        if ((*known)[client::Kind] != storage::Cell(std::string(kReplica)))
            return closeSession(id, {ErrorCode::ClientIdInUse, "the client id belongs to a program of the server"});
        if ((*known)[client::Principal] != row[client::Principal])
            return closeSession(id, {ErrorCode::ClientIdInUse, "the client id belongs to somebody else"});
        if (principal.name.empty() && !isNull(*known, client::Secret) && (*known)[client::Secret] != asked)
            return closeSession(id, {ErrorCode::ClientSecretWrong, "the client id is bound to another secret"});
        store = isExpired || now - integerOf(*known, client::LastSeen).value_or(0) >= kSeenEveryMs;
        row[client::Secret] = (*known)[client::Secret];
        row[client::CreatedAt] = (*known)[client::CreatedAt];
    }
    // Who proves to be the one it was may come back: its numbers and ids are still known.
    const bool isProven = known && (!principal.name.empty() || !isNull(*known, client::Secret));
    if (isExpired && !isProven)
        return closeSession(id, {ErrorCode::ClientExpired, "the client was away too long and has been forgotten"});
    greeted->principal = principal;
    if (!store)
        return welcome(*greeted);
    storage::Batch batch;
    batch.require(sets::kClients, {hello.clientId.text()}, client::LastSeen,
                  known ? (*known)[client::LastSeen] : storage::Cell());
    if (known)
        batch.require(sets::kClients, {hello.clientId.text()}, client::Expired, std::int64_t(isExpired ? 1 : 0));
    batch.put(sets::kClients, std::move(row));
    const bool isOnlyNoted = known && !isExpired;
    commit(std::move(batch), [this, id, hello, principal, isOnlyNoted](Result<storage::Committed> result) {
        Session *stored = session(id);
        if (!stored)
            return;
        // Of a known client only the hour is noted. A store that takes nothing just now can still be read.
        if (result || (isOnlyNoted && storage::isStoreFailure(result.error()))) {
            expired.erase(hello.clientId);
            return welcome(*stored);
        }
        if (result.error().code != ErrorCode::VersionConflict)
            return closeSession(id, {ErrorCode::Unavailable, result.error().message}, limits::kRetryFirst);
        expired.erase(hello.clientId); // what is in the store now counts
        read<std::optional<storage::Row>>( // another connection stored it meanwhile: look again
            [clientId = hello.clientId](storage::ReadView &view) { return view.get(sets::kClients, {clientId.text()}); },
            [this, id, hello, principal](Result<std::optional<storage::Row>> again) {
                if (!again)
                    return closeSession(id, {ErrorCode::Unavailable, again.error().message}, limits::kRetryFirst);
                greet(id, hello, principal, *again);
            });
    });
}

// The newest connection of a client id is the one; what an older one still had waiting is dropped, so that its client may
// number and send again what it has no answer to (rule 4).
void SyncService::Private::welcome(Session &session)
{
    auto &newest = connections[session.client];
    if (newest) {
        if (!mutated(Mutation::NoDrop))
            newest->dropped = true;
        if (Session *older = this->session(newest->session)) {
            if (mutated(Mutation::NoDrop)) {
                sendError(*older, {ErrorCode::Replaced, "a newer connection uses this client id"},
                          protocol::ErrorScope::Connection, {}, limits::kRetryReplaced);
                older->sink->close(ErrorCode::Replaced, "a newer connection uses this client id");
                older->state = Session::State::Replaced;
                for (const auto &[documentId, subscription] : std::exchange(older->subscriptions, {}))
                    broker.leave(documentId, older->id);
            } else {
                closeSession(older->id, {ErrorCode::Replaced, "a newer connection uses this client id"}, limits::kRetryReplaced);
            }
        }
    }
    newest = session.token;
    session.state = Session::State::Ready;
    protocol::Welcome welcome{.epoch = options.epoch, .serverTime = clock.wall(), .durability = backend.durability(),
                              .heartbeatMs = options.heartbeat.count(), .limits = options.limits};
    if (session.principal.expires)
        welcome.tokenExpiresInMs = std::max<std::int64_t>(0, *session.principal.expires - clock.wall());
    send(session, std::move(welcome));
    const SessionId id = session.id;
    for (const protocol::Message &message : std::exchange(session.early, {})) {
        if (Session *still = this->session(id))
            dispatch(*still, message);
    }
}

// An id that server code uses first is a code author for ever; the server's own names need no claim.
void SyncService::Private::claimAuthor(const ClientId &client, std::function<void(const Result<> &)> done)
{
    if (!clientIdFrom(client.text()) || codeAuthors.count(client))
        return done({});
    whenStarted([this, client, done = std::move(done)] {
        read<std::optional<storage::Row>>(
            [client](storage::ReadView &view) { return view.get(sets::kClients, {client.text()}); },
            [this, client, done](const Result<std::optional<storage::Row>> &known) {
                if (!known)
                    return done(failure(known.error()));
                if (*known && (**known)[client::Kind] != storage::Cell(std::string(kAuthor)))
                    return done(failure(ErrorCode::ClientIdInUse, "the client id is a replica's"));
                if (*known) {
                    codeAuthors.insert(client);
                    return done({});
                }
                storage::Row row(client::Expired + 1);
                row[client::Id] = client.text();
                row[client::Kind] = std::string(kAuthor);
                row[client::Principal] = std::string();
                row[client::CreatedAt] = clock.wall().value();
                row[client::LastSeen] = seen.now().value();
                row[client::Expired] = std::int64_t(0);
                storage::Batch batch;
                batch.insert(sets::kClients, std::move(row));
                commit(std::move(batch), [this, client, done](const Result<storage::Committed> &result) {
                    if (!result && result.error().code == ErrorCode::Conflict)
                        return claimAuthor(client, done); // somebody was faster: look who
                    if (result)
                        codeAuthors.insert(client);
                    done(result ? Result<>() : Result<>(failure(result.error())));
                });
            });
    });
}

void SyncService::Private::auth(Session &session, const protocol::Auth &auth)
{
    auto principal = options.access->authenticate(auth.token, session.client);
    if (!principal)
        return closeSession(session.id, principal.error());
    if (principal->name != session.principal.name)
        return closeSession(session.id, {ErrorCode::ClientIdInUse, "the token is somebody else's"});
    session.principal = std::move(*principal);
    recheckAccess(session);
}

void SyncService::Private::recheckAccess(Session &session)
{
    std::vector<DocumentId> lostDocuments;
    for (auto &[id, subscription] : session.subscriptions) {
        const DocumentPtr document = inUse(id);
        const auto collection = document && document->core ? document->core->collection() : subscription.collection;
        const Access access = options.access->access(session.principal, collection, id);
        if (access == Access::None)
            lostDocuments.push_back(id);
        subscription.permission = access == Access::Write ? protocol::Permission::Write : protocol::Permission::Read;
    }
    for (const DocumentId &id : lostDocuments)
        revoke(session, id, "access was withdrawn");
}

void SyncService::Private::revoke(Session &session, const DocumentId &document, const std::string &reason)
{
    unsubscribe(session, document);
    send(session, protocol::Revoked{document, reason});
}

} // namespace eventsync::sync
