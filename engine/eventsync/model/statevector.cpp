// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/statevector.h>

#include <eventsync/model/jsonfields.h>

namespace eventsync {

Result<StateVector> StateVector::fromJson(const json::Value &value)
{
    FieldReader read(value);
    StateVector vector;
    vector.clientId = read.authorId();
    vector.documentId = read.documentId();
    vector.serverSeq = ServerSeq(read.integer("serverSeq"));
    vector.vectorClock = read.take(VectorClock::fromJson(read.required("vectorClock")), "vectorClock");
    vector.lastUpdated = read.timestamp("at");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    return vector;
}

json::Value StateVector::toJson() const
{
    return json::Object{{"at", toText(lastUpdated)},
                        {"clientId", clientId.text()},
                        {"documentId", documentId.text()},
                        {"serverSeq", serverSeq.value()},
                        {"vectorClock", vectorClock.toJson()}};
}

} // namespace eventsync
