// SPDX-License-Identifier: Apache-2.0
//
// Everything is an operation on one or several documents: it waits at the gate until it heads the queues of all of them, has
// their cores loaded, is judged on them and commits, and again from the start if another process committed meanwhile. When
// it ends and nobody else waits for a document, that document's derived rows are written; nobody waits for those.
#include <eventsync/eventlog/localwriter.h>

#include <eventsync/base/logging.h>
#include <eventsync/eventlog/documentcore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/documentgate.h>

#include <algorithm>
#include <set>

namespace eventsync::eventlog {

namespace {

constexpr char kAuthor[] = "author";

// What a writer must know of its store before it does anything.
struct StoreState
{
    std::int64_t lastNumber = 0, lastPosition = 0, derived = 0;
    std::vector<DocumentId> lagging; // whose derived rows are behind the log
};

Result<std::int64_t> lastNumberOf(storage::ReadView &view)
{
    std::int64_t last = 0;
    EVENTSYNC_CHECK(view.scan({.set = sets::kDocuments, .index = "number", .descending = true, .limit = 1},
                              [&](const storage::Row &row) {
                                  last = integerOf(row, document::Number).value_or(0);
                                  return false;
                              }));
    return last;
}

Result<StoreState> storeState(storage::ReadView &view)
{
    StoreState state;
    EVENTSYNC_TRY(state.lastNumber, lastNumberOf(view));
    EVENTSYNC_TRY(const std::optional<storage::Row> derived, view.get(sets::kMeta, {std::string(meta::kDerived)}));
    if (derived) {
        EVENTSYNC_TRY(state.derived, integerOf(*derived, meta::Value));
    }
    state.lastPosition = state.derived;
    std::set<std::int64_t> numbers;
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .from = storage::Cell(state.derived + 1)}, [&](const storage::Row &row) {
        numbers.insert(integerOf(row, event::Document).value_or(0));
        state.lastPosition = integerOf(row, event::Position).value_or(state.lastPosition);
        return true;
    }));
    EventStore store(view);
    for (const std::int64_t number : numbers) {
        EVENTSYNC_TRY(const std::optional<DocumentRow> row, store.documentByNumber(number, false));
        if (row)
            state.lagging.push_back(row->documentId);
    }
    return state;
}

bool isRace(const Error &error)
{
    return error.code == ErrorCode::Conflict || error.code == ErrorCode::VersionConflict;
}

struct Open // a document in use
{
    std::unique_ptr<DocumentCore> core; // none before it is loaded, and after a commit that failed
    std::uint64_t generation = 0;       // of the core
    std::size_t waiting = 0;            // operations at the gate, the running one included
    int flushes = 0;                    // of its derived rows, on their way
    std::uint64_t used = 0;

    bool isIdle() const { return core && waiting == 0 && !core->isCommitting() && !core->hasPrepared(); }
};

struct Operation
{
    std::vector<DocumentId> ids;
    std::optional<EventId> lookUp = {};  // an id that may be in the log already
    // On cores that are loaded. Commits what is prepared, if anything is, and calls `committed` then; otherwise it has ended.
    std::function<void()> judge;
    std::function<void()> committed = {};
    std::function<void(const Error &)> failed;
    KnownEvents known = {};
    int tries = 0;
};
using OperationPtr = std::shared_ptr<Operation>;

} // namespace

class LocalWriter::Core : public std::enable_shared_from_this<LocalWriter::Core>
{
public:
    Core(storage::Backend &store, Executor &posts, const Clock &time, Random &chance, Options given)
        : backend(store), executor(posts), options(std::move(given)), m_clock(time), m_random(chance), m_uuids(time, chance)
    {
    }

    void start();
    void write(DocumentWrite write, Written done);
    void transact(DocumentTransaction transaction, TransactionDone done);
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done);
    void snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done);
    void settle(std::function<void()> done);

    storage::Backend &backend;
    Executor &executor;
    const Options options;

