// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/statevector.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <map>
#include <vector>

namespace eventsync::eventlog {

/// What each client has of each document. A vector only moves forward: an older one is ignored, so that messages may arrive in
/// any order. Calls and answers on one thread, the owner's.
class StateVectorManager
{
public:
    using Vectors = std::vector<StateVector>;

    virtual ~StateVectorManager() = default;
    virtual void update(const StateVector &vector, std::function<void(Result<>)> done) = 0;
    /// Empty, at position 0, for a client that has sent nothing about the document.
    virtual void find(const DocumentId &document, const ClientId &client, std::function<void(Result<StateVector>)> done) = 0;
    virtual void ofDocument(const DocumentId &document, std::function<void(Result<Vectors>)> done) = 0; ///< by client id
    virtual void remove(const ClientId &client, std::function<void(Result<>)> done) = 0;                ///< all vectors of the client
};

/// State vectors in memory. They end with the object.
class MemoryStateVectorManager final : public StateVectorManager
{
public:
    void update(const StateVector &vector, std::function<void(Result<>)> done) override;
    void find(const DocumentId &document, const ClientId &client, std::function<void(Result<StateVector>)> done) override;
    void ofDocument(const DocumentId &document, std::function<void(Result<Vectors>)> done) override;
    void remove(const ClientId &client, std::function<void(Result<>)> done) override;

private:
    std::map<DocumentId, std::map<ClientId, StateVector>> m_vectors;
};

/// Uses the record set `state_vectors` of a store with logs. In a process with a SyncService only that one writes them
/// (`cursor`). NotFound for an update of an unknown document. Backend and executor must outlive it and its operations.
class StoredStateVectorManager final : public StateVectorManager
{
public:
    StoredStateVectorManager(storage::Backend &backend, Executor &executor) : m_backend(backend), m_executor(executor) {}
    void update(const StateVector &vector, std::function<void(Result<>)> done) override;
    void find(const DocumentId &document, const ClientId &client, std::function<void(Result<StateVector>)> done) override;
    void ofDocument(const DocumentId &document, std::function<void(Result<Vectors>)> done) override;
    void remove(const ClientId &client, std::function<void(Result<>)> done) override;

private:
    storage::Backend &m_backend;
    Executor &m_executor;
};

} // namespace eventsync::eventlog
