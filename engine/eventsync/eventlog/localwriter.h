// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/memoryaccount.h>
#include <eventsync/base/random.h>
#include <eventsync/base/storelimits.h>
#include <eventsync/eventlog/documentwriter.h>
#include <eventsync/eventlog/upkeep.h>
#include <eventsync/model/validator.h>

#include <functional>
#include <memory>

namespace eventsync::eventlog {

// The writer of a process that runs no SyncService: programs that keep their own store, tools, tests.
//
// Writes of one document go through one after another, each computed on what the one before it committed (G6); writes of
// different documents go side by side and share the backend's group commits. An event is committed in one batch with its
// place in the order, its chain value and its author's number (G5); the derived rows follow in a batch of their own as soon as
// nobody waits for the document, and carry the serverSeq they stand at (architecture decision 16).
//
// Other processes may write to the same store where its backend lets them: a lost race is computed again. In one process, one
// writer. Owner only (the executor's thread), destroyed there too; backend, executor, clock and random outlive it.
class LocalWriter final : public DocumentWriter
{
public:
    struct Options
    {
        Policies policies = {};
        std::function<std::shared_ptr<const Validator>(const CollectionName &)> validators = {}; // code validators
        std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; // events; 0: only when asked for
        UpkeepRules upkeep = {}; // of collections that have other snapshots, or whose logs are kept short while they are written
        std::size_t loadedDocuments = limits::kCacheDocuments;     // kept in memory, the ones used last ...
        std::shared_ptr<MemoryAccount> memory = {};                // ... while this is not over its total
    };

    LocalWriter(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, Options options);
    ~LocalWriter() override;

    Executor &executor() override;
    storage::Backend &backend() override;
    const CollectionPolicy &policy(const CollectionName &collection) const override;

    void write(DocumentWrite write, Written done) override;
    void transact(DocumentTransaction transaction, TransactionDone done) override;
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done) override;
    void snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done) override;
    // Removes the events below `horizon`, at most up to the head, between two writes of the document; the horizon reached.
    void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);

    // When everything asked for before has ended and the derived rows of all documents are written.
    void settle(std::function<void()> done);

private:
    class Core;
    std::shared_ptr<Core> m_core;
};

} // namespace eventsync::eventlog
