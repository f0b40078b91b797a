// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/clientcore_p.h>

#include <eventsync/client/logging_p.h>
#include <eventsync/client/rows_p.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/protocol/limits.h>

#include <algorithm>

namespace eventsync::client {

namespace {

constexpr std::string_view kPolicyPrefix = "policy:";

storage::Row clientIdRow(const ClientId &id)
{
    return rows::withChecksum({std::string("clientId"), id.text()});
}

// A damaged row is left out: the policy comes again with `synced`, and without its client id a replica is a new one. `damage` says
// what was wrong with that.
Result<> loadMeta(storage::ReadView &view, ReplicaContext &context, std::optional<Error> &damage)
{
    auto read = [&](const storage::Row &row) -> Result<> {
        EVENTSYNC_CHECK(rows::checkSound(row));
        EVENTSYNC_TRY(const std::string name, rows::text(row, 0));
        EVENTSYNC_TRY(const std::string value, rows::text(row, 1));
        if (name == "clientId") {
            EVENTSYNC_TRY(context.clientId, clientIdFrom(value));
        } else if (name.starts_with(kPolicyPrefix)) {
            EVENTSYNC_TRY(const CollectionName collection, collectionNameFrom(std::string_view(name).substr(kPolicyPrefix.size())));
            EVENTSYNC_TRY(const json::Value parsed, json::parse(value));
            EVENTSYNC_TRY(CollectionPolicy policy, CollectionPolicy::fromJson(parsed));
            context.policies.set(collection, std::move(policy));
        }
        return {};
    };
    EVENTSYNC_CHECK(view.scan({.set = "meta"}, [&](const storage::Row &row) {
        if (const auto result = read(row); !result) {
            qCWarning(lcClient) << "the profile is damaged: meta:" << result.error().message.c_str();
            if (!rows::text(row, 0).value_or("").starts_with(kPolicyPrefix))
                damage = Error{ErrorCode::Corrupt, "the client id was damaged on the disk"};
        }
        return true;
    }));
    return {};
}

Result<> checkNames(const DocumentId &id, const std::optional<CollectionName> &collection = {})
{
    EVENTSYNC_CHECK(documentIdFrom(id.text()));
    if (collection)
        EVENTSYNC_CHECK(collectionNameFrom(collection->text()));
    return {};
}

// A message that the peer could not read is not sent.
Result<> checkReadable(const protocol::Message &message)
{
    EVENTSYNC_CHECK(protocol::decode(protocol::encode(message, Codec::Json), Codec::Json));
    return {};
}

} // namespace

const storage::Schema &ClientCore::schema()
{
    return rows::schema();
}

ClientCore::ClientCore(std::unique_ptr<Private> p) : d(std::move(p)) {}
ClientCore::~ClientCore() = default;

Result<std::unique_ptr<ClientCore>> ClientCore::load(storage::ReadView &view, const Clock &clock, Random &random,
                                                     ClientOptions options)
{
    auto d = std::make_unique<Private>(clock, random, std::move(options));
    d->context.policies = d->options.policies;
    std::optional<Error> lostId;
    EVENTSYNC_CHECK(loadMeta(view, d->context, lostId));
    Private &p = *d;
    EVENTSYNC_TRY(LoadedReplicas loaded, DocumentReplica::loadAll(
        view, p.context, [&p](const DocumentId &id) -> DocumentReplica & { return p.replica(id); }));
    p.first.writes = std::move(loaded.repairs);
    const bool isNew = p.context.clientId.isEmpty();
    if (isNew) {
        p.context.clientId = ClientId(p.uuids.next().toText());
        p.first.writes.put("meta", clientIdRow(p.context.clientId));
    }
    if (isNew && lostId)
        p.first.notifications.push_back(ClientIdChanged{{}, p.context.clientId, *lostId});
    for (auto &[id, document] : p.documents) {
        if (isNew && lostId) // what it had sent is numbered anew
            document->clientIdChanged();
        if ((isNew && lostId) || loaded.damage.contains(id))
            p.finish(*document, p.first);
    }
    return std::unique_ptr<ClientCore>(new ClientCore(std::move(d)));
}

// ---- steps

DocumentReplica &ClientCore::Private::replica(const DocumentId &id)
{
    auto &document = documents[id];
    if (!document)
        document = std::make_unique<DocumentReplica>(context, id);
    return *document;
}

DocumentReplica *ClientCore::Private::known(const DocumentId &id) const
{
    const auto found = documents.find(id);
    return found == documents.end() ? nullptr : found->second.get();
}

Changes ClientCore::Private::begin()
{
    return std::exchange(first, {});
}

void ClientCore::Private::end(Changes &out)
{
    if (context.fork) {
        const Error why = *std::exchange(context.fork, std::nullopt);
        fork(why, out);
    }
    if (out.close)
        leave();
    if (context.welcome)
        turns.take(context.places(), clock.steady(), out);
}

void ClientCore::Private::finish(DocumentReplica &document, Changes &out)
{
    document.finish(out);
    turns.place(document, clock.steady());
}

// This replica is a copy, or its id has expired: it takes a new id, and pushes all edits that are not in the log under it.
void ClientCore::Private::fork(const Error &why, Changes &out)
{
    const ClientId before = context.clientId;
    context.clientId = ClientId(uuids.next().toText());
    out.writes.put("meta", clientIdRow(context.clientId));
    context.welcome = false;
    for (auto &[id, document] : documents) {
        document->clientIdChanged();
        finish(*document, out);
    }
    out.notifications.push_back(ClientIdChanged{before, context.clientId, why});
    out.close = Changes::Close{.reason = why, .retryAfter = std::chrono::milliseconds(0)};
}

void ClientCore::Private::leave()
{
    context.welcome = false;
    context.wire = {};
    pieces = {};
    for (auto &[id, document] : documents) {
        document->pull().disconnected();
        turns.place(*document, clock.steady());
    }
}

// ---- connection

Changes ClientCore::connected()
{
    Changes out = d->begin();
    d->leave();
    protocol::Hello hello{.clientId = d->context.clientId,
                          .clientSecret = d->options.clientSecret,
                          .token = d->options.token,
                          .userAgent = d->options.userAgent};
    if (d->options.wantClocks)
        hello.capabilities.push_back("vectorClock");
    out.messages.push_back(std::move(hello));
    return out;
}

Changes ClientCore::disconnected()
{
    Changes out = d->begin();
    d->leave();
    return out;
}

Changes ClientCore::tick()
{
    Changes out = d->begin();
    d->turns.tick();
    for (auto &[id, document] : d->documents) {
        document->tick();
        d->finish(*document, out);
    }
    const auto now = d->clock.steady();
    if (d->context.welcome && now - d->presenceSent >= limits::kPresenceKeep / 3) {
        d->presenceSent = now;
        for (const auto &[id, state] : d->presences)
            d->sendPresence(id, state, out);
    }
    d->end(out);
    return out;
}

// ---- interest

Result<Changes> ClientCore::openDocument(const DocumentId &id, const std::optional<CollectionName> &collection)
{
    EVENTSYNC_CHECK(checkNames(id, collection));
    DocumentReplica &document = d->replica(id);
    return d->step(document, [&](Changes &out) {
        const bool wasOpen = document.parts().isOpen;
        document.open(collection);
        if (!wasOpen) // it may be followed already, because of its edits
            d->repeatPresence(id, out);
    });
}

Changes ClientCore::closeDocument(const DocumentId &id)
{
    DocumentReplica *document = d->known(id);
    if (!document)
        return d->begin();
    return d->step(*document, [&](Changes &out) {
        if (document->parts().isOpen && d->presences.contains(id))
            d->sendPresence(id, json::Value(), out);
        document->close();
    });
}

Result<Changes> ClientCore::watch(const CollectionName &collection, protocol::Watch parameters)
{
    parameters.collection = collection;
    EVENTSYNC_CHECK(checkReadable(parameters));
    Changes out = d->begin();
    if (d->context.welcome)
        out.messages.push_back(parameters);
    d->watches.insert_or_assign(collection, Private::WatchedCollection{std::move(parameters)});
    return out;
}

Changes ClientCore::unwatch(const CollectionName &collection)
{
    Changes out = d->begin();
    if (d->watches.erase(collection) > 0 && d->context.welcome)
        out.messages.push_back(protocol::Unwatch{collection});
    return out;
}

Changes ClientCore::query(protocol::Query query)
{
    Changes out = d->begin();
    Result<> possible = checkReadable(query);
    if (possible && !d->context.welcome)
        possible = failure(ErrorCode::Unavailable, "there is no connection to the server");
    if (possible)
        out.messages.push_back(std::move(query));
    else
        out.notifications.push_back(QueryAnswered{
            {.requestId = query.requestId, .code = possible.error().code, .reason = possible.error().message}});
    return out;
}

Result<Changes> ClientCore::presence(const DocumentId &id, json::Value state)
{
    EVENTSYNC_CHECK(checkNames(id));
    EVENTSYNC_CHECK(json::normalize(state));
    if (json::canonicalSize(state) > limits::kPresenceBytes)
        return failure(ErrorCode::TooLarge, "the presence is too large");
    Changes out = d->begin();
    d->sendPresence(id, state, out);
    if (state.is_null())
        d->presences.erase(id);
    else
        d->presences.insert_or_assign(id, std::move(state));
    return out;
}

Changes ClientCore::renewToken(std::string token)
{
    Changes out = d->begin();
    d->options.token = token;
    if (d->context.welcome)
        out.messages.push_back(protocol::Auth{std::move(token)});
    return out;
}

// ---- edits

template<class Act>
Result<ClientCore::Edited> ClientCore::Private::edit(const DocumentId &id, Act act)
{
    if (refusal)
        return failure(*refusal);
    DocumentReplica *document = known(id);
    if (!document)
        return failure(ErrorCode::NotFound, "the document is not known here");
    EVENTSYNC_TRY(LocalEdits::Made made, act(document->edits()));
    Edited edited{.id = made.id, .diff = std::move(made.diff), .changes = begin()};
    finish(*document, edited.changes);
    end(edited.changes);
    return edited;
}

Result<ClientCore::Edited> ClientCore::Private::create(DocumentKind kind, const DocumentId &id, const CollectionName &collection,
                                                        json::Value state, json::Object metadata)
{
    EVENTSYNC_CHECK(checkNames(id, collection));
    const bool fresh = !known(id);
    replica(id);
    auto edited = edit(id, [&](LocalEdits &edits) {
        return edits.create(kind, collection, std::move(state), std::move(metadata));
    });
    if (!edited && fresh)
        documents.erase(id); // it holds no place yet: places are assigned at the end of a step
    return edited;
}

Result<ClientCore::Edited> ClientCore::create(const DocumentId &id, const CollectionName &collection, json::Value state,
                                              json::Object metadata)
{
    return d->create(DocumentKind::Json, id, collection, std::move(state), std::move(metadata));
}

Result<ClientCore::Edited> ClientCore::createCrdt(const DocumentId &id, const CollectionName &collection, json::Value initial,
                                                  json::Object metadata)
{
    return d->create(DocumentKind::Crdt, id, collection, std::move(initial), std::move(metadata));
}

Result<ClientCore::Edited> ClientCore::updateCrdt(const DocumentId &id, const CrdtEdit &edit, json::Object metadata)
{
    return d->edit(id, [&](LocalEdits &edits) { return edits.updateCrdt(edit, std::move(metadata)); });
}

Result<ClientCore::Edited> ClientCore::update(const DocumentId &id, json::Patch patch, json::Object metadata)
{
    return d->edit(id, [&](LocalEdits &edits) { return edits.update(std::move(patch), std::move(metadata)); });
}

Result<ClientCore::Edited> ClientCore::update(const DocumentId &id, const std::function<Result<>(json::Value &)> &edit,
                                              json::Object metadata)
{
    return d->edit(id, [&](LocalEdits &edits) { return edits.update(edit, std::move(metadata)); });
}

Result<ClientCore::Edited> ClientCore::remove(const DocumentId &id, json::Object metadata)
{
    return d->edit(id, [&](LocalEdits &edits) { return edits.remove(std::move(metadata)); });
}

Result<ClientCore::Edited> ClientCore::undo(const DocumentId &id)
{
    return d->edit(id, [](LocalEdits &edits) { return edits.undo(false); });
}

Result<ClientCore::Edited> ClientCore::redo(const DocumentId &id)
{
    return d->edit(id, [](LocalEdits &edits) { return edits.undo(true); });
}

bool ClientCore::canUndo(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document && document->parts().undo.last(false);
}

bool ClientCore::canRedo(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document && document->parts().undo.last(true);
}

// ---- decisions

namespace {

template<class Private>
DocumentReplica *holderOf(Private &d, const EventId &entry)
{
    for (auto &[id, document] : d.documents) {
        if (document->parts().queue.find(entry))
            return document.get();
    }
    return nullptr;
}

template<class Private, class Act>
Result<Changes> decide(Private &d, const EventId &entry, Act act)
{
    if (d.refusal)
        return failure(*d.refusal);
    DocumentReplica *document = holderOf(d, entry);
    if (!document)
        return failure(ErrorCode::NotFound, "there is no such entry in the queue");
    EVENTSYNC_CHECK(act(document->decisions()));
    Changes out = d.begin();
    d.finish(*document, out);
    d.end(out);
    return out;
}

} // namespace

Result<Changes> ClientCore::resolve(const EventId &entry, Resolution resolution)
{
    return decide(*d, entry, [&](ConflictDecisions &decisions) { return decisions.resolve(entry, resolution); });
}

std::optional<ConflictView> ClientCore::conflict(const EventId &entry) const
{
    const DocumentReplica *document = holderOf(*d, entry);
    return document ? std::as_const(*document).decisions().view(entry) : std::nullopt;
}

Result<Changes> ClientCore::discard(const EventId &entry)
{
    return decide(*d, entry, [&](ConflictDecisions &decisions) { return decisions.discard(entry); });
}

Result<Changes> ClientCore::retry(const EventId &entry)
{
    return decide(*d, entry, [&](ConflictDecisions &decisions) { return decisions.retry(entry); });
}

void ClientCore::refuseEdits(const Error &error)
{
    d->refusal = error;
}

// ---- what is known

const ClientId &ClientCore::clientId() const
{
    return d->context.clientId;
}

std::vector<DocumentId> ClientCore::documents() const
{
    std::vector<DocumentId> ids;
    for (const auto &[id, document] : d->documents)
        ids.push_back(id);
    return ids;
}

const DocumentState *ClientCore::confirmed(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document ? &document->parts().tree.confirmed() : nullptr;
}

const DocumentState *ClientCore::optimistic(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document ? &document->parts().tree.state() : nullptr;
}

const crdt::Document *ClientCore::crdtDocument(const DocumentId &id) const
{
    const DocumentState *state = optimistic(id);
    return state && state->kind() == DocumentKind::Crdt ? &state->crdt() : nullptr;
}

std::optional<Position> ClientCore::position(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document ? std::optional(document->parts().history.position()) : std::nullopt;
}

std::optional<CollectionName> ClientCore::collection(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document ? document->parts().rules.collection() : std::nullopt;
}

const CollectionPolicy &ClientCore::policy(const DocumentId &id) const
{
    static const CollectionPolicy kNone;
    const DocumentReplica *document = d->known(id);
    return document ? document->parts().rules.policy() : kNone;
}

VectorClock ClientCore::vectorClock(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document ? document->parts().history.clock() : VectorClock();
}

bool ClientCore::isSynced(const DocumentId &id) const
{
    const DocumentReplica *document = d->known(id);
    return document && document->isSynced();
}

std::vector<QueueEntry> ClientCore::queue() const
{
    std::vector<std::pair<const DocumentParts *, const Entry *>> all;
    all.reserve(queueSize());
    for (const auto &[id, document] : d->documents) {
        for (const auto &[order, entry] : document->parts().queue.entries())
            all.emplace_back(&document->parts(), &entry);
    }
    std::ranges::sort(all, {}, [](const auto &one) { return one.second->order; });
    std::vector<QueueEntry> entries;
    entries.reserve(all.size());
    for (const auto &[parts, entry] : all)
        entries.push_back(entry->content(parts->history.serverSeq()));
    return entries;
}

std::vector<QueueEntry> ClientCore::queue(const DocumentId &id) const
{
    std::vector<QueueEntry> entries;
    if (const DocumentReplica *document = d->known(id)) {
        for (const auto &[order, entry] : document->parts().queue.entries())
            entries.push_back(entry.content(document->parts().history.serverSeq()));
    }
    return entries;
}

std::size_t ClientCore::queueSize() const
{
    return d->context.queueSize;
}

QueueCounts ClientCore::queueCounts() const
{
    QueueCounts counts;
    for (const auto &[id, document] : d->documents)
        document->parts().queue.count(counts);
    return counts;
}

QueueCounts ClientCore::queueCounts(const DocumentId &id) const
{
    QueueCounts counts;
    if (const DocumentReplica *document = d->known(id))
        document->parts().queue.count(counts);
    return counts;
}

} // namespace eventsync::client
