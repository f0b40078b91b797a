// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/base/logging.h>
#include <eventsync/eventlog/schema.h>

#include <algorithm>

namespace eventsync::sync {

using namespace eventlog;

namespace {

constexpr std::size_t kCompactAtATime = 1'000; // events per batch: others' commits go between
constexpr auto kExpiryEvery = std::chrono::hours(1);
constexpr std::size_t kExpiryAtATime = 100;

// The stored snapshot that one at `at` makes superfluous: the last one, if it was asked for too (it lies above `above`) and
// is nearer to the one before it than `every` events.
struct Spacing
{
    ServerSeq above, at;
    std::int64_t every = 0;
};
Result<std::optional<ServerSeq>> supersededSnapshot(storage::ReadView &view, std::int64_t number, const Spacing &spacing)
{
    std::vector<ServerSeq> last;
    EVENTSYNC_CHECK(view.scan({.set = sets::kSnapshots, .prefix = {number}, .until = storage::Cell(spacing.at.value()),
                               .descending = true, .limit = 2, .columns = {snapshot::Seq}},
                              [&](const storage::Row &row) {
                                  last.emplace_back(integerOf(row, snapshot::Seq).value_or(0));
                                  return true;
                              }));
    const ServerSeq before = last.size() > 1 ? last.back() : ServerSeq(0);
    if (last.empty() || last.front() <= spacing.above || last.front() - before >= spacing.every)
        return std::nullopt;
    return last.front();
}

} // namespace

void logJump(std::chrono::milliseconds moved, const char *since)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(moved).count();
    qCWarning(lcSync) << "the system clock has moved by" << seconds << "s" << since
                      << "(set, or the machine was off or asleep); nothing expires by that";
}

void SyncService::Private::watchClock()
{
    const Timestamp wall = clock.wall();
    const auto now = clock.steady();
    const std::chrono::milliseconds moved(wall - std::exchange(lastWall, wall)), passed = now - std::exchange(lastTick, now);
    if (moved - passed > limits::kClockJump || passed - moved > limits::kClockJump)
        logJump(moved, "at once");
}

void SyncService::Private::keepSeenTime()
{
    commit(seen.batch(), [](const Result<storage::Committed> &result) {
        if (!result) // what is lost makes others younger, and is written again
            qCWarning(lcSync) << "the time seen was not written:" << result.error().toString().c_str();
    });
}

void SyncService::Private::tick()
{
    const auto now = clock.steady(), heardUntil = listened.now();
    watchClock();
    std::vector<std::pair<SessionId, Error>> gone;
    for (const auto &[id, session] : sessions) {
        if (session->state == Session::State::Opened && heardUntil - session->opened > limits::kHandshakeTime)
            gone.emplace_back(id, Error{ErrorCode::Timeout, "no hello"});
        if (session->state != Session::State::Ready) // or the answer to its hello is looked up: that is not its fault
            continue;
        if (session->principal.expires && *session->principal.expires <= clock.wall())
            gone.emplace_back(id, Error{ErrorCode::TokenExpired, "the token has expired"});
        else if (session->sink->unsentBytes() > limits::kUnsentHardBytes)
            gone.emplace_back(id, Error{ErrorCode::SlowConsumer, "the peer does not read"});
        else if (heardUntil - session->heard > 2 * options.heartbeat)
            gone.emplace_back(id, Error{ErrorCode::Timeout, "silent for two heartbeats"});
        else if (heardUntil - session->heard >= options.heartbeat && heardUntil - session->pinged >= options.heartbeat) {
            session->pinged = heardUntil;
            send(*session, protocol::Ping{++session->pings});
        }
    }
    for (const auto &[id, error] : gone)
        closeSession(id, error);
    std::vector<std::pair<DocumentPtr, ClientId>> silent;
    for (const auto &[id, document] : documents) {
        for (const auto &[client, entry] : document->presence) {
            if (heardUntil - entry.at >= options.presenceKeep)
                silent.emplace_back(document, client);
        }
    }
    for (const auto &[document, client] : silent)
        endPresence(document, client);
    std::vector<SessionId> waiting;
    for (const auto &[id, session] : sessions) {
        if (session->state == Session::State::Ready && (!session->behind.empty() || !session->watches.empty()))
            waiting.push_back(id);
    }
    for (const SessionId id : waiting) {
        if (Session *session = this->session(id))
            pump(*session);
    }
    std::erase_if(connections, [this](const auto &entry) { return entry.second.use_count() == 1 && !session(entry.second->session); });
    if (broker.hasOthers() && now - lastPoll >= options.headPoll)
        pollHeads();
    flushDerived(false);
    unload();
    if (started && !startError && (lastExpiry.count() == 0 || now - lastExpiry >= kExpiryEvery)) {
        lastExpiry = now;
        keepSeenTime();
        expireOld();
    }
    if (started && !startError && !stopping)
        schedule.tick();
    finishShutdown();
}

