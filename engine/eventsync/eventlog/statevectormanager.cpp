// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/statevectormanager.h>

#include <eventsync/eventlog/clockrows.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/readback_p.h>
#include <eventsync/eventlog/schema.h>

namespace eventsync::eventlog {

namespace {

StateVector nothing(const DocumentId &document, const ClientId &client)
{
    return {.clientId = client, .documentId = document, .serverSeq = {}, .vectorClock = {}, .lastUpdated = {}};
}

struct Known
{
    std::int64_t number = 0;
    StateVector vector;
    std::optional<storage::Cell> seq; // as stored
};

Result<std::optional<Known>> knownOf(storage::ReadView &view, const DocumentId &document, const ClientId &client)
{
    EVENTSYNC_TRY(const auto row, EventStore(view).document(document, false));
    if (!row)
        return std::nullopt;
    Known known{.number = row->number, .vector = nothing(document, client), .seq = {}};
    EVENTSYNC_TRY(const auto cells, view.get(sets::kStateVectors, {row->number, client.text()}));
    if (cells) {
        EVENTSYNC_TRY(known.vector, stateVectorFrom(*cells, document));
        known.seq = (*cells)[statevector::Seq];
    }
    return known;
}

} // namespace

void MemoryStateVectorManager::update(const StateVector &vector, std::function<void(Result<>)> done)
{
    auto &known = m_vectors[vector.documentId].try_emplace(vector.clientId, vector).first->second;
    if (vector.serverSeq >= known.serverSeq)
        known = vector;
    done({});
}

void MemoryStateVectorManager::find(const DocumentId &document, const ClientId &client, std::function<void(Result<StateVector>)> done)
{
    const auto vectors = m_vectors.find(document);
    if (vectors != m_vectors.end()) {
        if (const auto known = vectors->second.find(client); known != vectors->second.end())
            return done(known->second);
    }
    done(nothing(document, client));
}

void MemoryStateVectorManager::ofDocument(const DocumentId &document, std::function<void(Result<Vectors>)> done)
{
    Vectors found;
    if (const auto vectors = m_vectors.find(document); vectors != m_vectors.end()) {
        for (const auto &[client, vector] : vectors->second)
            found.push_back(vector);
    }
    done(std::move(found));
}

void MemoryStateVectorManager::remove(const ClientId &client, std::function<void(Result<>)> done)
{
    for (auto &[document, vectors] : m_vectors)
        vectors.erase(client);
    done({});
}

void StoredStateVectorManager::update(const StateVector &vector, std::function<void(Result<>)> done)
{
    readAndPost<std::optional<Known>>(
        m_backend, m_executor,
        [vector](storage::ReadView &view) { return knownOf(view, vector.documentId, vector.clientId); },
        [this, vector, done = std::move(done)](const Result<std::optional<Known>> &known) {
            if (!known)
                return done(failure(known.error()));
            if (!*known)
                return done(failure(ErrorCode::NotFound, "there is no document " + vector.documentId.text()));
            if (vector.serverSeq < (*known)->vector.serverSeq)
                return done({});
            const storage::Key key{(*known)->number, vector.clientId.text()};
            storage::Batch batch;
            batch.require(sets::kStateVectors, key, statevector::Seq, (*known)->seq.value_or(storage::Cell()));
            batch.put(sets::kStateVectors, toRow(vector, (*known)->number));
            m_backend.commit(std::move(batch), m_executor, [this, vector, done](const Result<storage::Committed> &result) {
                if (result)
                    return done({});
                if (result.error().code == ErrorCode::VersionConflict)
                    return update(vector, done); // another update was faster: either it is newer, or this one is tried again
                done(failure(result.error()));
            });
        });
}

void StoredStateVectorManager::find(const DocumentId &document, const ClientId &client, std::function<void(Result<StateVector>)> done)
{
    readAndPost<StateVector>(
        m_backend, m_executor,
        [document, client](storage::ReadView &view) -> Result<StateVector> {
            EVENTSYNC_TRY(const auto known, knownOf(view, document, client));
            return known ? known->vector : nothing(document, client);
        },
        std::move(done));
}

void StoredStateVectorManager::ofDocument(const DocumentId &document, std::function<void(Result<Vectors>)> done)
{
    readAndPost<Vectors>(
        m_backend, m_executor,
        [document](storage::ReadView &view) -> Result<Vectors> {
            Vectors found;
            EVENTSYNC_TRY(const auto row, EventStore(view).document(document, false));
            if (!row)
                return found;
            std::optional<Error> error;
            EVENTSYNC_CHECK(view.scan({.set = sets::kStateVectors, .prefix = {storage::Cell(row->number)}}, [&](const storage::Row &cells) {
                auto vector = stateVectorFrom(cells, document);
                if (!vector) {
                    error = vector.error();
                    return false;
                }
                found.push_back(std::move(*vector));
                return true;
            }));
            if (error)
                return failure(*error);
            return found;
        },
        std::move(done));
}

void StoredStateVectorManager::remove(const ClientId &client, std::function<void(Result<>)> done)
{
    readAndPost<storage::Batch>(
        m_backend, m_executor,
        [client](storage::ReadView &view) -> Result<storage::Batch> {
            storage::Batch batch;
            EVENTSYNC_CHECK(view.scan({.set = sets::kStateVectors, .index = "client", .prefix = {client.text()}},
                                      [&](const storage::Row &row) {
                                          batch.erase(sets::kStateVectors, {row[statevector::Document], client.text()});
                                          return true;
                                      }));
            return batch;
        },
        [this, done = std::move(done)](Result<storage::Batch> batch) {
            if (!batch)
                return done(failure(batch.error()));
            if (batch->isEmpty())
                return done({});
            m_backend.commit(std::move(*batch), m_executor, [done](const Result<storage::Committed> &result) {
                done(result ? Result<>() : Result<>(failure(result.error())));
            });
        });
}

} // namespace eventsync::eventlog
