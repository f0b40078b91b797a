// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/offlinequeue.h>
#include <eventsync/client/statemanager.h>
#include <eventsync/client/undohistory.h>

#include <desktop/commandline.h>
#include <desktop/editor/people.h>

#include <QObject>
#include <QTimer>

#include <map>
#include <set>

namespace eventsync::desktop {

// The model of the windows of one replica: its client, the edits, the list of documents, and the other users who have them
// open. Every edit applies at once and offline; failures are reported by `failed`, with a text for the user. Owner only (the
// GUI thread); never blocks.
//
// Large because each edit, question and announcement of the windows is one function.
class Session final : public QObject
{
    Q_OBJECT

public:
    // Games are JSON documents. Texts and lists are JSON CRDT documents: a text under /text, a list under /items.
    enum class Kind { Game, Text, List };

    // A document as the list shows it: from its optimistic state if this replica follows it, otherwise from the server's list.
    struct Document
    {
        DocumentId id;
        Kind kind = Kind::Game;
        QString name;
        std::optional<std::int64_t> gold, experience, level;
        std::size_t pending = 0, conflicts = 0, deadLetters = 0;
        bool operator==(const Document &) const = default;
    };

    // `name` is the user's name for this replica; it is sent with every edit, so that the logs of others show it.
    explicit Session(std::unique_ptr<client::SyncClient> client, QString name = {}, QObject *parent = nullptr);
    ~Session() override;

    client::SyncClient &client() { return *m_client; }
    const client::ClientCore &core() const { return m_client->core(); }
    client::StateManager &states() { return m_states; }
    client::OfflineQueue &queue() { return m_queue; }
    client::UndoHistory &history() { return m_history; }

    void connectTo(const QUrl &server, Transport transport);
    void setOffline(bool offline);
    bool isOffline() const { return !m_client->isOnlineWanted(); }
    void synchronize(); // at once, without waiting for the next attempt

    // ---- documents
    static const CollectionName &collection(Kind kind = Kind::Game); // "games", "texts", "lists"
    std::vector<DocumentId> documents() const; // of all kinds
    std::optional<Document> document(const DocumentId &id) const; // none: deleted or unknown
    QString title(const DocumentId &id) const;            // its name, or its id
    void follow(const DocumentId &id);                    // keeps it synchronised

    // The name of a replica: from its edits, or its shortened id. A name is for display only, it proves nothing.
    QString replicaName(const ClientId &client) const;
    void learnNames(const std::vector<EventPtr> &events);

    // ---- other users of the same document
    void lookAt(const std::optional<DocumentId> &id); // sent to others; one document at a time
    void setSelection(const std::optional<TextSelection> &selection); // in the open document
    People people(const DocumentId &id) const;        // the others, by id
    QString personName(const Person &person) const;

    // ---- edits
    std::optional<DocumentId> createGame(const QString &name) { return create(Kind::Game, name); }
    std::optional<DocumentId> create(Kind kind, const QString &name);
    void removeDocument(const DocumentId &id);
    void add(const DocumentId &id, const json::Pointer &path, std::int64_t amount); // the counter at path; created if absent
    void setValue(const DocumentId &id, const json::Pointer &path, json::Value value);
    void setValues(const DocumentId &id, std::map<json::Pointer, json::Value> values);
    // Edits a text or list, at once or not at all. An edit that continues a step is undone together with the one before.
    enum class Step { Begins, Continues };
    Result<> editCrdt(const DocumentId &id, const client::ClientCore::CrdtEdit &change, Step step = Step::Begins);
    void undo(const DocumentId &id);
    void redo(const DocumentId &id);

    // ---- decisions
    void resolve(const EventId &entry, client::Resolution resolution);
    void discard(const EventId &entry);
    void retry(const EventId &entry);

Q_SIGNALS:
    void documentChanged(const eventsync::DocumentId &id); // added, changed or removed
    void documentsLoaded();                                // the server's list has arrived
    void namesLearned();
    void peopleChanged(const eventsync::DocumentId &id);
    void failed(const QString &what, const eventsync::Error &error);

private:
    struct Head // of the server's list
    {
        Kind kind;
        json::Value fields; // name, gold, experience, level
    };
    struct Steps // the number of edits in each step of undo, the last step at the end
    {
        std::vector<int> undo, redo;
    };
    json::Object signature() const;
    std::optional<Kind> kindOf(const DocumentId &id) const; // none: a document of another collection
    QString localName(const DocumentId &id) const;
    void onPresence(const client::PresenceChanged &notification);
    void forgetPeople();
    void announce();
    void onHeads(const client::HeadsChanged &notification);
    void edit(const QString &what, client::SyncClient::Edit future);
    void decide(const QString &what, QFuture<Result<>> future);

    std::unique_ptr<client::SyncClient> m_client;
    client::StateManager m_states;
    client::OfflineQueue m_queue;
    client::UndoHistory m_history;
    std::map<DocumentId, Head> m_heads;
    std::set<DocumentId> m_followed;
    QString m_name;
    std::map<ClientId, QString> m_names; // of others
    std::map<DocumentId, std::map<ClientId, Person>> m_people;
    std::map<DocumentId, Steps> m_steps;
    std::optional<DocumentId> m_lookingAt;
    std::optional<TextSelection> m_selection;
    QTimer m_announcing; // a moving cursor is sent periodically
};

} // namespace eventsync::desktop
