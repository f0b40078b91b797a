// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/clientregistry_p.h>

#include <eventsync/eventlog/schema.h>
#include <eventsync/eventlog/storeaccess.h>
#include <eventsync/sync/limits.h>
#include <eventsync/sync/logging_p.h>
#include <eventsync/sync/queryanswers_p.h>
#include <eventsync/sync/syncservice.h>

#include <limits>
#include <string>
#include <utility>

namespace eventsync::sync {

using namespace eventlog;

namespace {

constexpr char kReplica[] = "replica";
// How outdated `last_seen` may be: it decides about expiry after weeks, and must not cost a commit per connection.
constexpr std::int64_t kSeenEveryMs = 3'600'000;
constexpr auto kExpiryEvery = std::chrono::hours(1);
constexpr std::size_t kExpiryAtATime = 100;
constexpr std::size_t kExaminedAtATime = 10'000;
constexpr std::size_t kUnusedAtATime = 1'000;

void logJump(std::chrono::milliseconds moved, const char *since)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(moved).count();
    qCWarning(lcSync) << "the system clock has moved by" << seconds << "s" << since
                      << "(set, or the machine was off or asleep); nothing expires by that";
}

} // namespace

ClientRegistry::ClientRegistry(DocumentEngine &engine, const ServiceOptions &options, const Clock &clock, QueryAnswers &answers)
    : m_engine(engine), m_options(options), m_clock(clock), m_answers(answers),
      m_forgotten(options.metrics ? &options.metrics->counter("eventsync_unused_clients_forgotten_total",
                                                               "client ids that were forgotten because they had written nothing")
                                  : nullptr),
      m_seen(clock), m_lastWall(clock.wall()), m_lastTick(clock.steady())
{
}

// ---- start

void ClientRegistry::start(Calls calls)
{
    m_calls = std::move(calls);
    struct Left // by the service before this one
    {
        OperatingTime seen;
        std::chrono::milliseconds wallMoved;
    };
    const auto look = [time = &m_clock](storage::ReadView &view) -> Result<Left> {
        EVENTSYNC_TRY(const OperatingTime since, OperatingTime::read(view, *time));
        EVENTSYNC_TRY(const std::chrono::milliseconds moved, OperatingTime::wallMoved(view, *time));
        return Left{since, moved};
    };
    m_engine.whenStarted([this, look](const Result<> &started) {
        if (!started)
            return begin(Start::Failed);
        m_engine.store().read<Left>(look, [this](const Result<Left> &left) {
            if (!left)
                return begin(Start::Failed);
            m_seen = left->seen;
            if (left->wallMoved < -limits::kClockJump || left->wallMoved > m_options.clientExpiry)
                logJump(left->wallMoved, "since the store was last served");
            begin(Start::Started);
        });
    });
}

void ClientRegistry::begin(Start start)
{
    m_start = start;
    for (const auto &task : std::exchange(m_atStart, {}))
        task();
}

void ClientRegistry::whenStarted(std::function<void()> task)
{
    if (m_start == Start::Reading)
        m_atStart.push_back(std::move(task));
    else
        task();
}

// ---- hello

void ClientRegistry::check(const protocol::Hello &hello, const Principal &principal, std::function<void(const Result<> &)> done)
{
    whenStarted([this, hello, principal, asked = std::move(done)] {
        if (m_leaving.contains(hello.clientId)) // then it is looked up as a new one
            return m_afterLeaving.push_back([this, hello, principal, asked] { check(hello, principal, asked); });
        m_checking.insert(hello.clientId);
        const auto answer = [this, client = hello.clientId, asked](const Result<> &checked) {
            m_checking.erase(m_checking.find(client));
            asked(checked);
        };
        m_engine.store().read<MaybeRow>([client = hello.clientId](storage::ReadView &view) { return view.get(sets::kClients, {client.text()}); },
                                        [this, hello, principal, answer](const Result<MaybeRow> &row) {
                                            if (row)
                                                checkRow(hello, principal, *row, answer);
                                            else
                                                answer(failure(ErrorCode::Unavailable, row.error().message));
                                        });
    });
}

