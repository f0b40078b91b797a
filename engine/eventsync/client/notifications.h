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

/// \file
/// Notifications of the client core: what has happened, for signals and views. A receiver may ignore each of them.
namespace eventsync::client {

/// the optimistic or the confirmed state
struct DocumentChanged
{
    DocumentId documentId;
    std::vector<json::Pointer> paths; ///< where values may have changed; the root: everywhere
    bool remote = false;              ///< an event of another client was among the causes
};
/// One change of a document of kind crdt, of any cause: others, an undo, or a local edit. Applying all changes in order to a
/// copy of the document as it was (the text in an editor, for instance) gives the document as it is now; the positions of a
/// change count after the changes before it. `reset`: the document must be read again; `changes` is empty.
struct CrdtChange : crdt::Change
{
    QString text; ///< for Kind::Text: the inserted text, `inserted` UTF-16 units
};
/// A CRDT document has changed.
struct CrdtChanged
{
    DocumentId documentId;
    std::vector<CrdtChange> changes;
    bool reset = false;
    bool remote = false;              ///< an event of another client was among the causes
};
/// Events were added to the confirmed history, in the order of the log.
struct EventsApplied { DocumentId documentId; std::vector<EventPtr> events; };
/// A subscription has reached the head.
struct DocumentSynced { DocumentId documentId; Position position; };
/// The server has another history after `commonSeq`; the client follows the server.
struct DocumentDiverged { DocumentId documentId; ServerSeq commonSeq; };
/// The server has answered the subscription with an error.
struct DocumentRefused { DocumentId documentId; Error error; };
/// Rows of the profile were not what was stored (Corrupt). What the server has is fetched again; edits that wait become conflicts
/// where they were made on what was lost, and an edit that was damaged itself is a dead letter.
struct DocumentDamaged { DocumentId documentId; Error error; };
/// The right to read the document has ended.
struct DocumentRevoked { DocumentId documentId; std::string reason; };
/// The queue of a document has changed.
struct QueueChanged { DocumentId documentId; };
/// An entry is in conflict, and a resolver can decide it.
struct ConflictFound { DocumentId documentId; EventId entry; };
/// An edit was refused permanently.
struct DeadLettered { DocumentId documentId; EventId entry; Error reason; };
/// An own edit is in the log.
struct EditLogged { DocumentId documentId; EventId id; ServerSeq serverSeq; AckStatus status; };
/// This replica has a new client id, because it was a copy of another one or its id has expired.
struct ClientIdChanged { ClientId before, now; Error reason; };
/// The server has accepted the connection.
struct Welcomed { protocol::Welcome welcome; };
/// Another connection of the same client has taken the place of this one.
struct ConnectionReplaced {};
/// The server is about to stop.
struct ServerLeaving { std::chrono::milliseconds retryAfter; };
/// Documents of a watched collection have new heads. `deleted`: the document is no longer in the list.
struct HeadsChanged { CollectionName collection; std::vector<protocol::Head> heads; };
/// A watch has reported all heads. `full`: the heads since the watch began are all documents, not only those that have changed
/// since its token.
struct WatchReady { CollectionName collection; std::string token; bool full = false; };
/// Other clients have stored more of a document.
struct CursorsChanged { DocumentId documentId; std::vector<StateVector> cursors; };
/// Another client shows something else of itself in a document.
struct PresenceChanged { DocumentId documentId; ClientId clientId; json::Value state; };
/// A query has its answer, or its error.
struct QueryAnswered { protocol::QueryResult result; };
/// The server has reported an error.
struct ServerError { Error error; protocol::ErrorScope scope; std::optional<DocumentId> documentId; };

using NotificationVariant = std::variant<DocumentChanged, CrdtChanged, EventsApplied, DocumentSynced, DocumentDiverged, DocumentRefused, DocumentDamaged, DocumentRevoked,
                                 QueueChanged, ConflictFound, DeadLettered, EditLogged, ClientIdChanged, Welcomed, ConnectionReplaced,
                                 ServerLeaving, HeadsChanged, WatchReady, CursorsChanged, PresenceChanged, QueryAnswered, ServerError>;

/// Any notification; compiled once like protocol::Message.
struct Notification : NotificationVariant
{
    Notification();
    template <typename T>
        requires std::constructible_from<NotificationVariant, std::in_place_type_t<T>, T>
    Notification(T notification);
    Notification(const Notification &other);
    Notification(Notification &&other) noexcept;
    Notification &operator=(const Notification &other);
    Notification &operator=(Notification &&other) noexcept;
    ~Notification();
    /// Qt's type information for signals looks for these operators and would find those of the variant, whose types have none.
    friend bool operator==(const Notification &, const Notification &) = delete;
    friend bool operator<(const Notification &, const Notification &) = delete;
};

} // namespace eventsync::client
