// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentrows_p.h>

#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/logging.h>

#include <algorithm>
#include <utility>

namespace eventsync::eventlog {

namespace {

constexpr std::size_t kCompactAtATime = 1'000; // events per batch: commits of edits happen in between

// A stored snapshot that is older than this many events is replaced by a new one: reading the events after it would cost more
// than it saves.
constexpr std::int64_t kSnapshotAge = 1'000;

// The stored snapshot that is superfluous after a new one at `at`: the last one, if it was also made on request (it lies above
// `above`) and is less than `every` events after the one before it.
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

// The document's row in the form that EventStore needs.
DocumentRow rowOf(const DocumentCore &core)
{
    return {.documentId = core.log().id(), .number = core.log().number(), .collection = *core.log().collection(), .kind = core.log().kind(),
            .horizon = core.log().horizon(), .baseChain = core.log().baseChain()};
}

std::int64_t lagOf(const DocumentCore &core) // events that the derived rows lack
{
    return core.log().head().serverSeq - core.rows().at;
}

Result<> withoutValue(const Result<storage::Committed> &result)
{
    return result ? Result<>() : Result<>(failure(result.error()));
}

} // namespace

DocumentRows::DocumentRows(EngineState &state, DocumentTable &documents)
    : m_state(state), m_documents(documents), m_schedule(state.clock, scheduleCalls())
{
    m_schedule.setRules(m_state.options.maintenance);
}

// ---- derived rows

void DocumentRows::begin(const DocumentPtr &document)
{
    document->m_writingRows = true;
    ++m_writing;
}

void DocumentRows::end(const DocumentPtr &document, const Result<> &result)
{
    document->m_writingRows = false;
    --m_writing;
    m_documents.measure(document);
    for (const auto &task : std::exchange(document->m_whenRowsWritten, {}))
        task(result);
    m_documents.becameIdle(document);
    if (m_writing == 0) {
        for (const auto &task : std::exchange(m_whenQuiet, {}))
            task();
    }
}

void DocumentRows::whenQuiet(std::function<void()> task)
{
    if (m_writing == 0)
        task();
    else
        m_whenQuiet.push_back(std::move(task));
}

bool DocumentRows::snapshotIsDue(const DocumentPtr &document) const
{
    const std::int64_t every = m_state.snapshotEvery(document->collection());
    return every > 0 && document->m_core->log().head().serverSeq - document->m_core->rows().snapshotSeq >= every;
}

void DocumentRows::idle(const DocumentPtr &document)
{
    if (!m_state.writesRowsAtOnce())
        return;
    m_schedule.tick(); // logs have grown since the last tick
    const DocumentCore &core = *document->m_core;
    if (document->m_writingRows || !core.isDirty() || core.log().head().serverSeq <= document->m_rowsTried)
        return;
    if (document->m_jobs.empty() || lagOf(core) >= limits::kDerivedLagEvents || snapshotIsDue(document))
        write(document);
}

void DocumentRows::tick()
{
    const auto now = m_state.clock.steady();
    std::vector<DocumentPtr> due;
    for (const auto &[id, document] : m_documents.all()) {
        if (!document->m_core || document->m_writingRows)
            continue;
        const bool lags = document->m_core->isDirty()
                          && (now - document->m_dirtySince >= limits::kDerivedLagTime || lagOf(*document->m_core) >= limits::kDerivedLagEvents);
        if (lags || document->m_cursors.isDirty())
            due.push_back(document);
    }
    for (const DocumentPtr &document : due)
        write(document);
    storeReach();
    m_documents.loadAgain();
}

// The position up to which all events are in the derived rows, once the rows of `except` (may be null) are at its head.
std::int64_t DocumentRows::reach(const DocumentPtr &except) const
{
    std::int64_t position = m_state.lastPosition;
    for (const auto &[id, document] : m_documents.all()) {
        if (document == except)
            continue;
        if (!document->m_core && !document->m_away)
            return 0; // the lag of its rows is not known at the moment
        if (document->m_away)
            position = std::min(position, document->m_away->firstUnflushed.value_or(position + 1) - 1);
        else if (document->m_core->isDirty())
            position = std::min(position, document->m_core->rows().firstUnwritten - 1);
    }
    return position;
}

void DocumentRows::storeReach()
{
    const std::int64_t position = reach(nullptr);
    if (position <= m_state.derivedStored)
        return;
    m_state.derivedStored = position;
    storage::Batch batch;
    batch.put(sets::kMeta, {std::string(meta::kDerived), position});
    m_state.store.commit(std::move(batch), [this](const Result<storage::Committed> &result) {
        if (!result)
            m_state.derivedStored = 0; // it is written again with the next change
    });
}

void DocumentRows::write(const DocumentPtr &document)
{
    begin(document);
    m_documents.whenIdle(document, [this, document](const Result<> &idle) {
        if (!idle)
            return end(document, idle);
        commitRows(document);
    });
}

void DocumentRows::commitRows(const DocumentPtr &document)
{
    DocumentCore &core = *document->m_core;
    storage::Batch batch;
    const ServerSeq at = core.log().head().serverSeq;
    ServerSeq snapshotAt;
    std::int64_t position = 0;
    document->m_rowsTried = at;
    if (core.isDirty()) {
        const bool withSnapshot = snapshotIsDue(document);
        batch = core.derivedBatch(withSnapshot);
        if (withSnapshot)
            snapshotAt = at;
        if (m_state.writesRowsAtOnce())
            position = reach(document);
        if (position > m_state.derivedStored)
            batch.put(sets::kMeta, {std::string(meta::kDerived), position});
    }
    std::set<ClientId> cursors;
    if (core.log().exists())
        cursors = document->m_cursors.write(batch, core.log().number());
    if (batch.isEmpty())
        return end(document, {});
    document->m_dirtySince = m_state.clock.steady();
    m_state.store.commit(std::move(batch), [this, document, at, snapshotAt, position, cursors](const Result<storage::Committed> &result) {
        if (result) {
            m_state.derivedStored = std::max(m_state.derivedStored, position);
            if (document->m_core)
                document->m_core->flushed(at, snapshotAt);
        } else {
            qCDebug(lcStorage) << "derived rows of" << document->id().text().c_str() << "were not written:" << result.error().toString().c_str();
            document->m_cursors.writeFailed(cursors);
            if (document->m_core)
                document->m_core->flushFailed();
            if (errorClass(result.error().code) == ErrorClass::Conflict) // another node has compacted it
                m_documents.whenIdle(document, [this, document](const Result<> &idle) {
                    if (idle)
                        m_documents.reload(document);
                });
        }
        end(document, withoutValue(result));
    });
}

void DocumentRows::ensure(const DocumentPtr &document, ServerSeq at, Done done)
{
    const auto again = [this, document, at, done](const Result<> &result) {
        if (result)
            ensure(document, at, done);
        else
            done(result);
    };
    if (!document->m_core)
        return m_documents.whenLoaded(document, again);
    if (document->m_core->rows().at >= at)
        return done({});
    document->m_whenRowsWritten.push_back(again);
    if (!document->m_writingRows)
        write(document);
}

void DocumentRows::writeAll(const std::optional<CollectionName> &collection, Done done)
{
    std::vector<DocumentPtr> lagging;
    for (const auto &[id, document] : m_documents.all()) {
        if (const auto its = document->collection(); collection && its && *its != *collection)
            continue;
        if (!document->m_core || document->m_core->isDirty())
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
        ensure(document, document->m_core ? document->m_core->log().head().serverSeq : ServerSeq(0), one);
    one({});
}

// ---- snapshots

// A snapshot is a whole state, even after few events. A requested one replaces the one before it, unless that one is as far
// from its predecessor as automatic snapshots are: so requests do not increase the number of snapshots.
void DocumentRows::snapshot(const DocumentPtr &document, std::function<void(Result<Snapshot>)> done)
{
    m_documents.whenIdle(document, [this, document, done = std::move(done)](const Result<> &idle) {
        if (!idle)
            return done(failure(idle.error()));
        if (!document->m_core->log().exists())
            return done(failure(ErrorCode::NotFound, "there is no document " + document->id().text()));
        if (!document->m_writingRows)
            return makeSnapshot(document, done);
        document->m_whenRowsWritten.push_back([this, document, done](const Result<> &) { snapshot(document, done); });
    });
}

void DocumentRows::makeSnapshot(const DocumentPtr &document, std::function<void(Result<Snapshot>)> done)
{
    begin(document); // no compaction removes the events after the one before it meanwhile
    const DocumentCore &core = *document->m_core;
    auto snapshot = std::make_shared<Snapshot>(core.snapshot());
    const std::int64_t every = m_state.snapshotEvery(core.log().collection());
    m_state.store.read<std::optional<ServerSeq>>(
        [number = core.log().number(), above = std::max(core.log().horizon().previous(), core.rows().snapshotSeq), at = snapshot->position.serverSeq,
         every = every > 0 ? every : limits::kSnapshotEveryEvents](storage::ReadView &view) {
            return supersededSnapshot(view, number, {.above = above, .at = at, .every = every});
        },
        [this, document, snapshot, number = core.log().number(), done = std::move(done)](const Result<std::optional<ServerSeq>> &former) {
            storage::Batch batch;
            if (former && *former)
                batch.erase(sets::kSnapshots, {number, (*former)->value()});
            batch.put(sets::kSnapshots, toRow(*snapshot, number));
            m_state.store.commit(std::move(batch), [this, document, snapshot, done](const Result<storage::Committed> &result) {
                end(document, {});
                if (result)
                    done(std::move(*snapshot));
                else
                    done(failure(result.error()));
            });
        });
}

void DocumentRows::storedSnapshot(const DocumentPtr &document, ServerSeq atLeast, std::function<void(Result<StoredSnapshot>)> done)
{
    const auto fits = [document, atLeast](const Snapshot &snapshot) {
        return snapshot.position.serverSeq >= std::max(atLeast, document->m_core->log().horizon().previous()) &&
               document->m_core->log().head().serverSeq - snapshot.position.serverSeq <= kSnapshotAge;
    };
    const auto keep = [this, document, done](Result<Snapshot> snapshot) {
        if (!snapshot)
            return done(failure(snapshot.error()));
        StoredSnapshot stored{std::make_shared<const Snapshot>(std::move(*snapshot)), {}};
        stored.sha256 = sha256(stored.snapshot->state);
        document->m_stored = stored;
        m_documents.measure(document);
        done(stored);
    };
    m_documents.whenIdle(document, [this, document, done, fits, keep](const Result<> &idle) {
        if (!idle)
            return done(failure(idle.error()));
        if (document->m_stored && fits(*document->m_stored->snapshot))
            return done(*document->m_stored);
        using MaybeSnapshot = std::optional<Snapshot>;
        const DocumentCore &core = *document->m_core;
        m_state.store.read<MaybeSnapshot>(
            [row = rowOf(core), head = core.log().head().serverSeq](storage::ReadView &view) { return EventStore(view).snapshot(row, head); },
            [this, document, done, fits, keep](const Result<MaybeSnapshot> &stored) {
                m_documents.whenIdle(document, [this, document, done, fits, keep, stored](const Result<> &again) {
                    if (!again)
                        return done(failure(again.error()));
                    if (stored && *stored && fits(**stored))
                        return keep(**stored);
                    snapshot(document, keep);
                });
            });
    });
}

// ---- compaction

CompactionSchedule::Calls DocumentRows::scheduleCalls()
{
    return {.read = [this](auto work, auto done) { m_state.store.read<CompactionSchedule::Page>(std::move(work), std::move(done)); },
            .compact =
                [this](const CompactStep &step, std::function<void(Result<>)> done) {
                    compact(m_documents.get(step.documentId), step.to, [done = std::move(done)](const Result<ServerSeq> &horizon) {
                        done(horizon ? Result<>() : Result<>(failure(horizon.error())));
                    });
                },
            .shortened =
                [this] {
                    m_state.store.backend().vacuum(storage::Vacuum::Freed, m_state.store.executor(), [](const Result<storage::VacuumResult> &) {});
                }};
}

void DocumentRows::compact(const DocumentPtr &document, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    m_documents.whenLoaded(document, [this, document, horizon, done = std::move(done)](const Result<> &loaded) {
        if (!loaded)
            return done(failure(loaded.error()));
        if (!document->m_core->log().exists())
            return done(failure(ErrorCode::NotFound, "there is no document " + document->id().text()));
        compactStep(document, horizon, done);
    });
}

// A thousand events at a time. The horizon rises with each batch, so the log above it is complete at any moment.
void DocumentRows::compactStep(const DocumentPtr &document, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    m_documents.whenIdle(document, [this, document, horizon, done = std::move(done)](const Result<> &idle) {
        if (!idle)
            return done(failure(idle.error()));
        if (document->m_writingRows) {
            document->m_whenRowsWritten.push_back([this, document, horizon, done](const Result<> &) { compactStep(document, horizon, done); });
            return;
        }
        const DocumentCore &core = *document->m_core;
        const ServerSeq wanted = std::min(horizon, core.log().head().serverSeq.next());
        if (wanted <= core.log().horizon())
            return done(core.log().horizon());
        begin(document);
        const auto step = [this, document, horizon, done](const Result<> &result) {
            end(document, result);
            if (result)
                compactStep(document, horizon, done);
            else
                done(failure(result.error()));
        };
        const ServerSeq until = std::min(wanted.previous(), core.log().horizon() + std::int64_t(kCompactAtATime - 1));
        m_state.store.read<Removal>(
            [row = rowOf(core), until, now = m_state.clock.wall()](storage::ReadView &view) { return EventStore(view).removal(row, until, now); },
            [this, document, step](const Result<Removal> &removal) {
                if (!removal)
                    return step(failure(removal.error()));
                m_documents.whenIdle(document, [this, document, step, removal = *removal](const Result<> &again) {
                    if (!again)
                        return step(again);
                    commitCompaction(document, removal, step);
                });
            });
    });
}

void DocumentRows::commitCompaction(const DocumentPtr &document, const Removal &removal, Done done)
{
    const ServerSeq at = document->m_core->log().head().serverSeq;
    const auto &last = *removal.events.back();
    m_state.store.commit(document->m_core->compactBatch(removal),
                         [this, document, done = std::move(done), at, horizon = last.serverSeq.next(),
                          chain = last.chain](const Result<storage::Committed> &result) {
                             if (!result) { // whether it is in the store is not known: the horizon is read from the store
                                 m_documents.whenIdle(document, [this, document, done, error = result.error()](const Result<> &idle) {
                                     if (idle)
                                         m_documents.reload(document);
                                     done(failure(error));
                                 });
                                 return;
                             }
                             if (document->m_core) {
                                 document->m_core->compacted(horizon, chain);
                                 document->m_core->flushed(at, at);
                             }
                             done({});
                         });
}

} // namespace eventsync::eventlog
