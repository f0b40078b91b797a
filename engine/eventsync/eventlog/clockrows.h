// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/statevector.h>
#include <eventsync/storage/backend.h>

#include <cstdint>
#include <utility>

namespace eventsync::eventlog {

/// Rows of `vector_clocks` and `state_vectors`, with their checksums. Reading is Corrupt for a row that cannot be read or is not
/// what was stored; the error names the client.
storage::Row clockRow(std::int64_t document, const ClientId &client, ClientSeq seq);
Result<std::pair<ClientId, ClientSeq>> clockFrom(const storage::Row &row);

storage::Row toRow(const StateVector &vector, std::int64_t document);
Result<StateVector> stateVectorFrom(const storage::Row &row, const DocumentId &document);

} // namespace eventsync::eventlog
