// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>
#include <eventsync/crdt/document.h>
#include <eventsync/protocol/messages.h>

#include <QString>

#include <concepts>
#include <utility>
#include <variant>
#include <vector>

// Facts that the client core announces: things that have happened, for signals and views. Nobody has to handle one.
namespace eventsync::client {

struct DocumentChanged // the optimistic or the confirmed state
{
    DocumentId documentId;
    std::vector<json::Pointer> paths; // what may have changed; the root: everything
    bool remote = false;              // another's event was among the causes
};
// What changed in a document of kind crdt, in order and whoever did it: others, an undo, or an edit made here. Whoever
// replays it on a copy of what the document was (the text in an editor, say) has the document again; positions are those of
// the moment between two changes. `reset`: do not replay but read the document anew; `changes` is empty.
struct CrdtChange : crdt::Change
{
    QString text; // of Kind::Text: what came, `inserted` units
};
struct CrdtChanged
{
    DocumentId documentId;
    std::vector<CrdtChange> changes;
    bool reset = false;
    bool remote = false;              // another's event was among the causes
};
struct EventsApplied { DocumentId documentId; std::vector<EventPtr> events; }; // confirmed, in order
struct DocumentSynced { DocumentId documentId; Position position; };
struct DocumentDiverged { DocumentId documentId; ServerSeq commonSeq; };
struct DocumentRefused { DocumentId documentId; Error error; }; // subscribe was answered by an error
// Rows of the profile were not what was stored (Corrupt). What the server has is fetched again; edits that wait become conflicts
// where they were made on what was lost, and an edit that was damaged itself is a dead letter.
struct DocumentDamaged { DocumentId documentId; Error error; };
struct DocumentRevoked { DocumentId documentId; std::string reason; };
struct QueueChanged { DocumentId documentId; };
struct ConflictFound { DocumentId documentId; EventId entry; };   // ready for the resolver
struct DeadLettered { DocumentId documentId; EventId entry; Error reason; };
struct EditLogged { DocumentId documentId; EventId id; ServerSeq serverSeq; protocol::AckStatus status; };
struct ClientIdChanged { ClientId before, now; Error reason; };   // this replica was a copy, or expired
struct Welcomed { protocol::Welcome welcome; };
struct ConnectionReplaced {};
struct ServerLeaving { std::chrono::milliseconds retryAfter; };
struct HeadsChanged { CollectionName collection; std::vector<protocol::Head> heads; }; // deleted: no longer in the list
// The list is complete. `full`: what came since the watch began is all there is, and not the changes since its token.
struct WatchReady { CollectionName collection; std::string token; bool full = false; };
struct CursorsChanged { DocumentId documentId; std::vector<StateVector> cursors; };
struct PresenceChanged { DocumentId documentId; ClientId clientId; json::Value state; };
struct QueryAnswered { protocol::QueryResult result; };
struct ServerError { Error error; protocol::ErrorScope scope; std::optional<DocumentId> documentId; };

using FactVariant = std::variant<DocumentChanged, CrdtChanged, EventsApplied, DocumentSynced, DocumentDiverged, DocumentRefused, DocumentDamaged, DocumentRevoked,
                                 QueueChanged, ConflictFound, DeadLettered, EditLogged, ClientIdChanged, Welcomed, ConnectionReplaced,
                                 ServerLeaving, HeadsChanged, WatchReady, CursorsChanged, PresenceChanged, QueryAnswered, ServerError>;

// Any fact; compiled once like protocol::Message.
struct Fact : FactVariant
{
    Fact();
    template <typename T>
        requires std::constructible_from<FactVariant, std::in_place_type_t<T>, T>
    Fact(T fact);
    Fact(const Fact &other);
    Fact(Fact &&other) noexcept;
    Fact &operator=(const Fact &other);
    Fact &operator=(Fact &&other) noexcept;
    ~Fact();
    // Qt's type information of a signal asks for them, and would take the variant's, whose types have none.
    friend bool operator==(const Fact &, const Fact &) = delete;
    friend bool operator<(const Fact &, const Fact &) = delete;
};

} // namespace eventsync::client
