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
/// The input of a DocumentEngine, and its answers.
namespace eventsync::eventlog {

/// One change of one document by code.
struct DocumentWrite
{
    DocumentId documentId;
    CollectionName collection;
    ClientId clientId;                                ///< a code author, or a name of the server's own
    std::optional<std::string> author = {};           ///< the principal, where there is one
    std::optional<ServerSeq> ifVersion = {};          ///< VersionConflict if the document is at another position
    /// Changes the current state (engine fields included; none: absent) into the wanted one. May run several times.
    std::function<Result<>(json::State &)> edit = {};
    std::optional<json::Patch> patch = {};            ///< or a patch; for a CRDT document its result is translated
    DocumentKind kind = DocumentKind::Json;           ///< of a document that never existed; an existing one keeps its kind
    json::Object metadata = {};
    std::optional<EventId> id = {};                   ///< for a request that may be repeated and must count once
    std::size_t bytes = 0;                            ///< estimated size of the change; decides where it is validated
    bool editsAnywhere = false;                       ///< `edit` may run on the worker's thread
};

/// What a write did to one document.
struct WrittenDocument
{
    DocumentRecord record; ///< after the write
    Diff diff;
    EventPtr event;        ///< null if nothing changed (G7)
};

/// Changes of several documents that commit as one, or not at all. `edit` gets the values of all that exist, engine fields
/// included; it may change the values, but add or remove no document. Every event is marked with one metadata.transactionId.
struct DocumentTransaction
{
    std::vector<DocumentId> documentIds; ///< each once
    ClientId clientId;
    std::function<Result<>(std::map<DocumentId, json::Value> &)> edit;
    json::Object metadata = {};
};

/// The connection that pushes. All its pushes share this object, also after the connection ends: errors that the connection has
/// got apply to pushes that still wait.
struct PushOrigin
{
    bool dropped = false; ///< its client id has a newer connection, or has expired: waiting pushes are not processed
    bool forked = false;  ///< it has got ClientForked
};

/// Events of one document that a client made.
struct PushedEvents
{
    DocumentId documentId;
    std::vector<EventPtr> events;
    ClientId client;
    std::optional<std::string> author = {};  ///< the principal, where there is one
    std::shared_ptr<PushOrigin> origin;
    std::size_t bytes = 0;                   ///< estimated size of the events
    std::shared_ptr<const void> charge = {}; ///< held as long as the push is in memory
};

/// Changes nothing. The answer is the document after all earlier submissions. NotFound if it never existed.
struct Barrier
{
    DocumentId documentId;
};

/// The result of a Submission.
struct Answer
{
    std::vector<PushOutcome> outcomes = {};      ///< for a push: one for each event
    std::vector<WrittenDocument> written = {}; ///< for a write and a barrier one; for a transaction in the order of documentIds
};

/// One change that a DocumentEngine is asked for, and the function that gets its result.
struct Submission
{
    std::variant<PushedEvents, DocumentWrite, DocumentTransaction, Barrier> work;
    /// Called once, when the change is durable or refused; not at all if the engine is destroyed first.
    std::function<void(Result<Answer>)> done;

    std::vector<DocumentId> documents() const;
    std::size_t events() const; ///< the most that it may log in each of its documents
};

/// Checks a submission for what every reader of its events requires: valid names, and a valid form and valid values of a patch.
/// InvalidValue, Invalid.
Result<> normalize(Submission &submission);

} // namespace eventsync::eventlog
