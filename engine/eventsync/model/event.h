// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/digest.h>
#include <eventsync/base/ids.h>
#include <eventsync/base/timestamp.h>
#include <eventsync/base/uuid.h>
#include <eventsync/json/value.h>
#include <eventsync/model/diff.h>

#include <memory>
#include <optional>
#include <string>

namespace eventsync {

/// What an event does to its document.
enum class Operation { Create, Update, Delete };
std::string_view operationName(Operation operation); ///< "create", "update", "delete"

/// How the server resolves an overlap, after limits::kRebaseTries (docs/merging.md, Resolvers).
enum class OnOverlap { Ours, Theirs, Fail };
std::string_view onOverlapName(OnOverlap onOverlap);

/// One change of one document. As pushed it has no serverSeq, storedAt and salt, and may have onOverlap; as logged it has
/// serverSeq and storedAt and no onOverlap. Every field but those is hashed, so unknown fields are refused. Value type.
struct Event
{
    EventId id;
    DocumentId documentId;
    CollectionName collection;
    Operation operation = Operation::Update;
    ServerSeq serverSeq;            ///< 0 as pushed
    ClientId clientId;
    ClientSeq clientSeq;
    ServerSeq baseSeq;              ///< the last serverSeq its author had seen
    std::optional<std::string> author = {}; ///< the principal, where there is authentication
    Timestamp timestamp;            ///< the author's clock
    Timestamp storedAt;             ///< the server's; only as logged
    Diff diff;
    std::optional<json::Object> metadata = {};
    std::optional<Bytes> salt = {}; ///< for a collection with redaction; only as logged
    std::optional<OnOverlap> onOverlap = {}; ///< only as pushed

    /// The first id of the edit: metadata.replaces[0] if a decision replaced an earlier version, the own id otherwise.
    EventId firstId() const;

    bool operator==(const Event &) const = default;
};

/// As its author sends it, or as it is in the log, with its position and the fields that the server adds.
enum class EventForm { Pushed, Logged };

/// Strict both ways: UnknownField, InvalidMessage (missing or of a wrong type), InvalidValue; path set.
Result<Event> eventFromJson(const json::Value &value, EventForm form);
json::Value toJson(const Event &event, EventForm form);
/// The canonical JSON of the event, written directly: what is hashed, stored and sent.
Bytes canonicalBytes(const Event &event, EventForm form);
/// canonicalBytes and eventFromJson back; the limits are those of an event.
Result<Event> eventFromBytes(std::string_view canonicalJson, EventForm form);

/// SHA-256 of the logged event (docs/protocol.md, Bytes); with a salt, the redactable construction.
Digest digestOf(const Event &event);
/// SHA-256 of the event as pushed without clientId, clientSeq, baseSeq and onOverlap: it identifies an edit independently of
/// its numbers.
Digest pushDigestOf(const Event &event);

using EventPtr = std::shared_ptr<const Event>;

} // namespace eventsync
