// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ownerpointer.h>
#include <eventsync/client/clientcore.h>
#include <eventsync/client/conflictresolver.h>
#include <eventsync/client/limits.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/transport/dial.h>

#include <QFuture>
#include <QObject>
#include <QUrl>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace eventsync::client {

/// How the client reaches a server: each call opens a new connection.
using ConnectionFactory = std::function<Result<std::unique_ptr<transport::Connection>>()>;
ConnectionFactory dialing(const QUrl &url, const transport::DialOptions &options = {});

/// The settings of a SyncClient.
struct SyncClientOptions
{
    ClientOptions core = {};
    ConnectionFactory connect = {};                     ///< may be set later, by setServer()
    std::chrono::milliseconds requestTime = limits::kRequestTime;
    std::chrono::milliseconds retryFirst = limits::kRetryFirst;
    std::chrono::milliseconds retryLongest = limits::kRetryLongest;
    const Clock *clock = nullptr;                       ///< null: the system's. Both must outlive the client
    Random *random = nullptr;
};

/// One replica as a QObject: a client core, the store it lives in, and its connection, which is opened again after a loss.
/// Edits apply at once, online or offline, and are sent when they are durable. Only open() blocks on the disk; nothing blocks
/// on the network. Every future ends: with the value, an error, Timeout, or Cancelled when the client is destroyed. Signals are
/// emitted after the changes that they report are durable. Owner only: the thread that created it, which has an event loop; a
/// call from another thread fails an assertion.
///
/// Large because it is the whole client in one place: each function is one call of a program, and hands it to one of the parts
/// behind it (docs/architecture.md).
class SyncClient final : public QObject
{
    Q_OBJECT

public:
    enum class State {
        Offline,    ///< switched off
        Waiting,    ///< for the next attempt
        Connecting, ///< until the server's welcome
        Online,
        Refused,    ///< the server refuses this client (lastError()); goOnline() tries again
        StoreLost,  ///< the store has failed and cannot be read (lastError()), permanently: edits are refused and nothing is sent
    };
    Q_ENUM(State)

    /// A profile in a store with ClientCore::schema(). Damaged rows are reported for their documents (documentDamaged, deadLettered) in the
    /// first step. Errors of the store.
    static Result<std::unique_ptr<SyncClient>> open(std::unique_ptr<storage::Backend> store, SyncClientOptions options = {});
    /// A profile in an SQLite file, locked against a second process: StoreLocked names the one that has it.
    static Result<std::unique_ptr<SyncClient>> open(const std::string &path, SyncClientOptions options = {});
    static Result<std::unique_ptr<SyncClient>> inMemory(SyncClientOptions options = {});
    ~SyncClient() override;

    // ---- connection
    void setServer(ConnectionFactory connect);          ///< used from the next attempt on
    void goOnline();                                    ///< connects, and reconnects after every loss until goOffline()
    void goOffline();
    bool isOnlineWanted() const;
    State state() const;
    std::optional<Error> lastError() const;             ///< the last problem; none while Online, or Offline
    std::chrono::milliseconds retryIn() const;          ///< while Waiting
    void renewToken(const std::string &token);

    // ---- documents. An edit's future ends when the edit is durable here; its value is empty if nothing changed.
    using Edit = QFuture<Result<std::optional<EventId>>>;
    /// InvalidValue for a name that no server could log or read, as in every function that takes names or values.
    QFuture<Result<>> openDocument(const DocumentId &id, const std::optional<CollectionName> &collection = {});
    void closeDocument(const DocumentId &id);           ///< it is followed until its queued edits are settled
    Edit create(const DocumentId &id, const CollectionName &collection, json::Value state, json::Object metadata = {});
    Edit update(const DocumentId &id, json::Patch patch, json::Object metadata = {});
    Edit update(const DocumentId &id, const std::function<Result<>(json::Value &)> &edit, json::Object metadata = {});
    /// Documents of kind crdt (docs/crdt.md): texts, lists and objects whose edits always merge, also those made offline. Read
    /// with core().crdtDocument(id); update() above works too.
    ///
    ///   client.updateCrdt(id, [](crdt::Api &api) { return api.str("/text")->ins(0, u"안녕"_s); });
    Edit createCrdt(const DocumentId &id, const CollectionName &collection, json::Value initial, json::Object metadata = {});
    Edit updateCrdt(const DocumentId &id, const ClientCore::CrdtEdit &edit, json::Object metadata = {});
    Edit remove(const DocumentId &id, json::Object metadata = {});
    Edit undo(const DocumentId &id);
    Edit redo(const DocumentId &id);
    QFuture<Result<Position>> waitForSynced(const DocumentId &id);
    QFuture<Result<>> waitForSettled(const DocumentId &id); ///< ends when no edit is waiting or sent; conflicts and dead letters may remain