// ---- derived rows

void SyncService::Private::flushDerived(bool all)
{
    const auto now = clock.steady();
    bool lagging = false;
    std::vector<DocumentPtr> unread;
    std::int64_t derived = lastPosition;
    for (const auto &[id, document] : documents) {
        if (document->away) {
            derived = std::min(derived, document->away->firstUnflushed.value_or(derived + 1) - 1);
            continue;
        }
        if (!document->core) {
            lagging = true; // what its rows lack is not known now
            unread.push_back(document);
            continue;
        }
        const bool due = all || now - document->dirtySince >= limits::kDerivedLagTime ||
                         document->core->lag() >= limits::kDerivedLagEvents;
        if (((document->core->isDirty() && due) || !document->newCursors.empty()) && !document->flushing)
            flush(document);
        if (document->core->isDirty())
            derived = std::min(derived, document->core->firstUnflushed() - 1);
    }
    for (const DocumentPtr &document : unread)
        load(document); // again, where the store could not be read the last time
    if (lagging || derived <= derivedStored)
        return;
    derivedStored = derived;
    storage::Batch batch;
    batch.put(sets::kMeta, {std::string(meta::kDerived), derived});
    commit(std::move(batch), [this](const Result<storage::Committed> &result) {
        if (!result)
            derivedStored = 0; // written again with the next change
    });
}

void SyncService::Private::flush(const DocumentPtr &document)
{
    document->flushing = true;
    whenIdle(document, [this, document] {
        DocumentCore &core = *document->core;
        storage::Batch batch;
        ServerSeq at = core.head().serverSeq, snapshotAt;
        if (core.isDirty()) {
            const std::int64_t every = snapshotEvery(core.collection());
            const bool picture = every > 0 && at - core.snapshotSeq() >= every;
            batch = core.derivedBatch(picture);
            if (picture)
                snapshotAt = at;
        }
        if (core.exists()) {
            for (const ClientId &client : document->newCursors) {
                const auto found = document->cursors.find(client);
                if (found == document->cursors.end()) {
                    batch.erase(sets::kStateVectors, {core.number(), client.text()});
                    continue;
                }
                const StateVector &cursor = found->second;
                batch.put(sets::kStateVectors, {core.number(), client.text(), cursor.serverSeq.value(),
                                                json::canonical(cursor.vectorClock.toJson()), cursor.lastUpdated.value()});
            }
        }
        auto cursors = std::exchange(document->newCursors, {});
        if (batch.isEmpty())
            return flushEnded(document, {});
        document->dirtySince = clock.steady();
        commit(std::move(batch), [this, document, at, snapshotAt, cursors](const Result<storage::Committed> &result) {
            if (!result) {
                qCDebug(lcSync) << "derived rows of" << document->id.text().c_str() << "were not written:"
                                  << result.error().toString().c_str();
                document->newCursors.insert(cursors.begin(), cursors.end());
                if (document->core)
                    document->core->flushFailed();
                if (errorClass(result.error().code) == ErrorClass::Conflict) // another node has compacted it
                    whenIdle(document, [this, document] {
                        document->core.reset();
                        load(document);
                    });
            } else if (document->core) {
                document->core->flushed(at, snapshotAt);
            }
            flushEnded(document, result ? Result<>() : Result<>(failure(result.error())));
        });
    });
}

