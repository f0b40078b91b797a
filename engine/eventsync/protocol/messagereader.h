// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/jsonfields.h>
#include <eventsync/protocol/codec.h>

namespace eventsync::protocol {

struct ReadLimits
{
    std::size_t eventBytes;
    bool measureEvents; ///< false when the whole frame is so small that no event in it can be too large
};

/// A message from its JSON form: InvalidMessage, UnknownMessage, and what its fields say. Unknown fields are ignored, those
/// of events refused.
Result<Message> messageFrom(const json::Value &value, const ReadLimits &limits);

/// The fields of a `subscribe` that say what its sender has of a document; other requests carry them too. What it means if
/// neither afterSeq nor vectorClock is there is up to the caller. What is wrong with a field is noted in the reader.
Subscribe subscribeFrom(FieldReader &read, const DocumentId &documentId);

} // namespace eventsync::protocol
