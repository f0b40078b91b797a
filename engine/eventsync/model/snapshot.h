// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/timestamp.h>
#include <eventsync/model/chain.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/vectorclock.h>

namespace eventsync {

/// A document's whole state at one position of its log. Derived from the log. Value type.
struct Snapshot
{
    DocumentId documentId;
    CollectionName collection;
    DocumentKind kind = DocumentKind::Json;
    Position position;
    Bytes state;             ///< canonical JSON, or the CRDT document's binary form; empty: the document is absent here
    VectorClock vectorClock;
    Timestamp createdAt;

    bool operator==(const Snapshot &) const = default;
};

/// A document as lists and reads show it.
struct DocumentRecord
{
    DocumentId documentId;
    CollectionName collection;
    DocumentKind kind = DocumentKind::Json;
    Position position;          ///< position.serverSeq is the document's version
    ServerSeq horizon{1};       ///< the first event that is still in the log
    bool deleted = false;       ///< a tombstone, which is never removed
    json::State state;          ///< at `position`; none if deleted
    Timestamp createdAt, updatedAt; ///< storedAt of the first and of the last event

    bool operator==(const DocumentRecord &) const = default;
};

} // namespace eventsync
