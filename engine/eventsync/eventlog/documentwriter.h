// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>
#include <eventsync/json/patch.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/event.h>
#include <eventsync/model/snapshot.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

// One change of one document by code.
struct DocumentWrite
{
    DocumentId documentId;
    CollectionName collection;
    ClientId clientId;                                // a code author, or a name of the server's own
    std::optional<std::string> author = {};           // the principal, where there is one
    std::optional<ServerSeq> ifVersion = {};          // VersionConflict if the document stands elsewhere
    // From the state as it stands (engine fields included; none: absent) to the state wanted. May run several times.
    std::function<Result<>(json::State &)> edit = {};
    std::optional<json::Patch> patch = {};            // or a patch, as it is; of a CRDT document: what it leads to
    DocumentKind kind = DocumentKind::Json;           // of a document that never was; others keep theirs
    json::Object metadata = {};
    std::optional<EventId> id = {};                   // for a repetition that must not count twice
};

// Holds what code hands in to what every reader of the event asks: names, and the form and values of a patch. InvalidValue.
Result<> normalize(DocumentWrite &write);

struct WrittenDocument
{
    DocumentRecord record; // after the write
    Diff diff;
    EventPtr event;        // null if nothing changed (G7)
};

// Changes of several documents that commit as one, or not at all. `edit` gets the values of all that exist, engine fields
// included; it may change them, not add or take any away. Every event is marked with one metadata.transactionId.
struct DocumentTransaction
{
    std::vector<DocumentId> documentIds; // each once
    ClientId clientId;
    std::function<Result<>(std::map<DocumentId, json::Value> &)> edit;
    json::Object metadata = {};
};

// The one place in a process where documents' events get their order: whoever writes to a store goes through its writer, so
// that each document has one DocumentCore, and those who listen to it hear of every event. sync/ServiceWriter is the writer of
// a process that runs a SyncService, LocalWriter that of a process without one (docs/decisions/0080).
//
// Everything is called, and answered, on the thread of executor(). `done` is called once, when the change is durable or refused;
// it is dropped uncalled when the writer goes first. Errors: those of DocumentCore::write; ClientIdInUse for a client id that a
// replica uses; VersionConflict after limits::kOptimisticTries lost races against other processes; what the Backend says.
class DocumentWriter
{
public:
    using Written = std::function<void(Result<WrittenDocument>)>;
    using TransactionDone = std::function<void(Result<std::vector<WrittenDocument>>)>; // in the order of documentIds

    virtual ~DocumentWriter() = default;

    virtual Executor &executor() = 0;
    virtual storage::Backend &backend() = 0;
    virtual const CollectionPolicy &policy(const CollectionName &collection) const = 0; // any thread

    virtual void write(DocumentWrite write, Written done) = 0;
    virtual void transact(DocumentTransaction transaction, TransactionDone done) = 0; // NotFound if one is absent
    // The newest committed state; NotFound if there never was one. Tombstones are records too.
    virtual void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done) = 0;
    // Stores a snapshot of the newest committed state.
    virtual void snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done) = 0;
};

} // namespace eventsync::eventlog
