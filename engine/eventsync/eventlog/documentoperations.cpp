// SPDX-License-Identifier: Apache-2.0
//
// Everything is an operation on one or several documents: it waits at the gate until it heads the queues of all of them, has
// their cores loaded, is judged on them and commits, and again from the start if another process committed meanwhile. When
// it ends and nobody else waits for a document, that document's derived rows are written; nobody waits for those.
#include <eventsync/eventlog/documentoperations.h>

#include <eventsync/base/limits.h>
#include <eventsync/base/logging.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/eventlog/storestate.h>

#include <algorithm>

namespace eventsync::eventlog {

namespace {

constexpr char kAuthor[] = "author";
constexpr std::size_t kCompactAtATime = 1'000; // events per batch

} // namespace

// ---- the store

void DocumentOperations::commit(storage::Batch batch, storage::Backend::CommitDone done)
{
    backend.commit(std::move(batch), executor, [done = std::move(done), weak = weak_from_this()](Result<storage::Committed> result) {
        if (const auto core = weak.lock())
            done(std::move(result));
    });
}

void DocumentOperations::start()
{
    readStore<StoreState>(StoreState::read, [this](Result<StoreState> state) {
        m_started = true;
        if (!state) {
            m_startError = state.error();
        } else {
            m_lastNumber = state->lastNumber;
            m_lastPosition = state->lastPosition;
            m_derived = state->derived;
            for (const DocumentId &id : state->lagging)
                bringUp(id);
        }
        for (const auto &task : std::exchange(m_atStart, {}))
            task();
        checkSettled();
    });
}

void DocumentOperations::whenStarted(std::function<void()> task)
{
    if (m_started)
        task();
    else
        m_atStart.push_back(std::move(task));
}

// An id that server code uses first is a code author for ever; the server's own names need no claim.
void DocumentOperations::claimAuthor(const ClientId &client, std::function<void(const Result<> &)> done)
{
    if (const auto valid = authorIdFrom(client.text()); !valid)
        return done(failure(valid.error()));
    if (!clientIdFrom(client.text()) || m_authors.count(client) != 0)
        return done({});
    readStore<std::optional<storage::Row>>(
        [client](storage::ReadView &view) { return view.get(sets::kClients, {client.text()}); },
        [this, client, done = std::move(done)](const Result<std::optional<storage::Row>> &known) {
            if (!known)
                return done(failure(known.error()));
            if (*known) {
                if ((**known)[client::Kind] != storage::Cell(std::string(kAuthor)))
                    return done(failure(ErrorCode::ClientIdInUse, "the client id is a replica's"));
                m_authors.insert(client);
                return done({});
            }
            storage::Row row(client::Expired + 1);
            row[client::Id] = client.text();
            row[client::Kind] = std::string(kAuthor);
            row[client::Principal] = std::string();
            row[client::CreatedAt] = row[client::LastSeen] = m_clock.wall().value();
            row[client::Expired] = std::int64_t(0);
            commit(storage::Batch().insert(sets::kClients, std::move(row)),
                   [this, client, done](const Result<storage::Committed> &result) {
                       if (!result && result.error().code == ErrorCode::Conflict)
                           return claimAuthor(client, done); // somebody was faster: look who
                       if (!result)
                           return done(failure(result.error()));
                       m_authors.insert(client);
                       done({});
                   });
        });
}

// Its derived rows are written when the operation ends.
void DocumentOperations::bringUp(const DocumentId &id)
{
    auto operation = std::make_shared<DocumentOperation>();
    operation->ids = {id};
    operation->failed = [](const Error &) {};
    operation->judge = [this, weak = std::weak_ptr<DocumentOperation>(operation)] { end(weak.lock()); };
    begin(operation);
}

DocumentCore *DocumentOperations::idle(const DocumentId &id)
{
    const auto found = m_documents.find(id);
    if (found == m_documents.end() || !found->second.isIdle())
        return nullptr;
    found->second.used = ++m_uses;
    return found->second.core.get();
}

// ---- operations

void DocumentOperations::begin(const DocumentOperationPtr &operation)
{
    if (m_startError)
        return operation->failed(*m_startError);
    if (m_running >= limits::kStorageQueue)
        return operation->failed({ErrorCode::QueueFull, "too many writes wait"});
    ++m_running;
    for (const DocumentId &id : operation->ids) {
        Open &open = m_documents[id];
        ++open.waiting;
        open.used = ++m_uses;
    }
    m_gate.enter(operation->ids, [weak = weak_from_this(), operation] {
        if (const auto core = weak.lock())
            core->attempt(operation);
    });
}

void DocumentOperations::beginAs(const ClientId &client, const DocumentOperationPtr &operation)
{
    ++m_claims;
    whenStarted([this, client, operation] {
        claimAuthor(client, [this, operation](const Result<> &claimed) {
            --m_claims;
            if (claimed)
                begin(operation);
            else
                operation->failed(claimed.error());
            checkSettled();
        });
    });
}

void DocumentOperations::attempt(const DocumentOperationPtr &operation)
{
    struct Found
    {
        std::vector<std::pair<DocumentId, std::optional<LoadedDocument>>> documents;
        KnownEvents known;
        std::int64_t lastNumber = 0;
    };
    std::vector<DocumentId> missing;
    for (const DocumentId &id : operation->ids) {
        if (!m_documents.at(id).core)
            missing.push_back(id);
    }
    if (missing.empty() && !operation->lookUp)
        return operation->judge();
    readStore<Found>(
        [missing, lookUp = operation->lookUp](storage::ReadView &view) -> Result<Found> {
            Found found;
            EventStore store(view);
            for (const DocumentId &id : missing) {
                EVENTSYNC_TRY(auto loaded, store.load(id));
                found.documents.emplace_back(id, std::move(loaded));
            }
            if (lookUp) {
                EVENTSYNC_TRY(found.known, store.known({*lookUp}));
            }
            EVENTSYNC_TRY(found.lastNumber, lastDocumentNumber(view));
            return found;
        },
        [this, operation](Result<Found> found) {
            if (!found)
                return fail(operation, found.error());
            m_lastNumber = std::max(m_lastNumber, found->lastNumber);
            for (auto &[id, loaded] : found->documents) {
                if (loaded)
                    m_lastPosition = std::max(m_lastPosition, loaded->position);
                Open &open = m_documents.at(id);
                ++open.generation;
                open.core = std::make_unique<DocumentCore>(
                    id, std::move(loaded), [this](const CollectionName &collection) { return m_rules.of(collection); }, m_clock, m_random);
            }
            operation->known = std::move(found->known);
            operation->judge();
        });
}

void DocumentOperations::dropCores(const DocumentOperationPtr &operation)
{
    for (const DocumentId &id : operation->ids)
        m_documents.at(id).core.reset();
}

// All that is prepared in the operation's documents, as one batch.
void DocumentOperations::commitPrepared(const DocumentOperationPtr &operation)
{
    storage::Batch batch;
    std::vector<DocumentId> changed;
    for (const DocumentId &id : operation->ids) {
        if (!core(id).hasPrepared())
            continue;
        batch.append(core(id).takeBatch());
        changed.push_back(id);
    }
    if (changed.empty()) {
        operation->committed();
        return end(operation);
    }
    commit(std::move(batch), [this, operation, changed](const Result<storage::Committed> &result) {
        if (result) {
            const std::int64_t *positions = result->positions.data();
            for (const DocumentId &id : changed) {
                positions += core(id).committed(positions).size();
                m_lastPosition = std::max(m_lastPosition, core(id).position());
            }
            operation->committed();
            return end(operation);
        }
        // Nobody knows whether the batch is in the store: the documents are loaded again, and the log decides.
        dropCores(operation);
        if (storage::isRace(result.error()) && ++operation->tries < limits::kOptimisticTries)
            return attempt(operation);
        fail(operation, storage::isRace(result.error()) ? Error{ErrorCode::VersionConflict, result.error().message} : result.error());
    });
}

void DocumentOperations::fail(const DocumentOperationPtr &operation, const Error &error)
{
    operation->failed(error);
    end(operation);
}

void DocumentOperations::end(const DocumentOperationPtr &operation)
{
    for (const DocumentId &id : operation->ids) {
        Open &open = m_documents.at(id);
        --open.waiting;
        measure(open);
        flushIfDue(id);
    }
    --m_running;
    m_gate.leave(operation->ids);
    unload();
    checkSettled();
    m_schedule.tick(); // logs grow by what is done here
}

// ---- derived rows

// Every event up to the answer is in the derived rows, once those of `id` are at its head.
std::int64_t DocumentOperations::derivedWithout(const DocumentId &id) const
{
    std::int64_t derived = m_lastPosition;
    for (const auto &[other, open] : m_documents) {
        if (other == id)
            continue;
        if (!open.core)
            return 0; // what its rows lack is not known now
        if (open.core->isDirty())
            derived = std::min(derived, open.core->firstUnflushed() - 1);
    }
    return derived;
}

// While an operation that has just ended still heads the queue: nothing is prepared then.
void DocumentOperations::flushIfDue(const DocumentId &id)
{
    const Open &open = m_documents.at(id);
    if (!open.core || open.core->isCommitting() || open.core->hasPrepared() || open.flushes > 0 || !open.core->isDirty())
        return;
    const std::int64_t every = snapshotEvery(open.core->collection());
    const bool picture = every > 0 && open.core->head().serverSeq - open.core->snapshotSeq() >= every;
    if (open.waiting == 0 || picture || open.core->lag() >= limits::kDerivedLagEvents)
        flush(id, picture, [](const Result<> &) {});
}

void DocumentOperations::flush(const DocumentId &id, bool wantPicture, std::function<void(const Result<> &)> done)
{
    Open &open = m_documents.at(id);
    const ServerSeq at = open.core->head().serverSeq;
    storage::Batch batch = open.core->derivedBatch(wantPicture);
    const std::int64_t derived = derivedWithout(id);
    if (derived > m_derived)
        batch.put(sets::kMeta, {std::string(meta::kDerived), derived});
    ++open.flushes;
    ++m_flushes;
    commit(std::move(batch), [this, id, at, wantPicture, derived, generation = open.generation,
                              done = std::move(done)](const Result<storage::Committed> &result) {
        Open &flushed = m_documents.at(id);
        --flushed.flushes;
        --m_flushes;
        const bool same = flushed.core && flushed.generation == generation;
        if (result) {
            m_derived = std::max(m_derived, derived);
            if (same)
                flushed.core->flushed(at, wantPicture ? at : ServerSeq(0));
        } else {
            qCDebug(lcStorage) << "derived rows of" << id.text().c_str() << "were not written:" << result.error().toString().c_str();
            if (same)
                flushed.core->flushFailed();
        }
        done(result ? Result<>() : Result<>(failure(result.error())));
        if (result && flushed.isIdle())
            flushIfDue(id);
        checkSettled();
    });
}

// ---- upkeep

std::int64_t DocumentOperations::snapshotEvery(const std::optional<CollectionName> &collection) const
{
    const auto rule = collection ? options.upkeep.find(*collection) : options.upkeep.end();
    return rule == options.upkeep.end() ? options.snapshotEvery : rule->second.snapshotEvery;
}

CompactionSchedule::Calls DocumentOperations::scheduleCalls()
{
    return {.read = [this](auto work, auto done) { readStore<CompactionSchedule::Page>(std::move(work), std::move(done)); },
            .compact =
                [this](const CompactStep &step, std::function<void(Result<>)> done) {
                    compact(step.documentId, step.to, [done = std::move(done)](const Result<ServerSeq> &horizon) {
                        done(horizon ? Result<>() : Result<>(failure(horizon.error())));
                    });
                },
            .shortened = [this] { backend.shrink(storage::Shrink::Freed, executor, [](const Result<storage::Shrunk> &) {}); }};
}

// A thousand events at a time, the horizon rising with each batch: whatever happens between, the log is whole from there on.
void DocumentOperations::compactStep(const DocumentOperationPtr &operation, const DocumentId &id, ServerSeq horizon,
                                     const std::function<void(Result<ServerSeq>)> &done)
{
    const DocumentCore &document = core(id);
    const ServerSeq wanted = std::min(horizon, document.head().serverSeq.next());
    if (wanted <= document.horizon()) {
        done(document.horizon());
        return end(operation);
    }
    const ServerSeq until = std::min(wanted.previous(), document.horizon() + std::int64_t(kCompactAtATime - 1));
    readStore<Removal>(
        [row = DocumentRow{.documentId = id, .number = document.number(), .collection = *document.collection(),
                           .kind = document.kind(), .horizon = document.horizon(), .baseChain = document.baseChain()},
         until, now = m_clock.wall()](storage::ReadView &view) { return EventStore(view).removal(row, until, now); },
        [this, operation, id, horizon, done, until](const Result<Removal> &removal) {
            if (!removal)
                return fail(operation, removal.error());
            const ServerSeq at = core(id).head().serverSeq;
            commit(core(id).compactBatch(*removal),
                   [this, operation, id, horizon, done, until, at,
                    chain = removal->events.back()->chain](const Result<storage::Committed> &result) {
                       if (!result) { // nobody knows whether it is in the store: the store's horizon counts
                           dropCores(operation);
                           return fail(operation, result.error());
                       }
                       core(id).compacted(until.next(), chain);
                       core(id).flushed(at, at);
                       compactStep(operation, id, horizon, done);
                   });
        });
}

void DocumentOperations::measure(Open &open)
{
    if (!options.memory)
        return;
    if (!open.held)
        open.held.emplace(options.memory, MemoryOwner::Documents);
    open.held->set(sizeof(Open) + (open.core ? sizeof(DocumentCore) + open.core->heldBytes() : 0));
}

void DocumentOperations::unload()
{
    const auto isOver = [this] { return options.memory && options.memory->isOver(); };
    if (m_documents.size() <= options.loadedDocuments + options.loadedDocuments / 8 && !isOver())
        return;
    std::vector<std::pair<std::uint64_t, DocumentId>> idle;
    for (const auto &[id, open] : m_documents) {
        if (open.waiting == 0 && open.flushes == 0 && (!open.core || (open.isIdle() && !open.core->isDirty())))
            idle.emplace_back(open.used, id);
    }
    std::sort(idle.begin(), idle.end());
    for (const auto &[used, id] : idle) {
        if (m_documents.size() <= options.loadedDocuments && !isOver())
            return;
        if (options.memory)
            options.memory->dropped(MemoryOwner::Documents);
        m_documents.erase(id);
    }
}

void DocumentOperations::settle(std::function<void()> done)
{
    m_settled.push_back(std::move(done));
    checkSettled();
}

void DocumentOperations::checkSettled()
{
    if (m_settled.empty() || !m_started || m_claims > 0 || m_running > 0 || m_flushes > 0)
        return;
    for (const auto &done : std::exchange(m_settled, {}))
        done();
}

} // namespace eventsync::eventlog
