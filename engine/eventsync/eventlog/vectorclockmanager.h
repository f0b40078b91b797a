// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/vectorclock.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <map>

namespace eventsync::eventlog {

/// The last clientSeq of each author, per document. The clock of a document follows from its log and is kept by its
/// DocumentCore, committed with each event; a manager is never ahead of it. A program that keeps clocks elsewhere can implement
/// this interface: EventSyncStorage and EventSourcedStorage call it after the commit of every event. Owner only (the executor's
/// thread); `done` is called there.
class VectorClockManager
{
public:
    virtual ~VectorClockManager() = default;
    /// Empty for a document that is not known.
    virtual void getVectorClock(const DocumentId &document, std::function<void(Result<VectorClock>)> done) = 0;
    /// Sets the entry to the larger one of its value and `seq`.
    virtual void updateVectorClock(const DocumentId &document, const ClientId &client, ClientSeq seq,
                                   std::function<void(Result<>)> done) = 0;
};

/// Vector clocks in memory. They end with the object.
class MemoryVectorClockManager final : public VectorClockManager
{
public:
    void getVectorClock(const DocumentId &document, std::function<void(Result<VectorClock>)> done) override;
    void updateVectorClock(const DocumentId &document, const ClientId &client, ClientSeq seq,
                           std::function<void(Result<>)> done) override;

private:
    std::map<DocumentId, VectorClock> m_clocks;
};

/// Uses the record set `vector_clocks` of a store with logs. It returns the stored clock, updated from the later events of the
/// log, so an update for a logged event writes nothing. An update beyond the log is Invalid: a clock ahead of the log would
/// hide events from readers that request what they miss. NotFound for an update of an unknown document. Backend and executor
/// must outlive it and its operations.
class StoredVectorClockManager final : public VectorClockManager
{
public:
    StoredVectorClockManager(storage::Backend &backend, Executor &executor) : m_backend(backend), m_executor(executor) {}
    void getVectorClock(const DocumentId &document, std::function<void(Result<VectorClock>)> done) override;
    void updateVectorClock(const DocumentId &document, const ClientId &client, ClientSeq seq,
                           std::function<void(Result<>)> done) override;

private:
    storage::Backend &m_backend;
    Executor &m_executor;
};

} // namespace eventsync::eventlog