private:
    template<class T>
    void readStore(std::function<Result<T>(storage::ReadView &)> work, std::function<void(Result<T>)> done);
    void commit(storage::Batch batch, storage::Backend::CommitDone done);
    void whenStarted(std::function<void()> task);
    void claimAuthor(const ClientId &client, std::function<void(const Result<> &)> done);
    RulesPtr rulesOf(const CollectionName &collection);

    void begin(const OperationPtr &operation);
    void beginAs(const ClientId &client, const OperationPtr &operation);
    void attempt(const OperationPtr &operation);
    void commitPrepared(const OperationPtr &operation);
    void fail(const OperationPtr &operation, const Error &error);
    void end(const OperationPtr &operation);
    void dropCores(const OperationPtr &operation);
    void flush(const DocumentId &id, bool wantPicture, std::function<void(const Result<> &)> done);
    void flushIfDue(const DocumentId &id);
    std::int64_t derivedWithout(const DocumentId &id) const;
    void unload();
    void checkSettled();

    void judgeWrite(const OperationPtr &operation, const DocumentWrite &write, const EventId &id, const Written &done);
    Result<std::vector<WrittenDocument>> judgeTransaction(const DocumentTransaction &transaction, const Uuid &id);
    DocumentCore &core(const DocumentId &id) { return *m_documents.at(id).core; }

    const Clock &m_clock;
    Random &m_random;
    UuidGenerator m_uuids;
    storage::DocumentGate m_gate;
    std::unordered_map<DocumentId, Open> m_documents;
    std::map<CollectionName, RulesPtr> m_rules;
    std::set<ClientId> m_authors; // known to be code authors
    std::size_t m_running = 0, m_flushes = 0, m_claims = 0;
    std::uint64_t m_uses = 0;
    std::int64_t m_lastNumber = 0, m_lastPosition = 0, m_derived = 0;
    bool m_started = false;
    std::optional<Error> m_startError;
    std::vector<std::function<void()>> m_atStart, m_settled;
};

// ---- the store

template<class T>
void LocalWriter::Core::readStore(std::function<Result<T>(storage::ReadView &)> work, std::function<void(Result<T>)> done)
{
    backend.read([work = std::move(work), done = std::move(done), weak = weak_from_this(),
                  posts = &executor](Result<std::unique_ptr<storage::ReadView>> view) {
        auto answer = std::make_shared<Result<T>>(view ? work(**view) : Result<T>(failure(view.error())));
        posts->post([answer, done, weak] {
            if (const auto core = weak.lock())
                done(std::move(*answer));
        });
    });
}

void LocalWriter::Core::commit(storage::Batch batch, storage::Backend::CommitDone done)
{
    backend.commit(std::move(batch), executor, [done = std::move(done), weak = weak_from_this()](Result<storage::Committed> result) {
        if (const auto core = weak.lock())
            done(std::move(result));
    });
}

void LocalWriter::Core::start()
{
    readStore<StoreState>(storeState, [this](Result<StoreState> state) {
        m_started = true;
        if (!state) {
            m_startError = state.error();
        } else {
            m_lastNumber = state->lastNumber;
            m_lastPosition = state->lastPosition;
            m_derived = state->derived;
            for (const DocumentId &id : state->lagging)
                read(id, [](const Result<DocumentRecord> &) {}); // its rows are written when that ends
        }
        for (const auto &task : std::exchange(m_atStart, {}))
            task();
        checkSettled();
    });
}

void LocalWriter::Core::whenStarted(std::function<void()> task)
{
    if (m_started)
        task();
    else
        m_atStart.push_back(std::move(task));
}

RulesPtr LocalWriter::Core::rulesOf(const CollectionName &collection)
{
    RulesPtr &known = m_rules[collection];
    if (known)
        return known;
    auto made = std::make_shared<Rules>();
    made->policy = options.policies.of(collection);
    auto check = StateCheck::make(collection, made->policy, options.validators ? options.validators(collection) : nullptr);
    if (check)
        made->check = std::move(*check);
    else // with a schema that is none, nothing may pass
        made->check = StateCheck::make(collection, {}, validatorFrom([error = check.error()](const auto &, const auto &) -> Result<> {
                                           return failure(error);
                                       })).value_or(StateCheck());
    return known = std::move(made);
}

