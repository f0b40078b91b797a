// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/memoryaccount.h>
#include <eventsync/base/metrics.h>
#include <eventsync/base/random.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/livedocument.h>
#include <eventsync/eventlog/maintenance.h>
#include <eventsync/eventlog/storestate.h>
#include <eventsync/eventlog/submission.h>
#include <eventsync/eventlog/maintenance.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/validator.h>
#include <eventsync/storage/limits.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

class StoreAccess;

/// Gets what is committed, whoever submitted it. Called on the engine's thread; submits what it wants, and destroys nothing there.
class CommitObserver
{
public:
    virtual ~CommitObserver() = default;
    /// Durable now, in the order of the log; before their authors are answered (G1).
    virtual void committed(const DocumentPtr &document, const std::vector<LoggedPtr> &events) = 0;
    /// It was read from the store: its log may be longer than what was told of it.
    virtual void loaded(const DocumentPtr &document) = 0;
    virtual void unavailable(const DocumentPtr &document, const Error &error) = 0; ///< it cannot be read
};

/// The one writer of a store's logs in a process: the only place that loads documents, gives events their order, commits them,
/// and writes what is derived from them. What clients push, what code writes and what REST asks for goes in as a Submission; each
/// gets one answer, and the observer gets everything that was committed.
///
/// Submissions of one document are validated one after another, each on what the one before it left (G6); different documents go
/// side by side. An event is committed in one batch with its place in the order, its chain value and its author's number (G5);
/// derived rows follow in batches of their own, and say where they stand. Other processes may write to the same store where its
/// backend lets them: a lost race is computed again. Owner only (the executor's thread), destroyed there too; backend, executor,
/// clock and random outlive it.
///
/// Errors of a write: those of DocumentCore::write; ClientIdInUse for a client id that a replica uses; VersionConflict after
/// limits::kOptimisticTries lost races; QueueFull; ShuttingDown; what the Backend says.
///
/// Large because every way to write, read and keep a document begins here; each function hands it to one of the parts behind it.
class DocumentEngine
{
public:
    /// When derived rows are written.
    enum class Rows {
        AtOnce, ///< as soon as nothing waits for the document: programs that call no tick()
        OnTick, ///< bounded in time and events (limits::kDerivedLagTime, kDerivedLagEvents)
    };
    struct Options
    {
        Policies policies = {};
        Validators validators = {}; ///< code validators
        std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; ///< events; 0: only when asked for
        MaintenanceRules maintenance = {}; ///< of collections that have other snapshots, or whose logs are kept short while they are written
        std::size_t loadedDocuments = limits::kCacheDocuments; ///< that no pin keeps in memory, the ones used last ...
        std::shared_ptr<MemoryAccount> memory = {};            ///< ... while this is not over its total; none: an account of its own
        Metrics *metrics = nullptr;
        Rows rows = Rows::AtOnce;
        std::size_t eventBytes = limits::kEventBytes;          ///< of a pushed event
        /// One thread beside the engine's, for validating what takes long: edits of documents above `lightBytes`, of collections whose
        /// last edit took long, and pushes as large. None: the engine's own thread does it. Ends after the engine, before `executor`.
        Executor *worker = nullptr;
        std::size_t lightBytes = limits::kLightBytes;          ///< bytes held of a document, with what is asked of it
    };

    DocumentEngine(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, Options options);
    ~DocumentEngine();

    void setObserver(CommitObserver *observer); ///< null: none; outlives the engine, or is taken back

    // ---- writing
    void submit(Submission submission);
    void write(DocumentWrite write, std::function<void(Result<WrittenDocument>)> done);
    void transact(DocumentTransaction transaction, std::function<void(Result<std::vector<WrittenDocument>>)> done);

    // ---- reading
    // After all that was submitted before for the document; NotFound if there never was one. Tombstones are records too.
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done);
    /// As it is committed now: before what waits to change it.
    void readCommitted(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done);
    void readHead(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done); ///< the same without its state
    DocumentPtr find(const DocumentId &id) const; ///< null if it is not in memory
    DocumentPtr get(const DocumentId &id);        ///< may be loaded later, or not at all
    void whenLoaded(const DocumentId &id, std::function<void(Result<DocumentPtr>)> done);
    /// Memory and store agree, and nothing is being validated: before what waits to change the document.
    void whenIdle(const DocumentPtr &document, std::function<void(const Result<> &)> task);
    void reload(const DocumentPtr &document);     ///< an idle one: another process wrote to it
    std::size_t loadedDocuments() const;
    template<class Visit>
    void eachLoaded(const Visit &visit) const
    {
        for (const DocumentPtr &document : loaded())
            visit(document);
    }

    // ---- beside the log
    void snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done); ///< stored, of the newest committed state
    /// One that is stored and stands at `atLeast` or later, not far from the head; made if there is none.
    void storedSnapshot(const DocumentPtr &document, ServerSeq atLeast, std::function<void(Result<StoredSnapshot>)> done);
    /// Removes the events below `horizon`, at most up to the head; the horizon reached.
    void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);
    void writeRows(std::function<void(const Result<> &)> done); ///< until those of all documents stand at the heads of now

    // ---- life
    void whenStarted(std::function<void(const Result<> &)> task); ///< the store was read, or cannot be
    void tick(); ///< at least every second: rows, snapshots and compactions that are due, memory
    void stopAccepting();                      ///< writes and transactions are ShuttingDown from now on
    void drain(std::function<void()> done);    ///< when everything submitted has been answered
    void settle(std::function<void()> done);   ///< ... and the derived rows of all documents are written
    void setPolicies(Policies policies, const std::vector<CollectionName> &changed);
    void setMaintenance(MaintenanceRules maintenance);

    // ---- what others need to know
    StoreAccess &store();
    Executor &executor();
    storage::Backend &backend();
    const Policies &policies() const;
    RulesPtr rules(const CollectionName &collection);
    std::int64_t position() const;          ///< of the last committed event, in the order of arrival
    void noteNumber(std::int64_t number);   ///< another process gave it to a document
    std::int64_t snapshotEvery(const std::optional<CollectionName> &collection) const; ///< events; 0: never by itself

private:
    struct Parts;
    std::vector<DocumentPtr> loaded() const;
    void ended(bool isPush);
    void readPart(const DocumentId &id, DocumentRecord (DocumentCore::*part)() const, std::function<void(Result<DocumentRecord>)> done);
    void checkDrained();

    std::unique_ptr<Parts> d;
};

} // namespace eventsync::eventlog
