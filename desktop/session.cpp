// SPDX-License-Identifier: Apache-2.0
#include <desktop/session.h>

#include <eventsync/base/random.h>
#include <eventsync/crdt/limits.h>

#include <desktop/limits.h>
#include <desktop/texts.h>

#include <QFutureWatcher>

#include <algorithm>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::EntryState;

namespace {

constexpr const char *kSignature = "replicaName"; // in an edit's metadata
constexpr int kAnnounceMs = 120; // between two words on where a cursor is
constexpr Session::Kind kKinds[] = {Session::Kind::Game, Session::Kind::Text, Session::Kind::List};

json::Pointer member(const char *name)
{
    return json::Pointer({name});
}

std::optional<std::int64_t> integerAt(const json::Value &state, const char *name)
{
    const json::Value *value = json::find(state, member(name));
    return value && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

QString nameIn(const json::Value &state)
{
    const json::Value *value = json::find(state, member("name"));
    return value && value->is_string() ? QString::fromUtf8(value->get_string().data(), qsizetype(value->get_string().size()))
                                       : QString();
}

// "dragon-quest-3f9a2c": readable, and two replicas that choose the same name offline do not meet.
DocumentId newDocumentId(const QString &name, const char *fallback)
{
    std::string id;
    for (const QChar letter : name.toLower()) {
        if ((letter >= u'a' && letter <= u'z') || (letter >= u'0' && letter <= u'9'))
            id += letter.toLatin1();
        else if (!id.empty() && id.back() != '-')
            id += '-';
        if (id.size() >= 40)
            break;
    }
    while (!id.empty() && id.back() == '-')
        id.pop_back();
    if (id.empty())
        id = fallback;
    SystemRandom random;
    return DocumentId(id + '-' + QString::number(random.next() >> 24, 16).rightJustified(10, u'0').toStdString());
}

// Calls `done` on the future's end, on this thread, unless `context` is gone.
template<class T, class Done>
void whenEnded(QObject *context, const QFuture<T> &future, Done done)
{
    auto *watcher = new QFutureWatcher<T>(context);
    QObject::connect(watcher, &QFutureWatcherBase::finished, context, [watcher, done = std::move(done)] {
        watcher->deleteLater();
        if (watcher->future().resultCount() > 0)
            done(watcher->future().result());
    });
    watcher->setFuture(future);
}

} // namespace

Session::Session(std::unique_ptr<client::SyncClient> client, QString name, QObject *parent)
    : QObject(parent), m_client(std::move(client)), m_states(*m_client), m_queue(*m_client), m_history(*m_client), m_name(std::move(name))
{
    connect(m_client.get(), &client::SyncClient::headsChanged, this, &Session::onHeads);
    connect(m_client.get(), &client::SyncClient::documentChanged, this,
            [this](const client::DocumentChanged &notification) { Q_EMIT documentChanged(notification.documentId); });
    connect(m_client.get(), &client::SyncClient::eventsApplied, this,
            [this](const client::EventsApplied &notification) { learnNames(notification.events); });
    connect(m_client.get(), &client::SyncClient::queueChanged, this, &Session::documentChanged);
    connect(m_client.get(), &client::SyncClient::documentSynced, this, &Session::documentChanged);
    connect(m_client.get(), &client::SyncClient::watchReady, this, &Session::documentsLoaded);
    // What was followed stays so: edits of an earlier run are sent, and games can be read offline.
    for (const DocumentId &id : core().documents())
        follow(id);
    for (const Kind kind : kKinds) {
        protocol::Watch watch{.collection = collection(kind)};
        watch.fields = {member("name")};
        if (kind == Kind::Game)
            watch.fields.insert(watch.fields.end(), {member("gold"), member("experience"), member("level")});
        m_client->watch(collection(kind), std::move(watch));
    }
    connect(m_client.get(), &client::SyncClient::presenceChanged, this, &Session::onPresence);
    connect(m_client.get(), &client::SyncClient::stateChanged, this, [this](client::SyncClient::State state) {
        if (state != client::SyncClient::State::Online)
            forgetPeople(); // nobody tells when they go
    });
    m_announcing.setSingleShot(true);
    m_announcing.setInterval(kAnnounceMs);
    connect(&m_announcing, &QTimer::timeout, this, &Session::announce);
}

Session::~Session() = default;

const CollectionName &Session::collection(Kind kind)
{
    static const CollectionName games("games"), texts("texts"), lists("lists");
    return kind == Kind::Game ? games : kind == Kind::Text ? texts : lists;
}

void Session::connectTo(const QUrl &server, Transport transport)
{
    transport::DialOptions options;
    options.transport = transport;
    options.codec = Codec::Cbor;
    options.userAgent = "eventsync-desktop";
    const bool offline = isOffline();
    m_client->goOffline(); // from the server it had before
    m_client->setServer(client::dialing(server, options));
    if (!offline)
        m_client->goOnline();
}

void Session::setOffline(bool offline)
{
    if (offline)
        m_client->goOffline();
    else
        m_client->goOnline();
}

void Session::synchronize()
{
    m_client->goOnline();
}

// ---- documents

std::vector<DocumentId> Session::documents() const
{
    std::set<DocumentId> ids;
    for (const auto &[id, head] : m_heads)
        ids.insert(id);
    for (const DocumentId &id : core().documents())
        ids.insert(id);
    std::vector<DocumentId> documents;
    for (const DocumentId &id : ids) {
        if (document(id))
            documents.push_back(id);
    }
    return documents;
}

std::optional<Session::Kind> Session::kindOf(const DocumentId &id) const
{
    if (const auto own = core().collection(id)) {
        const auto *kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](Kind one) { return collection(one) == *own; });
        return kind == std::end(kKinds) ? std::nullopt : std::optional(*kind);
    }
    const auto head = m_heads.find(id);
    return head == m_heads.end() ? std::nullopt : std::optional(head->second.kind);
}