// An id that server code uses first is a code author for ever; the server's own names need no claim.
void LocalWriter::Core::claimAuthor(const ClientId &client, std::function<void(const Result<> &)> done)
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

// ---- operations

void LocalWriter::Core::begin(const OperationPtr &operation)
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

void LocalWriter::Core::beginAs(const ClientId &client, const OperationPtr &operation)
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

void LocalWriter::Core::attempt(const OperationPtr &operation)
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
            EVENTSYNC_TRY(found.lastNumber, lastNumberOf(view));
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
                    id, std::move(loaded), [this](const CollectionName &collection) { return rulesOf(collection); }, m_clock, m_random);
            }
            operation->known = std::move(found->known);
            operation->judge();
        });
}

void LocalWriter::Core::dropCores(const OperationPtr &operation)
{
    for (const DocumentId &id : operation->ids)
        m_documents.at(id).core.reset();
}

// All that is prepared in the operation's documents, as one batch.
void LocalWriter::Core::commitPrepared(const OperationPtr &operation)
{
    storage::Batch batch;
    std::vector<DocumentId> changed;
    for (const DocumentId &id : operation->ids) {
        if (!core(id).hasPrepared())
            continue;
        storage::Batch part = core(id).takeBatch();
        batch.steps().insert(batch.steps().end(), std::make_move_iterator(part.steps().begin()),
                             std::make_move_iterator(part.steps().end()));
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
        if (isRace(result.error()) && ++operation->tries < limits::kOptimisticTries)
            return attempt(operation);
        fail(operation, isRace(result.error()) ? Error{ErrorCode::VersionConflict, result.error().message} : result.error());
    });
}

void LocalWriter::Core::fail(const OperationPtr &operation, const Error &error)
{
    operation->failed(error);
    end(operation);
}

void LocalWriter::Core::end(const OperationPtr &operation)
{
    for (const DocumentId &id : operation->ids) {
        --m_documents.at(id).waiting;
        flushIfDue(id);
    }
    --m_running;
    m_gate.leave(operation->ids);
    unload();
    checkSettled();
}

// ---- derived rows

// Every event up to the answer is in the derived rows, once those of `id` are at its head.
std::int64_t LocalWriter::Core::derivedWithout(const DocumentId &id) const
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
void LocalWriter::Core::flushIfDue(const DocumentId &id)
{
    const Open &open = m_documents.at(id);
    if (!open.core || open.core->isCommitting() || open.core->hasPrepared() || open.flushes > 0 || !open.core->isDirty())
        return;
    const bool picture = options.snapshotEvery > 0 &&
                         open.core->head().serverSeq - open.core->snapshotSeq() >= options.snapshotEvery;
    if (open.waiting == 0 || picture || open.core->lag() >= limits::kDerivedLagEvents)
        flush(id, picture, [](const Result<> &) {});
}

void LocalWriter::Core::flush(const DocumentId &id, bool wantPicture, std::function<void(const Result<> &)> done)
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
            qCWarning(lcStorage) << "derived rows of" << id.text().c_str() << "were not written:" << result.error().toString().c_str();
            if (same)
                flushed.core->flushFailed();
        }
        done(result ? Result<>() : Result<>(failure(result.error())));
        if (result && flushed.isIdle())
            flushIfDue(id);
        checkSettled();
    });
}

void LocalWriter::Core::unload()
{
    if (m_documents.size() <= options.loadedDocuments + options.loadedDocuments / 8)
        return;
    std::vector<std::pair<std::uint64_t, DocumentId>> idle;
    for (const auto &[id, open] : m_documents) {
        if (open.waiting == 0 && open.flushes == 0 && (!open.core || (open.isIdle() && !open.core->isDirty())))
            idle.emplace_back(open.used, id);
    }
    std::sort(idle.begin(), idle.end());
    for (const auto &[used, id] : idle) {
        if (m_documents.size() <= options.loadedDocuments)
            return;
        m_documents.erase(id);
    }
}