void ClientRegistry::checkRow(const protocol::Hello &hello, const Principal &principal, const MaybeRow &known,
                              const std::function<void(const Result<> &)> &done)
{
    const std::int64_t now = m_seen.now().value();
    storage::Row row(client::Expired + 1);
    row[client::Id] = hello.clientId.text();
    row[client::Kind] = std::string(kReplica);
    row[client::CreatedAt] = m_clock.wall().value();
    row[client::LastSeen] = now;
    row[client::Expired] = std::int64_t(0);
    row[client::Principal] = principal.name;
    if (hello.clientSecret && principal.name.empty())
        row[client::Secret] = blobCell(sha256(*hello.clientSecret).view());
    // The row may have been read before it was marked as expired.
    const bool isExpired = m_expired.contains(hello.clientId) || (known && integerOf(*known, client::Expired).value_or(0) != 0);
    bool isRecent = false; // as stored
    if (known) {
        const storage::Cell asked = row[client::Secret];
        if ((*known)[client::Kind] != storage::Cell(std::string(kReplica)))
            return done(failure(ErrorCode::ClientIdInUse, "the client id belongs to a program of the server"));
        if ((*known)[client::Principal] != row[client::Principal])
            return done(failure(ErrorCode::ClientIdInUse, "the client id belongs to somebody else"));
        if (principal.name.empty() && !isNull(*known, client::Secret) && (*known)[client::Secret] != asked)
            return done(failure(ErrorCode::ClientSecretWrong, "the client id is bound to another secret"));
        isRecent = !isExpired && now - integerOf(*known, client::LastSeen).value_or(0) < kSeenEveryMs;
        row[client::Secret] = (*known)[client::Secret];
        row[client::CreatedAt] = (*known)[client::CreatedAt];
    }
    // A client that proves its identity may return after it has expired: its numbers and ids are still known.
    const bool isProven = known && (!principal.name.empty() || !isNull(*known, client::Secret));
    if (isExpired && !isProven)
        return done(failure(ErrorCode::ClientExpired, "the client was away too long and has been forgotten"));
    if (isRecent)
        return done({});
    storage::Batch batch;
    batch.require(sets::kClients, {hello.clientId.text()}, client::LastSeen,
                  known ? (*known)[client::LastSeen] : storage::Cell());
    if (known)
        batch.require(sets::kClients, {hello.clientId.text()}, client::Expired, std::int64_t(isExpired ? 1 : 0));
    batch.put(sets::kClients, std::move(row));
    storeUse(hello, principal, std::move(batch), known && !isExpired, done);
}

// For a known client only the time is written: if the store takes no writes at the moment, documents can still be read.
void ClientRegistry::storeUse(const protocol::Hello &hello, const Principal &principal, storage::Batch batch, bool isOnlyNoted,
                              const std::function<void(const Result<> &)> &done)
{
    m_engine.store().commit(std::move(batch), [this, hello, principal, isOnlyNoted, done](const Result<storage::Committed> &result) {
        m_newClients += result && !isOnlyNoted ? 1 : 0;
        if (result || (isOnlyNoted && storage::isStoreFailure(result.error()))) {
            m_expired.erase(hello.clientId);
            return done({});
        }
        if (result.error().code != ErrorCode::VersionConflict)
            return done(failure(ErrorCode::Unavailable, result.error().message));
        m_expired.erase(hello.clientId); // the row in the store counts now
        check(hello, principal, done);   // another connection stored it meanwhile: check again
    });
}

// ---- expiry

void ClientRegistry::expire(const ClientId &client, std::function<void(Result<>)> done)
{
    using Rows = std::vector<storage::Row>;
    m_engine.store().read<Rows>(
        [client](storage::ReadView &view) -> Result<Rows> {
            Rows rows;
            EVENTSYNC_TRY(const MaybeRow row, view.get(sets::kClients, {client.text()}));
            rows.push_back(row.value_or(storage::Row()));
            EVENTSYNC_CHECK(view.scan({.set = sets::kStateVectors, .index = "client", .prefix = {client.text()}},
                                      [&](const storage::Row &vector) {
                                          rows.push_back(vector);
                                          return true;
                                      }));
            return rows;
        },
        [this, client, done = std::move(done)](Result<Rows> rows) {
            if (rows)
                expireRows(client, std::move(*rows), done);
            else
                done(failure(rows.error()));
        });
}

