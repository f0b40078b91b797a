// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/statevector.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <map>
#include <vector>

namespace eventsync::eventlog {

/// Which client has what of which document. A vector moves forward only: an older one than is known is passed over, so that
/// messages may arrive in any order. Calls and answers on one thread, the owner's.
class StateVectorManager
{
public:
    using Vectors = std::vector<StateVector>;

    virtual ~StateVectorManager() = default;
    virtual void update(const StateVector &vector, std::function<void(Result<>)> done) = 0;
    /// Empty, at 0, for a client that has said nothing of the document.
    virtual void find(const DocumentId &document, const ClientId &client, std::function<void(Result<StateVector>)> done) = 0;
    virtual void ofDocument(const DocumentId &document, std::function<void(Result<Vectors>)> done) = 0; ///< by client id
    virtual void remove(const ClientId &client, std::function<void(Result<>)> done) = 0;                ///< everything of it
};

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

/// On the record set `state_vectors` of a store with logs. A process that runs a SyncService leaves writing to that (`cursor`).
/// NotFound for an update of a document that is not in the store. Backend and executor outlive it and what it has begun.
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