void LocalWriter::Core::settle(std::function<void()> done)
{
    m_settled.push_back(std::move(done));
    checkSettled();
}

void LocalWriter::Core::checkSettled()
{
    if (m_settled.empty() || !m_started || m_claims > 0 || m_running > 0 || m_flushes > 0)
        return;
    for (const auto &done : std::exchange(m_settled, {}))
        done();
}

// ---- what is asked for

void LocalWriter::Core::write(DocumentWrite write, Written done)
{
    if (auto valid = documentIdFrom(write.documentId.text()); !valid)
        return done(failure(valid.error()));
    if (auto valid = collectionNameFrom(write.collection.text()); !valid)
        return done(failure(valid.error()));
    auto operation = std::make_shared<Operation>();
    operation->ids = {write.documentId};
    operation->lookUp = write.id;
    operation->failed = [done](const Error &error) { done(failure(error)); };
    const EventId id = write.id.value_or(m_uuids.next());
    const ClientId client = write.clientId;
    operation->judge = [this, weak = std::weak_ptr<Operation>(operation), write = std::move(write), id, done] {
        judgeWrite(weak.lock(), write, id, done);
    };
    beginAs(client, operation);
}

void LocalWriter::Core::judgeWrite(const OperationPtr &operation, const DocumentWrite &write, const EventId &id, const Written &done)
{
    DocumentCore &document = core(write.documentId);
    if (const auto hit = operation->known.find(id); hit != operation->known.end()) {
        if (hit->second.document != document.number())
            return fail(operation, {ErrorCode::Conflict, "the id is another document's"});
        readStore<LoggedPtr>(
            [number = document.number(), seq = hit->second.serverSeq](storage::ReadView &view) {
                return EventStore(view).eventAt(number, seq);
            },
            [this, operation, done, &document](const Result<LoggedPtr> &event) {
                if (!event)
                    return fail(operation, event.error());
                done(WrittenDocument{document.record(), *event ? (*event)->event->diff : Diff(), *event ? (*event)->event : nullptr});
                end(operation);
            });
        return;
    }
    if (document.needsNumber())
        document.setNumber(++m_lastNumber);
    const auto written = document.write({.collection = write.collection, .clientId = write.clientId, .author = write.author,
                                         .ifVersion = write.ifVersion, .edit = write.edit, .patch = write.patch,
                                         .kind = write.kind, .metadata = write.metadata, .id = id},
                                        {});
    if (!written)
        return fail(operation, written.error());
    operation->committed = [this, id = write.documentId, done, event = *written ? (*written)->event : nullptr] {
        WrittenDocument answer{core(id).record(), {}, event};
        if (event) {
            answer.diff = event->diff;
            answer.diff.setVersion(event->serverSeq);
        }
        done(std::move(answer));
    };
    commitPrepared(operation);
}

void LocalWriter::Core::transact(DocumentTransaction transaction, TransactionDone done)
{
    auto ids = transaction.documentIds;
    std::sort(ids.begin(), ids.end());
    if (ids.empty() || std::adjacent_find(ids.begin(), ids.end()) != ids.end())
        return done(failure(ErrorCode::Invalid, "a transaction names each of its documents once"));
    auto operation = std::make_shared<Operation>();
    operation->ids = transaction.documentIds;
    operation->failed = [done](const Error &error) { done(failure(error)); };
    const ClientId client = transaction.clientId;
    operation->judge = [this, weak = std::weak_ptr<Operation>(operation), transaction = std::move(transaction),
                        transactionId = m_uuids.next(), done] {
        const OperationPtr running = weak.lock();
        auto written = judgeTransaction(transaction, transactionId);
        if (!written) {
            dropCores(running); // what was prepared before the error
            return fail(running, written.error());
        }
        running->committed = [this, done, written = std::move(*written)]() mutable {
            for (WrittenDocument &one : written)
                one.record = core(one.record.documentId).record();
            done(std::move(written));
        };
        commitPrepared(running);
    };
    beginAs(client, operation);
}