void SyncService::Private::flushEnded(const DocumentPtr &document, const Result<> &result)
{
    document->flushing = false;
    measure(document);
    for (const auto &task : std::exchange(document->whenFlushed, {}))
        task(result);
    becameIdle(document);
}

void SyncService::Private::ensureFlushed(const DocumentPtr &document, ServerSeq at, std::function<void(const Result<> &)> done)
{
    if (!document->core) {
        document->whenLoaded.push_back([this, document, at, done = std::move(done)](const Result<> &result) {
            if (result)
                ensureFlushed(document, at, done);
            else
                done(result);
        });
        return load(document);
    }
    if (document->core->flushedSeq() >= at)
        return done({});
    document->whenFlushed.push_back([this, document, at, done = std::move(done)](const Result<> &result) {
        if (result)
            ensureFlushed(document, at, done);
        else
            done(result);
    });
    if (!document->flushing)
        flush(document);
}

// Until the rows of every document stand where their logs ended when this was called.
void SyncService::Private::flushThen(std::function<void(const Result<> &)> done)
{
    std::vector<DocumentPtr> lagging;
    for (const auto &[id, document] : documents) {
        if (!document->core || document->core->isDirty())
            lagging.push_back(document);
    }
    auto left = std::make_shared<std::size_t>(lagging.size() + 1);
    auto outcome = std::make_shared<Result<>>();
    const auto one = [left, outcome, done = std::move(done)](const Result<> &result) {
        if (!result)
            *outcome = result;
        if (--*left == 0)
            done(*outcome);
    };
    for (const DocumentPtr &document : lagging)
        ensureFlushed(document, document->core ? document->core->head().serverSeq : ServerSeq(0), one);
    one({});
}

// ---- snapshots and compaction

std::int64_t SyncService::Private::snapshotEvery(const std::optional<CollectionName> &collection) const
{
    const auto rule = collection ? options.upkeep.find(*collection) : options.upkeep.end();
    return rule == options.upkeep.end() ? options.snapshotEvery : rule->second.snapshotEvery;
}

CompactionSchedule::Calls SyncService::Private::scheduleCalls()
{
    return {.read = [this](auto work, auto done) { read<CompactionSchedule::Page>(std::move(work), std::move(done)); },
            .compact =
                [this](const CompactStep &step, std::function<void(Result<>)> done) {
                    compact(step.documentId, step.to, [done = std::move(done)](const Result<ServerSeq> &horizon) {
                        done(horizon ? Result<>() : Result<>(failure(horizon.error())));
                    });
                },
            .shortened = [this] { backend.shrink(storage::Shrink::Freed, executor, [](const Result<storage::Shrunk> &) {}); }};
}

// A snapshot is a whole state, however short the events before it. One that is asked for takes the place of the one before,
// unless that stands as far from its own predecessor as the schedule's do: asking often makes no more of them than time does.
void SyncService::Private::makeSnapshot(const DocumentPtr &document, std::function<void(Result<Snapshot>)> done)
{
    if (document->flushing) {
        document->whenFlushed.push_back([this, document, done = std::move(done)](const Result<> &) {
            whenIdle(document, [this, document, done] { makeSnapshot(document, done); });
        });
        return;
    }
    const DocumentCore &core = *document->core;
    if (!core.exists())
        return done(failure(ErrorCode::NotFound, "there is no document " + document->id.text()));
    document->flushing = true; // no compaction makes the one before the log's beginning meanwhile
    auto snapshot = std::make_shared<Snapshot>(core.snapshot());
    const std::int64_t every = snapshotEvery(core.collection());
    read<std::optional<ServerSeq>>(
        [number = core.number(), above = std::max(core.horizon().previous(), core.snapshotSeq()), at = snapshot->position.serverSeq,
         every = every > 0 ? every : limits::kSnapshotEveryEvents](storage::ReadView &view) {
            return supersededSnapshot(view, number, {.above = above, .at = at, .every = every});
        },
        [this, document, snapshot, number = core.number(), done = std::move(done)](const Result<std::optional<ServerSeq>> &former) {
            storage::Batch batch;
            if (former && *former)
                batch.erase(sets::kSnapshots, {number, (*former)->value()});
            batch.put(sets::kSnapshots, toRow(*snapshot, number));
            commit(std::move(batch), [this, document, snapshot, done](const Result<storage::Committed> &result) {
                flushEnded(document, {});
                if (result)
                    done(std::move(*snapshot));
                else
                    done(failure(result.error()));
            });
        });
}

