// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/jsonfields.h>
#include <eventsync/protocol/codec.h>

namespace eventsync::protocol {

/// How large the values in a message may be.
struct ReadLimits
{
    std::size_t eventBytes;
    bool measureEvents; ///< false if the frame is so small that no event in it can be too large
};

/// A message from its JSON form: InvalidMessage, UnknownMessage, or the error of a field. Unknown fields are ignored, except in
/// events.
Result<Message> messageFrom(const json::Value &value, const ReadLimits &limits);

/// The fields of a `subscribe` that describe what its sender has of a document; other requests have them too. The caller
/// decides what it means if neither afterSeq nor vectorClock is present. Errors of fields are kept in the reader.
Subscribe subscribeFrom(FieldReader &read, const DocumentId &documentId);

} // namespace eventsync::protocol