// Of a long text only its name is read.
QString Session::localName(const DocumentId &id) const
{
    const crdt::Document *document = core().crdtDocument(id);
    if (!document) {
        const DocumentState *local = core().optimistic(id);
        return local && local->exists() ? nameIn(local->view()) : QString();
    }
    const crdt::NodeIndex root = document->find(document->root());
    if (root == crdt::kNoNode || document->node(root).kind != crdt::NodeKind::Obj)
        return {};
    const crdt::NodeIndex *name = document->node(root).keys().find("name");
    return name && *name != crdt::kNoNode ? nameFrom(document->view(document->idOf(*name))) : QString();
}

std::optional<Session::Document> Session::document(const DocumentId &id) const
{
    const auto kind = kindOf(id);
    if (!kind)
        return std::nullopt;
    const DocumentState *local = core().optimistic(id);
    const auto position = core().position(id);
    const auto entries = core().queue(id);
    const bool known = local && (local->exists() || !entries.empty() || (position && position->serverSeq.value() > 0));
    const auto head = m_heads.find(id);
    const bool isHere = known ? local->exists() : head != m_heads.end();
    Document document{.id = id, .kind = *kind, .name = {}, .gold = {}, .experience = {}, .level = {}};
    for (const auto &entry : entries) {
        document.pending += entry.isPending();
        document.conflicts += entry.state == EntryState::Conflict;
        document.deadLetters += entry.state == EntryState::DeadLetter;
    }
    if (!isHere && document.conflicts + document.deadLetters == 0)
        return std::nullopt; // a game that is gone stays in sight while something of ours hangs on it
    if (!isHere)
        return document;
    document.name = known ? localName(id) : nameIn(head->second.fields);
    if (*kind == Kind::Game) {
        const json::Value &state = known ? local->view() : head->second.fields;
        document.gold = integerAt(state, "gold");
        document.experience = integerAt(state, "experience");
        document.level = integerAt(state, "level");
    }
    return document;
}

QString Session::title(const DocumentId &id) const
{
    const auto known = document(id);
    return known && !known->name.isEmpty() ? known->name : QString::fromStdString(id.text());
}

json::Object Session::signature() const
{
    return m_name.isEmpty() ? json::Object() : json::Object{{kSignature, json::String(m_name.toStdString())}};
}