void SyncService::Private::compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    withDocument(id, [this, id, horizon, done = std::move(done)](const Result<DocumentPtr> &found) {
        if (!found)
            return done(failure(found.error()));
        if (!(*found)->core->exists())
            return done(failure(ErrorCode::NotFound, "there is no document " + id.text()));
        compactStep(*found, horizon, done);
    });
}

// A thousand events at a time, the horizon rising with each batch: whatever happens between, the log is whole from there on.
void SyncService::Private::compactStep(const DocumentPtr &document, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    whenIdle(document, [this, document, horizon, done = std::move(done)] {
        if (document->flushing) {
            document->whenFlushed.push_back([this, document, horizon, done](const Result<> &) { compactStep(document, horizon, done); });
            return;
        }
        const DocumentCore &core = *document->core;
        const ServerSeq wanted = std::min(horizon, core.head().serverSeq.next());
        if (wanted <= core.horizon())
            return done(core.horizon());
        document->flushing = true;
        const ServerSeq until = std::min(wanted.previous(), core.horizon() + std::int64_t(kCompactAtATime - 1));
        const auto finish = [this, document](const Result<> &result, const std::function<void(Result<ServerSeq>)> &failed) {
            flushEnded(document, result);
            if (!result)
                failed(failure(result.error()));
            return result.has_value();
        };
        read<Removal>(
            [row = DocumentRow{.documentId = document->id, .number = core.number(), .collection = *core.collection(),
                               .kind = core.kind(), .horizon = core.horizon(), .baseChain = core.baseChain()},
             until, now = clock.wall()](storage::ReadView &view) { return EventStore(view).removal(row, until, now); },
            [this, document, horizon, done, until, finish](const Result<Removal> &removal) {
                if (!removal) {
                    finish(failure(removal.error()), done);
                    return;
                }
                whenIdle(document, [this, document, horizon, done, until, removal = *removal, finish] {
                    const ServerSeq at = document->core->head().serverSeq;
                    commit(document->core->compactBatch(removal),
                           [this, document, horizon, done, until, finish, at,
                            chain = removal.events.back()->chain](const Result<storage::Committed> &result) {
                               if (!result) { // nobody knows whether it is in the store: the store's horizon counts
                                   whenIdle(document, [this, document, done, finish, error = result.error()] {
                                       document->core.reset();
                                       load(document);
                                       finish(failure(error), done);
                                   });
                                   return;
                               }
                               if (document->core) {
                                   document->core->compacted(until.next(), chain);
                                   document->core->flushed(at, at);
                               }
                               finish({}, done);
                               compactStep(document, horizon, done);
                           });
                });
            });
    });
}

// ---- clients