    // ---- decisions
    void setResolver(const CollectionName &collection, ResolverPtr resolver);
    void setDefaultResolver(ResolverPtr resolver);      ///< at first: askResolver()
    QFuture<Result<>> resolve(const EventId &entry, Resolution resolution);
    QFuture<Result<>> discard(const EventId &entry);
    QFuture<Result<>> retry(const EventId &entry);

    // ---- questions to the server; Unavailable at once when offline. The parts of an answer are joined.
    QFuture<Result<json::Object>> query(decltype(protocol::Query::query) question);
    QFuture<Result<json::Object>> list(protocol::ListQuery query) { return this->query(std::move(query)); }
    QFuture<Result<json::State>> stateAt(const DocumentId &id, ServerSeq serverSeq);
    QFuture<Result<std::vector<EventPtr>>> events(protocol::EventsQuery query);
    QFuture<Result<std::vector<StateVector>>> stateVectors(const DocumentId &id);

    // ---- collections and people
    QFuture<Result<>> watch(const CollectionName &collection, protocol::Watch parameters = {});
    void unwatch(const CollectionName &collection);
    QFuture<Result<>> setPresence(const DocumentId &id, json::Value state); ///< TooLarge above limits::kPresenceBytes

    const ClientCore &core() const;                     ///< the local documents; valid until the event loop runs again

Q_SIGNALS:
    void stateChanged(eventsync::client::SyncClient::State state);
    void documentChanged(const eventsync::client::DocumentChanged &notification);
    /// Emitted at once, unlike the other signals: before the call that made the edit returns, so that an editor's text and the
    /// document are equal when the next key is pressed. An editor ignores the signal for its own edits (with a flag around its
    /// call). A slot must not edit the same document.
    void crdtChanged(const eventsync::client::CrdtChanged &notification);
    void documentSynced(const eventsync::DocumentId &id);
    void documentDiverged(const eventsync::DocumentId &id, eventsync::ServerSeq commonSeq);
    void documentRefused(const eventsync::DocumentId &id, const eventsync::Error &error);
    /// The profile was damaged on the disk (Corrupt): what the server has is fetched again; see client::DocumentDamaged.
    void documentDamaged(const eventsync::DocumentId &id, const eventsync::Error &error);
    void documentRevoked(const eventsync::DocumentId &id);
    void eventsApplied(const eventsync::client::EventsApplied &notification);
    void queueChanged(const eventsync::DocumentId &id);
    void editLogged(const eventsync::client::EditLogged &notification);
    void conflictFound(const eventsync::DocumentId &id, const eventsync::EventId &entry); ///< no resolver decided: the user has to
    void deadLettered(const eventsync::client::DeadLettered &notification);
    void clientIdChanged(const eventsync::client::ClientIdChanged &notification);
    void connectionReplaced();
    void headsChanged(const eventsync::client::HeadsChanged &notification);
    /// `full`: the heads since the watch began are all documents; a document that a program remembers from an earlier run and
    /// that was not named does not exist any more.
    void watchReady(const eventsync::CollectionName &collection, bool full);
    void cursorsChanged(const eventsync::client::CursorsChanged &notification);
    void presenceChanged(const eventsync::client::PresenceChanged &notification);
    void serverError(const eventsync::client::ServerError &notification);
    void storeFailed(const eventsync::Error &error);    ///< edits that were not durable are removed from the documents, unless the state is StoreLost
    void notificationAnnounced(const eventsync::client::Notification &notification); ///< each of the above as one type, before its own signal

private:
    struct Private;
    explicit SyncClient(std::unique_ptr<Private> d);
    OwnerPointer<Private> d;
};

} // namespace eventsync::client
