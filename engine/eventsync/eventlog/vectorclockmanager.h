// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/vectorclock.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <map>

namespace eventsync::eventlog {

/// Who has written how much of each document. A document's own clock follows from its log and is kept by its DocumentCore,
/// committed with each event; nothing here ever runs ahead of it. This is the seeds' interface to it, and where a program that
/// keeps clocks elsewhere plugs in: EventSyncStorage and EventSourcedStorage tell it of every event, after its commit.
/// Owner only (the executor's thread); `done` is called there.
class VectorClockManager
{
public:
    virtual ~VectorClockManager() = default;
    /// Empty for a document that is not known.
    virtual void getVectorClock(const DocumentId &document, std::function<void(Result<VectorClock>)> done) = 0;
    /// To the larger one of what is there and `seq`.
    virtual void updateVectorClock(const DocumentId &document, const ClientId &client, ClientSeq seq,
                                   std::function<void(Result<>)> done) = 0;
};

/// In memory; forgets everything with the program.
class MemoryVectorClockManager final : public VectorClockManager
{
public:
    void getVectorClock(const DocumentId &document, std::function<void(Result<VectorClock>)> done) override;
    void updateVectorClock(const DocumentId &document, const ClientId &client, ClientSeq seq,
                           std::function<void(Result<>)> done) override;

private:
    std::map<DocumentId, VectorClock> m_clocks;
};

/// On the record set `vector_clocks` of a store with logs. What it gives is the stored clock folded forward over the log, so an
/// update for an event that is in the log changes nothing and writes nothing. An update beyond the log is Invalid: a clock that
/// ran ahead would hide events from those who ask for what they miss. NotFound for an update of an unknown document.
/// Backend and executor outlive it and what it has begun.
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
