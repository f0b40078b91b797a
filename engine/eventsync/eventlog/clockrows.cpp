// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/clockrows.h>

#include <eventsync/eventlog/rowchecksum.h>
#include <eventsync/eventlog/schema.h>

#include <string>
#include <utility>

namespace eventsync::eventlog {

namespace {

tl::unexpected<Error> corrupt(const storage::Row &row, std::size_t client, std::string_view what, std::string_view why)
{
    return failure(ErrorCode::Corrupt, std::string(what) + " of client " + std::string(textOf(row, client).value_or("(unreadable)")) + ' ' +
                                           std::string(why));
}

Result<std::pair<ClientId, ClientSeq>> readClock(const storage::Row &row)
{
    EVENTSYNC_TRY(const std::string_view client, textOf(row, clock::ClientId));
    EVENTSYNC_TRY(const std::int64_t seq, integerOf(row, clock::ClientSeq));
    return std::pair(ClientId(std::string(client)), ClientSeq(seq));
}

Result<StateVector> readStateVector(const storage::Row &row, const DocumentId &document)
{
    StateVector vector{.clientId = {}, .documentId = document, .serverSeq = {}, .vectorClock = {}, .lastUpdated = {}};
    EVENTSYNC_TRY(const std::string_view client, textOf(row, statevector::ClientId));
    EVENTSYNC_TRY(const std::int64_t seq, integerOf(row, statevector::Seq));
    EVENTSYNC_TRY(const std::string_view text, textOf(row, statevector::Clock));
    EVENTSYNC_TRY(vector.lastUpdated, timeOf(row, statevector::At));
    EVENTSYNC_TRY(const json::Value clock, json::parse(text));
    vector.clientId = ClientId(std::string(client));
    vector.serverSeq = ServerSeq(seq);
    EVENTSYNC_TRY(vector.vectorClock, VectorClock::fromJson(clock));
    return vector;
}

} // namespace

storage::Row clockRow(std::int64_t document, const ClientId &client, ClientSeq seq)
{
    storage::Row row(clock::Checksum + 1);
    row[clock::Document] = document;
    row[clock::ClientId] = client.text();
    row[clock::ClientSeq] = seq.value();
    setChecksum(row, kClockCells);
    return row;
}

Result<std::pair<ClientId, ClientSeq>> clockFrom(const storage::Row &row)
{
    auto entry = readClock(row);
    if (!entry)
        return corrupt(row, clock::ClientId, "the clock", "cannot be read: " + entry.error().message);
    if (!hasSoundChecksum(row, kClockCells))
        return corrupt(row, clock::ClientId, "the clock", "is not what was stored");
    return entry;
}

storage::Row toRow(const StateVector &vector, std::int64_t document)
{
    storage::Row row(statevector::Checksum + 1);
    row[statevector::Document] = document;
    row[statevector::ClientId] = vector.clientId.text();
    row[statevector::Seq] = vector.serverSeq.value();
    row[statevector::Clock] = json::canonical(vector.vectorClock.toJson());
    row[statevector::At] = vector.lastUpdated.value();
    setChecksum(row, kStateVectorCells);
    return row;
}

Result<StateVector> stateVectorFrom(const storage::Row &row, const DocumentId &document)
{
    auto vector = readStateVector(row, document);
    if (!vector)
        return corrupt(row, statevector::ClientId, "the state vector", "cannot be read: " + vector.error().message);
    if (!hasSoundChecksum(row, kStateVectorCells))
        return corrupt(row, statevector::ClientId, "the state vector", "is not what was stored");
    return vector;
}

} // namespace eventsync::eventlog