void Session::learnNames(const std::vector<EventPtr> &events)
{
    bool learned = false;
    for (const EventPtr &event : events) {
        const json::Value *name = event->metadata ? event->metadata->if_contains(kSignature) : nullptr;
        const QString text = name ? nameFrom(*name) : QString();
        if (text.isEmpty() || m_names[event->clientId] == text)
            continue;
        m_names[event->clientId] = text;
        learned = true;
    }
    if (learned)
        Q_EMIT namesLearned();
}

QString Session::replicaName(const ClientId &client) const
{
    if (client == core().clientId() && !m_name.isEmpty())
        return tr("%1 (here)").arg(m_name);
    const auto known = m_names.find(client);
    const QString name = known != m_names.end() ? known->second : Texts::shortId(client.text());
    return client == core().clientId() ? tr("%1 (here)").arg(name) : name;
}

void Session::follow(const DocumentId &id)
{
    if (m_followed.insert(id).second)
        m_client->openDocument(id, collection(kindOf(id).value_or(Kind::Game)));
}

// The first games are followed as they come, so that they are here offline; with more than that, those that are opened.
void Session::onHeads(const client::HeadsChanged &notification)
{
    const auto *kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](Kind one) { return collection(one) == notification.collection; });
    if (kind == std::end(kKinds))
        return;
    for (const protocol::Head &head : notification.heads) {
        if (head.deleted)
            m_heads.erase(head.documentId);
        else
            m_heads.insert_or_assign(head.documentId, Head{*kind, head.fields.value_or(json::Value())});
        if (!head.deleted && m_followed.size() < limits::kDesktopFollowed)
            follow(head.documentId);
        Q_EMIT documentChanged(head.documentId);
    }
}

// ---- people

void Session::lookAt(const std::optional<DocumentId> &id)
{
    if (id == m_lookingAt)
        return;
    if (m_lookingAt)
        m_client->setPresence(*m_lookingAt, nullptr);
    m_lookingAt = id;
    m_selection.reset();
    announce();
}

void Session::setSelection(const std::optional<TextSelection> &selection)
{
    if (selection == m_selection)
        return;
    m_selection = selection;
    if (!m_announcing.isActive())
        m_announcing.start();
}

void Session::announce()
{
    m_announcing.stop();
    if (m_lookingAt)
        m_client->setPresence(*m_lookingAt, presenceOf(m_name, m_selection));
}

void Session::onPresence(const client::PresenceChanged &notification)
{
    if (notification.clientId == core().clientId())
        return;
    auto &people = m_people[notification.documentId];
    if (notification.state.is_null())
        people.erase(notification.clientId);
    else
        people.insert_or_assign(notification.clientId, personFrom(notification.clientId, notification.state));
    if (people.empty())
        m_people.erase(notification.documentId);
    Q_EMIT peopleChanged(notification.documentId);
}

void Session::forgetPeople()
{
    for (const auto &[id, people] : std::exchange(m_people, {}))
        Q_EMIT peopleChanged(id);
}

People Session::people(const DocumentId &id) const
{
    People people;
    if (const auto found = m_people.find(id); found != m_people.end()) {
        for (const auto &[client, person] : found->second)
            people.push_back(person);
    }
    return people;
}

QString Session::personName(const Person &person) const
{
    return person.name.isEmpty() ? replicaName(person.id) : person.name;
}

// ---- edits

std::optional<DocumentId> Session::create(Kind kind, const QString &name)
{
    const char *word = kind == Kind::Game ? "game" : kind == Kind::Text ? "text" : "list";
    const DocumentId id = newDocumentId(name, word);
    m_followed.insert(id);
    m_client->openDocument(id, collection(kind));
    json::Object state;
    state["name"] = json::String(name.toStdString());
    if (kind == Kind::Game) {
        state["gold"] = 100;
        state["experience"] = 0;
        state["level"] = 1;
        edit(tr("The game could not be created"), m_client->create(id, collection(), std::move(state), signature()));
    } else {
        if (kind == Kind::Text)
            state["text"] = json::String();
        else
            state["items"] = json::Array();
        edit(kind == Kind::Text ? tr("The text could not be created") : tr("The list could not be created"),
             m_client->createCrdt(id, collection(kind), std::move(state), signature()));
    }
    Q_EMIT documentChanged(id);
    return document(id) ? std::optional(id) : std::nullopt;
}

