// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/documentcore.h>
#include <eventsync/eventlog/localwriter.h>
#include <eventsync/eventlog/rulesbook.h>
#include <eventsync/storage/documentgate.h>
#include <eventsync/storage/guardedbackend.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

// The half of LocalWriter that knows no request. Internal to the module.
namespace eventsync::eventlog {

struct DocumentOperation
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
using DocumentOperationPtr = std::shared_ptr<DocumentOperation>;

// Carries out operations on documents: their order, the documents' cores, commits and their repetition, derived rows, and how
// long documents stay in memory. Owner only; held by shared_ptr, and what comes back after it has gone is dropped.
class DocumentOperations : public std::enable_shared_from_this<DocumentOperations>
{
public:
    DocumentOperations(storage::Backend &store, Executor &posts, const Clock &time, Random &chance, LocalWriter::Options given)
        : backend(store), executor(posts), options(std::move(given)), uuids(time, chance), m_clock(time), m_random(chance),
          m_schedule(time, scheduleCalls())
    {
        m_schedule.setRules(options.upkeep);
    }
    virtual ~DocumentOperations() = default;

    virtual void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done) = 0;
    void start();
    void settle(std::function<void()> done);

    storage::GuardedBackend backend;
    Executor &executor;
    const LocalWriter::Options options;

protected:
    template<class T>
    void readStore(std::function<Result<T>(storage::ReadView &)> work, std::function<void(Result<T>)> done)
    {
        backend.read([work = std::move(work), done = std::move(done), weak = weak_from_this(),
                      posts = &executor](Result<std::unique_ptr<storage::ReadView>> view) {
            auto answer = std::make_shared<Result<T>>(view ? guarded(work, **view) : Result<T>(failure(view.error())));
            posts->post([answer, done, weak] {
                if (const auto core = weak.lock())
                    done(std::move(*answer));
            });
        });
    }

    void whenStarted(std::function<void()> task);
    void begin(const DocumentOperationPtr &operation);
    void beginAs(const ClientId &client, const DocumentOperationPtr &operation); // once the client id is known to be an author's
    // Of an operation that is being judged: how it ends.
    void commitPrepared(const DocumentOperationPtr &operation);
    void fail(const DocumentOperationPtr &operation, const Error &error);
    void end(const DocumentOperationPtr &operation);
    void dropCores(const DocumentOperationPtr &operation); // with what is prepared in them

    DocumentCore &core(const DocumentId &id) { return *m_documents.at(id).core; }
    DocumentCore *idle(const DocumentId &id); // null unless it is in memory and nobody is at it
    std::int64_t nextNumber() { return ++m_lastNumber; }
    // Of an operation that is being judged, with nothing of its document on the way to the store: its end.
    void compactStep(const DocumentOperationPtr &operation, const DocumentId &id, ServerSeq horizon,
                     const std::function<void(Result<ServerSeq>)> &done);
    void flush(const DocumentId &id, bool wantPicture, std::function<void(const Result<> &)> done); // its derived rows

    UuidGenerator uuids;

private:
    struct Open // a document in use
    {
        std::unique_ptr<DocumentCore> core; // none before it is loaded, and after a commit that failed
        std::uint64_t generation = 0;       // of the core
        std::size_t waiting = 0;            // operations at the gate, the running one included
        int flushes = 0;                    // of its derived rows, on their way
        std::uint64_t used = 0;
        std::optional<MemoryCharge> held = {}; // with an account

        bool isIdle() const { return core && waiting == 0 && !core->isCommitting() && !core->hasPrepared(); }
    };

    void commit(storage::Batch batch, storage::Backend::CommitDone done);
    void claimAuthor(const ClientId &client, std::function<void(const Result<> &)> done);
    void bringUp(const DocumentId &id);
    void attempt(const DocumentOperationPtr &operation);
    void flushIfDue(const DocumentId &id);
    std::int64_t snapshotEvery(const std::optional<CollectionName> &collection) const;
    CompactionSchedule::Calls scheduleCalls();
    std::int64_t derivedWithout(const DocumentId &id) const;
    void measure(Open &open);
    void unload();
    void checkSettled();

    const Clock &m_clock;
    Random &m_random;
    CompactionSchedule m_schedule;
    storage::DocumentGate m_gate;
    std::unordered_map<DocumentId, Open> m_documents;
    RulesBook m_rules{[this](const CollectionName &name) { return makeRules(name, options.policies, options.validators); }};
    std::set<ClientId> m_authors; // known to be code authors
    std::size_t m_running = 0, m_flushes = 0, m_claims = 0;
    std::uint64_t m_uses = 0;
    std::int64_t m_lastNumber = 0, m_lastPosition = 0, m_derived = 0;
    bool m_started = false;
    std::optional<Error> m_startError;
    std::vector<std::function<void()>> m_atStart, m_settled;
};

} // namespace eventsync::eventlog