Result<std::vector<WrittenDocument>> LocalWriter::Core::judgeTransaction(const DocumentTransaction &transaction, const Uuid &id)
{
    std::map<DocumentId, json::Value> values;
    for (const DocumentId &one : transaction.documentIds) {
        if (!core(one).state().exists())
            return failure(ErrorCode::NotFound, "there is no document " + one.text());
        values.emplace(one, core(one).rules()->policy.withEngineFields(core(one).state().view(), core(one).head().serverSeq));
    }
    EVENTSYNC_CHECK(transaction.edit(values));
    json::Object metadata = transaction.metadata;
    metadata["transactionId"] = id.toText();
    std::vector<WrittenDocument> results;
    for (const DocumentId &one : transaction.documentIds) {
        const auto value = values.find(one);
        if (value == values.end() || values.size() != transaction.documentIds.size())
            return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
        const auto edit = [&value](json::State &state) -> Result<> {
            state = value->second;
            return {};
        };
        EVENTSYNC_TRY(const LoggedPtr event,
                      core(one).write({.collection = *core(one).collection(), .clientId = transaction.clientId, .edit = edit,
                                       .metadata = metadata, .id = m_uuids.next()},
                                      {}));
        WrittenDocument written{{.documentId = one}, {}, event ? event->event : nullptr};
        if (event) {
            written.diff = event->event->diff;
            written.diff.setVersion(event->serverSeq);
        }
        results.push_back(std::move(written));
    }
    return results;
}

void LocalWriter::Core::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    if (const auto found = m_documents.find(id); found != m_documents.end() && found->second.isIdle()) {
        found->second.used = ++m_uses;
        if (found->second.core->exists())
            return done(found->second.core->record());
    }
    auto operation = std::make_shared<Operation>();
    operation->ids = {id};
    operation->failed = [done](const Error &error) { done(failure(error)); };
    operation->judge = [this, weak = std::weak_ptr<Operation>(operation), id, done] {
        const OperationPtr running = weak.lock();
        if (!core(id).exists())
            return fail(running, {ErrorCode::NotFound, "there is no document " + id.text()});
        done(core(id).record());
        end(running);
    };
    whenStarted([this, operation] { begin(operation); });
}

void LocalWriter::Core::snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done)
{
    auto operation = std::make_shared<Operation>();
    operation->ids = {id};
    operation->failed = [done](const Error &error) { done(failure(error)); };
    operation->judge = [this, weak = std::weak_ptr<Operation>(operation), id, done] {
        const OperationPtr running = weak.lock();
        if (!core(id).exists())
            return fail(running, {ErrorCode::NotFound, "there is no document " + id.text()});
        flush(id, true, [this, running, picture = core(id).snapshot(), done](const Result<> &result) {
            if (!result)
                return fail(running, result.error());
            done(picture);
            end(running);
        });
    };
    whenStarted([this, operation] { begin(operation); });
}

// ---- the public face

LocalWriter::LocalWriter(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, Options options)
    : m_core(std::make_shared<Core>(backend, executor, clock, random, std::move(options)))
{
    m_core->start();
}

LocalWriter::~LocalWriter() = default;

Executor &LocalWriter::executor()
{
    return m_core->executor;
}

storage::Backend &LocalWriter::backend()
{
    return m_core->backend;
}

const CollectionPolicy &LocalWriter::policy(const CollectionName &collection) const
{
    return m_core->options.policies.of(collection);
}

void LocalWriter::write(DocumentWrite write, Written done)
{
    m_core->write(std::move(write), std::move(done));
}

void LocalWriter::transact(DocumentTransaction transaction, TransactionDone done)
{
    m_core->transact(std::move(transaction), std::move(done));
}

void LocalWriter::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    m_core->read(id, std::move(done));
}

void LocalWriter::snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done)
{
    m_core->snapshot(id, std::move(done));
}

void LocalWriter::settle(std::function<void()> done)
{
    m_core->settle(std::move(done));
}

} // namespace eventsync::eventlog
