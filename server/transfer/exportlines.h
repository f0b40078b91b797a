// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/loggedevent.h>
#include <eventsync/json/value.h>
#include <eventsync/model/chain.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/statevector.h>
#include <eventsync/model/vectorclock.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// \file
/// The lines of an export: NDJSON, one JSON object with one member a line (docs/operating.md, Export).
///   {"export": {"version": 1, "createdAt", "epoch"}}        the first line
///   {"client": {...}}                                        any number
///   {"document": {...}}                                      then what belongs to it:
///   {"known": {"id", "logged", "serverSeq", "pushMark"}}     ids of events that were compacted
///   {"event": {...}, "pushMark"}                             its log, in order
///   {"stateVector": {...}}
///   {"end": {"documents", "events"}}                         the last line: nothing is missing
namespace eventsync::server {

/// The first line of an export.
struct ExportHeader
{
    static constexpr std::int64_t kVersion = 1;
    std::int64_t version = kVersion;
    Timestamp createdAt;
    std::string epoch;
};

/// A client id and its owner.
struct ExportedClient
{
    ClientId id;
    std::string kind, principal;
    std::optional<Bytes> secret = {}; ///< its hash
    Timestamp createdAt, lastSeen;
    bool expired = false;
};

/// The beginning and the end of a document's log in the export.
struct ExportedDocument
{
    DocumentId id;
    CollectionName collection;
    DocumentKind kind = DocumentKind::Json;
    Position base;                    ///< horizon - 1: before the first exported event
    json::State state = {};           ///< there
    Bytes crdt = {};                  ///< there, of a document of kind crdt, in place of `state`
    VectorClock clock = {};           ///< there
    Timestamp createdAt, updatedAt;
    Position head;
};

/// The id of an event that was compacted.
struct ExportedKnown
{
    EventId id, logged;
    ServerSeq serverSeq;
    eventlog::PushDigest16 pushDigest16{};
};

/// An event of a log.
struct ExportedEvent
{
    Event event;
    eventlog::PushDigest16 pushDigest16{}; ///< of the event as it was pushed, which cannot always be computed from the log
};

/// The last line of an export, with the numbers of lines before it.
struct ExportEnd
{
    std::int64_t documents = 0, events = 0;
};

using ExportLine =
    std::variant<ExportHeader, ExportedClient, ExportedDocument, ExportedKnown, ExportedEvent, StateVector, ExportEnd>;

/// Without the line break.
std::string toLine(const ExportLine &line);
std::string eventLine(const Bytes &canonicalEvent, const eventlog::PushDigest16 &pushDigest16); ///< of bytes as stored

/// InvalidMessage, InvalidValue, UnknownField, TooLarge: any text gives a line or a named error.
Result<ExportLine> exportLineFrom(std::string_view text);

} // namespace eventsync::server