// The first row is the client's own, or empty; the others are its state vectors.
void ClientRegistry::expireRows(const ClientId &client, std::vector<storage::Row> rows, const std::function<void(Result<>)> &done)
{
    storage::Row row = std::move(rows.front());
    if (row.empty()) {
        row.resize(client::Expired + 1);
        row[client::Id] = client.text();
        row[client::Kind] = std::string(kReplica);
        row[client::Principal] = std::string();
        row[client::CreatedAt] = m_clock.wall().value();
        row[client::LastSeen] = m_seen.now().value();
    }
    row[client::Expired] = std::int64_t(1);
    storage::Batch batch;
    batch.put(sets::kClients, std::move(row));
    for (std::size_t i = 1; i < rows.size(); ++i)
        batch.erase(sets::kStateVectors, {rows[i][statevector::Document], client.text()});
    m_engine.store().commit(std::move(batch), [this, client, done](const Result<storage::Committed> &result) {
        if (!result)
            return done(failure(result.error()));
        m_expired.insert(client);
        m_calls.forgotten(client);
        m_engine.eachLoaded([&client](const DocumentPtr &document) { document->cursors().forget(client); });
        done({});
    });
}

// A hundred at a time, until none is left. Authors of code never expire, and last_seen is written at `hello` only: both stay
// among the old rows, so they are skipped and do not count.
void ClientRegistry::expireOld()
{
    using Ids = std::vector<ClientId>;
    const std::int64_t until = m_seen.now().value() - m_options.clientExpiry.count();
    m_engine.store().read<Ids>(
        [until, connected = m_calls.connected()](storage::ReadView &view) -> Result<Ids> {
            Ids ids;
            EVENTSYNC_CHECK(view.scan({.set = sets::kClients, .index = "seen", .prefix = {std::int64_t(0)},
                                       .until = storage::Cell(until)},
                                      [&](const storage::Row &row) {
                                          ClientId id{std::string(textOf(row, client::Id).value_or(""))};
                                          if (textOf(row, client::Kind).value_or("") == kReplica && !connected.contains(id))
                                              ids.push_back(std::move(id));
                                          return ids.size() < kExpiryAtATime;
                                      }));
            return ids;
        },
        [this](const Result<Ids> &ids) {
            if (!ids)
                return;
            const std::set<ClientId> connected = m_calls.connected(); // some have connected meanwhile
            const auto left = std::make_shared<std::size_t>(ids->size());
            const auto allWell = std::make_shared<bool>(ids->size() == kExpiryAtATime);
            for (const ClientId &client : *ids) {
                if (connected.contains(client)) {
                    --*left;
                    *allWell = false;
                    continue;
                }
                expire(client, [this, left, allWell](const Result<> &result) {
                    *allWell = *allWell && result;
                    if (--*left == 0 && *allWell)
                        expireOld();
                });
            }
        });
}

// ---- those that have written nothing

struct ClientRegistry::Unused
{
    std::vector<storage::Row> rows;         // of such clients
    std::vector<storage::Key> stateVectors; // of them
    std::optional<std::int64_t> next = {};  // there are more, last seen then or later
};

namespace {

Result<bool> hasWritten(storage::ReadView &view, const storage::Cell &client)
{
    bool found = false;
    EVENTSYNC_CHECK(view.scan({.set = sets::kVectorClocks, .index = "client", .prefix = {client}, .limit = 1}, [&](const storage::Row &) {
        found = true;
        return false;
    }));
    return found;
}

} // namespace

// Replicas last seen from `from` on and before `until` that no document's clock names, some of them.
Result<ClientRegistry::Unused> ClientRegistry::unused(storage::ReadView &view, std::int64_t from, std::int64_t until,
                                                      const std::set<ClientId> &connected)
{
    Unused found;
    std::vector<storage::Row> candidates;
    std::size_t examined = 0;
    EVENTSYNC_CHECK(view.scan({.set = sets::kClients, .index = "seen", .prefix = {std::int64_t(0)}, .from = storage::Cell(from),
                               .until = storage::Cell(until)},
                              [&](const storage::Row &row) {
                                  if (++examined > kExaminedAtATime || candidates.size() == kUnusedAtATime) {
                                      found.next = integerOf(row, client::LastSeen).value_or(until);
                                      return false;
                                  }
                                  const ClientId id{std::string(textOf(row, client::Id).value_or(""))};
                                  if (textOf(row, client::Kind).value_or("") == kReplica && !connected.contains(id))
                                      candidates.push_back(row);
                                  return true;
                              }));
    for (storage::Row &row : candidates) {
        EVENTSYNC_TRY(const bool written, hasWritten(view, row[client::Id]));
        if (written)
            continue;
        EVENTSYNC_CHECK(view.scan({.set = sets::kStateVectors, .index = "client", .prefix = {row[client::Id]}}, [&](const storage::Row &vector) {
            found.stateVectors.push_back({vector[statevector::Document], vector[statevector::ClientId]});
            return true;
        }));
        found.rows.push_back(std::move(row));
    }
    return found;
}

