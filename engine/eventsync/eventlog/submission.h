// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentcore.h>
#include <eventsync/json/patch.h>
#include <eventsync/model/event.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// \file
/// What a DocumentEngine takes, and what it answers.
namespace eventsync::eventlog {

/// One change of one document by code.
struct DocumentWrite
{
    DocumentId documentId;
    CollectionName collection;
    ClientId clientId;                                ///< a code author, or a name of the server's own
    std::optional<std::string> author = {};           ///< the principal, where there is one
    std::optional<ServerSeq> ifVersion = {};          ///< VersionConflict if the document stands elsewhere
    /// From the state as it stands (engine fields included; none: absent) to the state wanted. May run several times.
    std::function<Result<>(json::State &)> edit = {};
    std::optional<json::Patch> patch = {};            ///< or a patch, as it is; of a CRDT document: what it leads to
    DocumentKind kind = DocumentKind::Json;           ///< of a document that never was; others keep theirs
    json::Object metadata = {};
    std::optional<EventId> id = {};                   ///< for a repetition that must not count twice
    std::size_t bytes = 0;                            ///< about, of what it brings; for where it is validated
    bool editsAnywhere = false;                       ///< `edit` may run on the worker's thread
};

struct WrittenDocument
{
    DocumentRecord record; ///< after the write
    Diff diff;
    EventPtr event;        ///< null if nothing changed (G7)
};

/// Changes of several documents that commit as one, or not at all. `edit` gets the values of all that exist, engine fields
/// included; it may change them, not add or take any away. Every event is marked with one metadata.transactionId.
struct DocumentTransaction
{
    std::vector<DocumentId> documentIds; ///< each once
    ClientId clientId;
    std::function<Result<>(std::map<DocumentId, json::Value> &)> edit;
    json::Object metadata = {};
};

/// The connection that pushes, shared by all its pushes and outliving it: what it was told decides about those that still wait.
struct PushOrigin
{
    bool dropped = false; ///< its client id has a newer connection, or is forgotten: what waits is not processed
    bool forked = false;  ///< it was told ClientForked
};

/// Events of one document that a client made.
struct PushedEvents
{
    DocumentId documentId;
    std::vector<EventPtr> events;
    ClientId client;
    std::optional<std::string> author = {};  ///< the principal, where there is one
    std::shared_ptr<PushOrigin> origin;
    std::size_t bytes = 0;                   ///< about, of the events
    std::shared_ptr<const void> charge = {}; ///< lives as long as the push is kept anywhere
};

/// Changes nothing: the answer is the document as it stands after all that was submitted before. NotFound if there never was one.
struct Barrier
{
    DocumentId documentId;
};

struct Answer
{
    std::vector<PushOutcome> outcomes = {};      ///< of a push: one for each event
    std::vector<WrittenDocument> written = {}; ///< of a write and a barrier one; of a transaction in the order of documentIds
};

struct Submission
{
    std::variant<PushedEvents, DocumentWrite, DocumentTransaction, Barrier> work;
    /// Called once, when the change is durable or refused; not at all if the engine goes first.
    std::function<void(Result<Answer>)> done;

    std::vector<DocumentId> documents() const;
    std::size_t events() const; ///< that it may log in each of its documents
};

/// Holds what is submitted to what every reader of an event asks of names, and of the form and values of a patch. InvalidValue,
/// Invalid.
Result<> normalize(Submission &submission);

} // namespace eventsync::eventlog
