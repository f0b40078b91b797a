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

/// Gets all committed events, of every origin. Called on the engine's thread. It may submit changes, and must not destroy the
/// engine.
class CommitObserver
{
public:
    virtual ~CommitObserver() = default;
    /// These events are durable now, in the order of the log. Called before their authors are answered (G1).
    virtual void committed(const DocumentPtr &document, const std::vector<LoggedPtr> &events) = 0;
    /// The document was read from the store: its log may have more events than were reported.
    virtual void loaded(const DocumentPtr &document) = 0;
    virtual void unavailable(const DocumentPtr &document, const Error &error) = 0; ///< the document cannot be read
};

/// The one writer of a store's logs in a process: the only place that loads documents, gives events their order, commits them,
/// and writes their derived rows. Pushes of clients, writes of code and REST requests are Submissions; each gets one answer,
/// and the observer gets everything that was committed.
///
/// Submissions of one document are validated one after another, each on the result of the one before it (G6); different
/// documents are processed concurrently. An event is committed in one batch with its place in the order, its chain value and
/// its author's number (G5); derived rows follow in batches of their own, and contain the position at which they stand. Other
/// processes may write to the same store if its backend permits it: after a lost race a change is validated again. Owner only
/// (the executor's thread), destroyed there too; backend, executor, clock and random outlive it.
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
        AtOnce, ///< as soon as the document has no more submissions: for programs that do not call tick()
        OnTick, ///< bounded in time and events (limits::kDerivedLagTime, kDerivedLagEvents)
    };
    struct Options
    {
        Policies policies = {};
        Validators validators = {}; ///< code validators
        std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; ///< events; 0: only on request
        MaintenanceRules maintenance = {}; ///< of collections with another snapshot interval, or with automatic compaction
        std::size_t loadedDocuments = limits::kCacheDocuments; ///< documents kept in memory without a pin: those used last ...
        std::shared_ptr<MemoryAccount> memory = {};            ///< ... while this account is not over its total; none: an account of its own
        Metrics *metrics = nullptr;
        Rows rows = Rows::AtOnce;
        std::size_t eventBytes = limits::kEventBytes;          ///< of a pushed event
        /// A second thread for validation that takes long: edits of documents above `lightBytes`, of collections whose last
        /// edit took long, and large pushes. None: the engine's own thread validates. It must end after the engine and before
        /// `executor`.
        Executor *worker = nullptr;
        std::size_t lightBytes = limits::kLightBytes;          ///< bytes of a document in memory together with the submission
    };

    DocumentEngine(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, Options options);
    ~DocumentEngine();

    void setObserver(CommitObserver *observer); ///< null: none; must outlive the engine, or be unset before it ends

    // ---- writing
    void submit(Submission submission);
    void write(DocumentWrite write, std::function<void(Result<WrittenDocument>)> done);
    void transact(DocumentTransaction transaction, std::function<void(Result<std::vector<WrittenDocument>>)> done);

    // ---- reading
    // The record after all earlier submissions for the document; NotFound if it never existed. A tombstone has a record too.
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done);
    /// The committed record, without waiting submissions.
    void readCommitted(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done);
    void readHead(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done); ///< the same without its state
    DocumentPtr find(const DocumentId &id) const; ///< null if it is not in memory
    DocumentPtr get(const DocumentId &id);        ///< it may not be loaded yet, and loading may fail
    void whenLoaded(const DocumentId &id, std::function<void(Result<DocumentPtr>)> done);
    /// Calls `task` when memory and store agree and nothing is being validated, before waiting submissions are processed.
    void whenIdle(const DocumentPtr &document, std::function<void(const Result<> &)> task);
    void reload(const DocumentPtr &document);     ///< an idle document to which another process wrote
    std::size_t loadedDocuments() const;
    template<class Visit>
    void eachLoaded(const Visit &visit) const
    {
        for (const DocumentPtr &document : loaded())
            visit(document);
    }

    // ---- beside the log
    void snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done); ///< stores a snapshot of the newest committed state
    /// A stored snapshot at `atLeast` or later, not far from the head; it is made if there is none.
    void storedSnapshot(const DocumentPtr &document, ServerSeq atLeast, std::function<void(Result<StoredSnapshot>)> done);
    /// Removes the events below `horizon`, at most up to the head. Returns the horizon reached.
    void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);
    /// Ends when the rows of all documents, or of those of a collection, stand at their current heads.
    void writeRows(const std::optional<CollectionName> &collection, std::function<void(const Result<> &)> done);

    // ---- start and end
    void whenStarted(std::function<void(const Result<> &)> task); ///< called when the store has been read, or cannot be read
    void tick(); ///< at least every second: writes rows, snapshots and compactions that are due, and unloads documents
    void stopAccepting();                      ///< writes and transactions are ShuttingDown from now on
    void drain(std::function<void()> done);    ///< when everything submitted has been answered
    void settle(std::function<void()> done);   ///< ... and the derived rows of all documents are written
    void setPolicies(Policies policies, const std::vector<CollectionName> &changed);
    void setMaintenance(MaintenanceRules maintenance);

    // ---- for the observer and for other processes
    StoreAccess &store();
    Executor &executor();
    storage::Backend &backend();
    const Policies &policies() const;
    RulesPtr rules(const CollectionName &collection);
    std::int64_t position() const;          ///< of the last committed event, in the order of arrival
    void noteNumber(std::int64_t number);   ///< another process has given this number to a document
    std::int64_t snapshotEvery(const std::optional<CollectionName> &collection) const; ///< events; 0: no automatic snapshots

private:
    struct Parts;
    std::vector<DocumentPtr> loaded() const;
    void ended(bool isPush);
    void readPart(const DocumentId &id, DocumentRecord (DocumentCore::*part)() const, std::function<void(Result<DocumentRecord>)> done);
    void checkDrained();

    std::unique_ptr<Parts> d;
};

} // namespace eventsync::eventlog
