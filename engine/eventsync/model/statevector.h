// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/timestamp.h>
#include <eventsync/model/vectorclock.h>

namespace eventsync {

/// What one client has of one document, from its last `cursor` message. Value type.
struct StateVector
{
    ClientId clientId;
    DocumentId documentId;
    ServerSeq serverSeq;      ///< durably stored at the client up to here
    VectorClock vectorClock;  ///< the same as a vector clock
    Timestamp lastUpdated;

    static Result<StateVector> fromJson(const json::Value &value);
    json::Value toJson() const; ///< {clientId, documentId, serverSeq, vectorClock, at}
    bool operator==(const StateVector &) const = default;
};

} // namespace eventsync