// Its ids and clock rows stay (rule 5), and so does what it proves itself by; what it has is forgotten.
void SyncService::Private::expire(const ClientId &client, std::function<void(Result<>)> done)
{
    using Rows = std::vector<storage::Row>;
    read<Rows>(
        [client](storage::ReadView &view) -> Result<Rows> {
            Rows rows;
            EVENTSYNC_TRY(const std::optional<storage::Row> row, view.get(sets::kClients, {client.text()}));
            rows.push_back(row.value_or(storage::Row()));
            EVENTSYNC_CHECK(view.scan({.set = sets::kStateVectors, .index = "client", .prefix = {client.text()}},
                                      [&](const storage::Row &vector) {
                                          rows.push_back(vector);
                                          return true;
                                      }));
            return rows;
        },
        [this, client, done](Result<Rows> rows) {
            if (!rows)
                return done(failure(rows.error()));
            storage::Batch batch;
            storage::Row row = std::move(rows->front());
            if (row.empty()) {
                row.resize(client::Expired + 1);
                row[client::Id] = client.text();
                row[client::Kind] = std::string("replica");
                row[client::Principal] = std::string();
                row[client::CreatedAt] = clock.wall().value();
                row[client::LastSeen] = seen.now().value();
            }
            row[client::Expired] = std::int64_t(1);
            batch.put(sets::kClients, std::move(row));
            for (std::size_t i = 1; i < rows->size(); ++i)
                batch.erase(sets::kStateVectors, {(*rows)[i][statevector::Document], client.text()});
            commit(std::move(batch), [this, client, done](const Result<storage::Committed> &result) {
                if (!result)
                    return done(failure(result.error()));
                expired.insert(client);
                if (const auto found = connections.find(client); found != connections.end()) {
                    found->second->dropped = true;
                    closeSession(found->second->session, {ErrorCode::ClientExpired, "the client has been forgotten"});
                }
                for (const auto &[id, document] : documents) {
                    document->cursors.erase(client);
                    document->newCursors.erase(client);
                }
                done({});
            });
        });
}

// A hundred at a time, until none is left. Authors of code never expire, and last_seen is written at hello only: both lie
// among the old ones for good, so they are passed over and take nobody's place.
void SyncService::Private::expireOld()
{
    using Ids = std::vector<ClientId>;
    const std::int64_t until = seen.now().value() - options.clientExpiry.count();
    std::set<std::string> connected;
    for (const auto &[client, token] : connections) {
        if (session(token->session))
            connected.insert(client.text());
    }
    read<Ids>(
        [until, connected = std::move(connected)](storage::ReadView &view) -> Result<Ids> {
            Ids ids;
            EVENTSYNC_CHECK(view.scan({.set = sets::kClients, .index = "seen", .prefix = {std::int64_t(0)},
                                       .until = storage::Cell(until)},
                                      [&](const storage::Row &row) {
                                          std::string id(textOf(row, client::Id).value_or(""));
                                          if (textOf(row, client::Kind).value_or("") == "replica" && !connected.contains(id))
                                              ids.emplace_back(std::move(id));
                                          return ids.size() < kExpiryAtATime;
                                      }));
            return ids;
        },
        [this](const Result<Ids> &ids) {
            if (!ids)
                return;
            const auto left = std::make_shared<std::size_t>(ids->size());
            const auto allWell = std::make_shared<bool>(ids->size() == kExpiryAtATime);
            for (const ClientId &client : *ids) {
                const auto found = connections.find(client);
                if (found != connections.end() && session(found->second->session)) { // came back meanwhile
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

// ---- the end

void SyncService::Private::shutdown(std::function<void()> done)
{
    stopped.push_back(std::move(done));
    if (!std::exchange(stopping, true)) {
        const auto leaving = std::make_shared<const protocol::OutgoingMessage>(protocol::GoAway{limits::kRetryFirst.count()});
        for (const auto &[id, session] : sessions) {
            if (session->state != Session::State::Replaced)
                session->sink->send(leaving);
        }
    }
    finishShutdown();
}

// What was accepted is committed and answered first (G18); then derived rows, so that the next start has nothing to fold.
void SyncService::Private::finishShutdown()
{
    if (!stopping || stopped.empty())
        return;
    for (const auto &[id, document] : documents) {
        if (!document->jobs.empty() || document->lookingUp || (document->core && (document->core->isCommitting() || document->core->hasPrepared())))
            return; // becameIdle() comes back
    }
    std::vector<SessionId> open;
    for (const auto &[id, session] : sessions)
        open.push_back(id);
    for (const SessionId id : open)
        closeSession(id, {ErrorCode::ShuttingDown, "the server is stopping"}, limits::kRetryFirst);
    flushThen([this, waiting = std::exchange(stopped, {})](const Result<> &) {
        flushDerived(true); // now that all rows are written, says so
        if (!startError)
            keepSeenTime();
        for (const auto &done : waiting)
            done();
    });
}

} // namespace eventsync::sync