void Session::removeDocument(const DocumentId &id)
{
    follow(id);
    edit(tr("The document could not be deleted"), m_client->remove(id, signature()));
    Q_EMIT documentChanged(id);
}

void Session::add(const DocumentId &id, const json::Pointer &path, std::int64_t amount)
{
    const json::Value *now = m_states.value(id, path);
    setValue(id, path, now && now->is_int64() ? now->get_int64() + amount : amount);
}

void Session::setValue(const DocumentId &id, const json::Pointer &path, json::Value value)
{
    setValues(id, {{path, std::move(value)}});
}

// The patch comes from comparing before and after under the collection's policy: a counter that was set becomes the
// difference, so that two people's changes add up.
void Session::setValues(const DocumentId &id, std::map<json::Pointer, json::Value> values)
{
    auto assign = [values = std::move(values)](json::Value &state) -> Result<> {
        for (const auto &[path, value] : values) {
            if (json::Value *found = json::find(state, path)) {
                *found = value;
                continue;
            }
            json::Value *parent = path.isRoot() ? nullptr : json::find(state, path.parent());
            if (!parent || !parent->is_object())
                return failure(ErrorCode::PatchFailed, "there is nothing any more", path.toText());
            parent->get_object()[path.last()] = value;
        }
        return {};
    };
    edit(tr("The change was not made"), m_client->update(id, assign, signature()));
    Q_EMIT documentChanged(id);
}

Result<> Session::editCrdt(const DocumentId &id, const client::ClientCore::CrdtEdit &change, Step step)
{
    bool changed = false;
    auto future = m_client->updateCrdt(id, [&](crdt::Api &api) -> Result<> {
        EVENTSYNC_CHECK(change(api));
        changed = api.hasChanges();
        return {};
    }, signature());
    if (future.isFinished() && future.resultCount() > 0 && !future.result())
        return tl::unexpected(future.result().error());
    edit(tr("The change was not made"), future);
    if (!changed)
        return {};
    Steps &steps = m_steps[id];
    steps.redo.clear();
    if (step == Step::Continues && !steps.undo.empty())
        ++steps.undo.back();
    else
        steps.undo.push_back(1);
    if (steps.undo.size() > limits::kUndoEntries)
        steps.undo.erase(steps.undo.begin());
    Q_EMIT documentChanged(id);
    return {};
}

// What was typed in one go is several edits, but one step.
void Session::undo(const DocumentId &id)
{
    Steps &steps = m_steps[id];
    const int edits = steps.undo.empty() ? 1 : steps.undo.back();
    for (int i = 0; i < edits && m_history.canUndo(id); ++i)
        edit(tr("Nothing was undone"), m_history.undo(id));
    if (!steps.undo.empty())
        steps.undo.pop_back();
    steps.redo.push_back(edits);
}

void Session::redo(const DocumentId &id)
{
    Steps &steps = m_steps[id];
    const int edits = steps.redo.empty() ? 1 : steps.redo.back();
    for (int i = 0; i < edits && m_history.canRedo(id); ++i)
        edit(tr("Nothing was redone"), m_history.redo(id));
    if (!steps.redo.empty())
        steps.redo.pop_back();
    steps.undo.push_back(edits);
}

void Session::resolve(const EventId &entry, client::Resolution resolution)
{
    decide(tr("The decision was not taken"), m_client->resolve(entry, std::move(resolution)));
}

void Session::discard(const EventId &entry)
{
    decide(tr("The edit was not discarded"), m_client->discard(entry));
}

void Session::retry(const EventId &entry)
{
    decide(tr("The edit could not be tried again"), m_client->retry(entry));
}

void Session::edit(const QString &what, client::SyncClient::Edit future)
{
    whenEnded(this, future, [this, what](const Result<std::optional<EventId>> &result) {
        if (!result)
            Q_EMIT failed(what, result.error());
    });
}

void Session::decide(const QString &what, QFuture<Result<>> future)
{
    whenEnded(this, future, [this, what](const Result<> &result) {
        if (!result)
            Q_EMIT failed(what, result.error());
    });
}

} // namespace eventsync::desktop