void ClientRegistry::forgetUnused()
{
    if (std::exchange(m_isLooking, true))
        return;
    const bool isFlooded = m_newClients >= limits::kNewClients;
    m_newClients = 0;
    const std::int64_t now = m_seen.now().value();
    const std::int64_t until = isFlooded ? now + 1 : now - std::chrono::milliseconds(limits::kUnusedClientKeep).count();
    forgetUnused(std::numeric_limits<std::int64_t>::min(), until);
}

// A look reads the rows of all clients, so it goes through the lane of long reads. If it is cut off there, the next one comes in an
// hour.
void ClientRegistry::forgetUnused(std::int64_t from, std::int64_t until)
{
    // The clocks may lag the log. Those of clients that are not connected now are written before they are read.
    m_engine.writeRows({}, [this, from, until, connected = m_calls.connected()](const Result<> &written) {
        if (!written) {
            m_isLooking = false;
            return;
        }
        m_answers.ask<Unused>(
            {}, [from, until, connected](storage::ReadView &view, Budget &) { return unused(view, from, until, connected); },
            [this, from, until](Result<Unused> found) {
                if (!found) {
                    m_isLooking = false;
                    return;
                }
                erase(*found, [this, next = found->next, from, until](bool haveGone) {
                    if (next) // many may have been seen at one time: if some of them have gone, the others come next
                        forgetUnused(haveGone || *next > from ? *next : from + 1, until);
                    else
                        m_isLooking = false;
                });
            });
    });
}

// Not those that have come meanwhile: they are connected, or their hello is being looked up.
void ClientRegistry::erase(const Unused &unused, const std::function<void(bool)> &done)
{
    const std::set<ClientId> connected = m_calls.connected();
    storage::Batch batch;
    std::set<ClientId> clients;
    for (const storage::Row &row : unused.rows) {
        ClientId id{std::string(textOf(row, client::Id).value_or(""))};
        if (connected.contains(id) || m_checking.contains(id))
            continue;
        batch.require(sets::kClients, {row[client::Id]}, client::LastSeen, row[client::LastSeen]);
        batch.erase(sets::kClients, {row[client::Id]});
        clients.insert(std::move(id));
    }
    if (clients.empty())
        return done(false);
    for (const storage::Key &key : unused.stateVectors) {
        if (clients.contains(ClientId(std::get<std::string>(key.back()))))
            batch.erase(sets::kStateVectors, key);
    }
    m_leaving.insert(clients.begin(), clients.end());
    m_engine.store().commit(std::move(batch), [this, clients = std::move(clients), done](const Result<storage::Committed> &result) {
        m_leaving.clear();
        if (result) {
            if (m_forgotten)
                m_forgotten->add(clients.size());
            m_engine.eachLoaded([&clients](const DocumentPtr &document) {
                for (const ClientId &client : clients)
                    document->cursors().forget(client);
            });
        }
        for (const auto &task : std::exchange(m_afterLeaving, {}))
            task();
        done(result.has_value());
    });
}

// ---- time

void ClientRegistry::keepTime()
{
    m_engine.store().commit(m_seen.batch(), [](const Result<storage::Committed> &result) {
        if (!result) // a lost time makes clients younger, and is written again
            qCWarning(lcSync) << "the time seen was not written:" << result.error().toString().c_str();
    });
}

void ClientRegistry::watchClock()
{
    const Timestamp wall = m_clock.wall();
    const auto now = m_clock.steady();
    const std::chrono::milliseconds moved(wall - std::exchange(m_lastWall, wall)), passed = now - std::exchange(m_lastTick, now);
    if (moved - passed > limits::kClockJump || passed - moved > limits::kClockJump)
        logJump(moved, "at once");
}

void ClientRegistry::tick()
{
    watchClock();
    const auto now = m_clock.steady();
    if (isUsable() && m_newClients >= limits::kNewClients)
        forgetUnused();
    if (!isUsable() || (m_lastExpiry.count() != 0 && now - m_lastExpiry < kExpiryEvery))
        return;
    m_lastExpiry = now;
    keepTime();
    forgetUnused();
    expireOld();
}

} // namespace eventsync::sync
