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

/// How the client reaches a server: dials anew each time it is called.
using ConnectionFactory = std::function<Result<std::unique_ptr<transport::Connection>>()>;
ConnectionFactory dialing(const QUrl &url, const transport::DialOptions &options = {});

struct SyncClientOptions
{
    ClientOptions core = {};
    ConnectionFactory connect = {};                     ///< may come later, by setServer()
    std::chrono::milliseconds requestTime = limits::kRequestTime;
    std::chrono::milliseconds retryFirst = limits::kRetryFirst;
    std::chrono::milliseconds retryLongest = limits::kRetryLongest;
    const Clock *clock = nullptr;                       ///< the system's, unless a test says otherwise; outlive the client
    Random *random = nullptr;
};

/// One replica as a QObject: a client core, the store it lives in, and a connection that comes and goes. Edits work at once,
/// online or not; they are sent when durable. Nothing here blocks on disk or network but open(). Every future ends: with
/// the value, an error, Timeout, or Cancelled when the client is destroyed. Notifications come as signals, after what they speak of
/// is durable. Owner only: the thread that made it, which has an event loop; a call from another is an assertion.
///
/// Large because it is the whole client in one place: each function is one call of a program, and hands it to one of the parts
/// behind it (docs/architecture.md).
class SyncClient final : public QObject
{
    Q_OBJECT

public:
    enum class State {
        Offline,    ///< switched off
        Waiting,    ///< for the next try
        Connecting, ///< until the server's welcome
        Online,
        Refused,    ///< the server will not have us (lastError); goOnline() tries again
        StoreLost,  ///< the store has failed and cannot be read (lastError), for good: edits are refused and nothing is sent
    };
    Q_ENUM(State)

    /// A profile in a store with ClientCore::schema(). Corrupt, or what the store says.
    static Result<std::unique_ptr<SyncClient>> open(std::unique_ptr<storage::Backend> store, SyncClientOptions options = {});
    /// A profile in an SQLite file, locked against a second process: StoreLocked names the one that has it.
    static Result<std::unique_ptr<SyncClient>> open(const std::string &path, SyncClientOptions options = {});
    static Result<std::unique_ptr<SyncClient>> inMemory(SyncClientOptions options = {});
    ~SyncClient() override;

    // ---- connection
    void setServer(ConnectionFactory connect);          ///< used from the next try on
    void goOnline();                                    ///< and stays so: reconnects by itself
    void goOffline();
    bool isOnlineWanted() const;
    State state() const;
    std::optional<Error> lastError() const;             ///< what is wrong; empty while Online, or offline by wish
    std::chrono::milliseconds retryIn() const;          ///< while Waiting
    void renewToken(const std::string &token);

    // ---- documents. An edit's future ends when the edit is durable here; its value is empty if nothing changed.
    using Edit = QFuture<Result<std::optional<EventId>>>;
    /// InvalidValue, here and wherever names or values come in, for what no server could log or read.
    QFuture<Result<>> openDocument(const DocumentId &id, const std::optional<CollectionName> &collection = {});
    void closeDocument(const DocumentId &id);           ///< follows it until what is queued is settled
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
    QFuture<Result<>> waitForSettled(const DocumentId &id); ///< nothing waiting or sent; conflicts and dead letters may be left

    // ---- decisions
    void setResolver(const CollectionName &collection, ResolverPtr resolver);
    void setDefaultResolver(ResolverPtr resolver);      ///< at first: askResolver()
    QFuture<Result<>> resolve(const EventId &entry, Resolution resolution);
    QFuture<Result<>> discard(const EventId &entry);
    QFuture<Result<>> retry(const EventId &entry);

    // ---- questions to the server; Unavailable at once when offline. Parts are joined.
    QFuture<Result<json::Object>> query(decltype(protocol::Query::query) question);
    QFuture<Result<json::Object>> list(protocol::ListQuery query) { return this->query(std::move(query)); }
    QFuture<Result<json::State>> stateAt(const DocumentId &id, ServerSeq serverSeq);
    QFuture<Result<std::vector<EventPtr>>> events(protocol::EventsQuery query);
    QFuture<Result<std::vector<StateVector>>> stateVectors(const DocumentId &id);

    // ---- collections and people
    QFuture<Result<>> watch(const CollectionName &collection, protocol::Watch parameters = {});
    void unwatch(const CollectionName &collection);
    QFuture<Result<>> setPresence(const DocumentId &id, json::Value state); ///< TooLarge above limits::kPresenceBytes

    const ClientCore &core() const;                     ///< what is known; valid until the event loop runs again

Q_SIGNALS:
    void stateChanged(eventsync::client::SyncClient::State state);
    void documentChanged(const eventsync::client::DocumentChanged &notification);
    /// At once, unlike the other notifications: before the call returns that made the edit, so an editor's text and the document are
    /// never apart when the next key is pressed. An editor that made the edit itself ignores it (a flag around its call); no
    /// slot may edit the same document.
    void crdtChanged(const eventsync::client::CrdtChanged &notification);
    void documentSynced(const eventsync::DocumentId &id);
    void documentDiverged(const eventsync::DocumentId &id, eventsync::ServerSeq commonSeq);
    void documentRefused(const eventsync::DocumentId &id, const eventsync::Error &error);
    void documentRevoked(const eventsync::DocumentId &id);
    void eventsApplied(const eventsync::client::EventsApplied &notification);
    void queueChanged(const eventsync::DocumentId &id);
    void editLogged(const eventsync::client::EditLogged &notification);
    void conflictFound(const eventsync::DocumentId &id, const eventsync::EventId &entry); ///< for a person: no resolver decided
    void deadLettered(const eventsync::client::DeadLettered &notification);
    void clientIdChanged(const eventsync::client::ClientIdChanged &notification);
    void connectionReplaced();
    void headsChanged(const eventsync::client::HeadsChanged &notification);
    /// `full`: the heads since the watch began are all there is; what a program kept from an earlier run, and they do not name,
    /// has gone.
    void watchReady(const eventsync::CollectionName &collection, bool full);
    void cursorsChanged(const eventsync::client::CursorsChanged &notification);
    void presenceChanged(const eventsync::client::PresenceChanged &notification);
    void serverError(const eventsync::client::ServerError &notification);
    void storeFailed(const eventsync::Error &error);    ///< what was not durable is gone from view, unless the store is lost
    void notificationAnnounced(const eventsync::client::Notification &notification); ///< each of the above, before its own signal

private:
    struct Private;
    explicit SyncClient(std::unique_ptr<Private> d);
    OwnerPointer<Private> d;
};

} // namespace eventsync::client
