// SPDX-License-Identifier: Apache-2.0
//
// Dispatch of the server's messages.
#include <eventsync/client/clientcore_p.h>
#include <eventsync/client/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/limits.h>
#include <eventsync/protocol/limits.h>

#include <utility>

namespace eventsync::client {

namespace {

std::optional<std::chrono::milliseconds> milliseconds(std::optional<std::int64_t> count)
{
    return count ? std::optional(std::chrono::milliseconds(*count)) : std::nullopt;
}

} // namespace

// Presence is sent for open documents only, and not before the document is synced: a server that does not know the subscription
// yet answers presence with an error of the document, which would look like a refused subscription.
void ClientCore::Private::sendPresence(const DocumentId &id, const json::Value &state, Changes &out) const
{
    const DocumentReplica *document = known(id);
    if (context.welcome && document && document->isSynced() && (document->parts().isOpen || state.is_null()))
        out.messages.push_back(protocol::Presence{id, context.clientId, state});
}

void ClientCore::Private::repeatPresence(const DocumentId &id, Changes &out) const
{
    if (const auto presence = presences.find(id); presence != presences.end())
        sendPresence(id, presence->second, out);
}

void ClientCore::Private::onWelcome(const protocol::Welcome &message, Changes &out)
{
    context.welcome = true;
    context.wire = message.limits;
    out.notifications.push_back(Welcomed{message});
    for (auto &[id, document] : documents)
        finish(*document, out); // end() assigns places to documents that want one
    for (auto &[collection, watch] : watches) {
        watch.listed.clear();
        watch.isListing = true;
        out.messages.push_back(watch.parameters);
    }
    presenceSent = clock.steady();
}

// The reason of the close decides whether and when to connect again (rule 9).
void ClientCore::Private::onConnectionError(const Error &error, std::optional<std::chrono::milliseconds> retryAfter,
                                            Changes &out)
{
    switch (error.code) {
    case ErrorCode::ClientExpired:
    case ErrorCode::ClientForked:
    case ErrorCode::ClientIdInUse:
        context.fork = error;
        return;
    case ErrorCode::Replaced:
        out.notifications.push_back(ConnectionReplaced{});
        out.close = Changes::Close{.reason = error, .retryAfter = limits::kRetryReplaced};
        return;
    case ErrorCode::SlowConsumer: // this client was too slow; it may succeed the next time
        out.close = Changes::Close{.reason = error, .retryAfter = retryAfter};
        return;
    default:
        break;
    }
    const bool transient = errorClass(error.code) == ErrorClass::Transient || errorClass(error.code) == ErrorClass::Corrupt;
    out.close = Changes::Close{.reason = error, .retryAfter = retryAfter, .never = !transient};
}

void ClientCore::Private::onError(const protocol::ErrorMessage &message, Changes &out)
{
    const Error error{message.code, message.message};
    const auto retryAfter = milliseconds(message.retryAfterMs);
    out.notifications.push_back(ServerError{error, message.scope, message.documentId});
    if (message.scope == protocol::ErrorScope::Connection) {
        onConnectionError(error, retryAfter, out);
        return;
    }
    if (message.code == ErrorCode::ClientExpired) {
        context.fork = error;
        return;
    }
    DocumentReplica *document = message.documentId ? known(*message.documentId) : nullptr;
    if (!document)
        return;
    if (message.scope == protocol::ErrorScope::Document)
        document->pull().onError(error, retryAfter);
    else
        document->push().onUnreadable(error);
    finish(*document, out);
}

void ClientCore::Private::onHeads(const protocol::Heads &message, Changes &out)
{
    if (const auto found = watches.find(message.collection); found != watches.end()) {
        WatchedCollection &watch = found->second;
        for (const protocol::Head &head : message.heads) {
            if (head.deleted) {
                watch.shown.erase(head.documentId);
                watch.listed.erase(head.documentId);
                continue;
            }
            watch.shown.insert(head.documentId);
            if (watch.isListing)
                watch.listed.insert(head.documentId);
        }
    }
    out.notifications.push_back(HeadsChanged{message.collection, message.heads});
}

void ClientCore::Private::onWatching(const protocol::Watching &message, Changes &out)
{
    if (const auto found = watches.find(message.collection); found != watches.end()) {
        WatchedCollection &watch = found->second;
        watch.parameters.since = message.token;
        watch.isListing = false;
        const auto listed = std::exchange(watch.listed, {});
        HeadsChanged gone{message.collection, {}};
        for (const DocumentId &id : watch.shown) {
            if (message.full && !listed.contains(id))
                gone.heads.push_back({.documentId = id, .deleted = true});
        }
        for (const protocol::Head &head : gone.heads)
            watch.shown.erase(head.documentId);
        if (!gone.heads.empty())
            out.notifications.push_back(std::move(gone));
    }
    out.notifications.push_back(WatchReady{message.collection, message.token, message.full});
}

// An answer in parts is reported when it is complete.
void ClientCore::Private::onResult(const protocol::QueryResult &message, Changes &out)
{
    if (!message.piece) {
        out.notifications.push_back(QueryAnswered{message});
        return;
    }
    const auto fail = [&](ErrorCode code, const char *reason) {
        pieces = {};
        out.notifications.push_back(QueryAnswered{{.requestId = message.requestId, .code = code, .reason = reason}});
    };
    if (message.part == 1)
        pieces = {message.requestId, {}};
    if (pieces.requestId != message.requestId)
        return; // of an answer that is no longer awaited
    pieces.text += *message.piece;
    if (pieces.text.size() > limits::kLongestAnswerBytes)
        return fail(ErrorCode::TooLarge, "the answer is longer than any may be");
    if (message.more)
        return;
    auto content = json::parse(pieces.text, {.bytes = limits::kLongestAnswerBytes,
                                             .depth = limits::kDepth + limits::kEventDepthExtra + limits::kFrameDepthExtra});
    if (!content || !content->is_object())
        return fail(ErrorCode::InvalidMessage, "the pieces of the answer do not make one");
    pieces = {};
    out.notifications.push_back(QueryAnswered{{.requestId = message.requestId, .content = std::move(content->get_object())}});
}

Changes ClientCore::receive(const protocol::Message &message)
{
    Changes out = d->begin();
    // A message about one document, handled by this member of its replica.
    auto document = [&](const DocumentId &id, auto act) {
        if (DocumentReplica *replica = d->context.welcome ? d->known(id) : nullptr) {
            act(*replica);
            d->finish(*replica, out);
        }
    };
    using namespace protocol;
    if (const auto *welcome = std::get_if<Welcome>(&message)) {
        d->onWelcome(*welcome, out);
    } else if (const auto *events = std::get_if<Events>(&message)) {
        document(events->documentId, [&](DocumentReplica &r) { r.pull().onEvents(*events); });
    } else if (const auto *ack = std::get_if<Ack>(&message)) {
        document(ack->documentId, [&](DocumentReplica &r) { r.push().onAck(*ack); });
    } else if (const auto *synced = std::get_if<Synced>(&message)) {
        document(synced->documentId, [&](DocumentReplica &r) { r.pull().onSynced(*synced); });
        d->repeatPresence(synced->documentId, out);
    } else if (const auto *snapshot = std::get_if<protocol::Snapshot>(&message)) {
        document(snapshot->documentId, [&](DocumentReplica &r) { r.pull().onSnapshot(*snapshot); });
    } else if (const auto *diverged = std::get_if<Diverged>(&message)) {
        document(diverged->documentId, [&](DocumentReplica &r) { r.pull().onDiverged(*diverged); });
    } else if (const auto *revoked = std::get_if<Revoked>(&message)) {
        document(revoked->documentId, [&](DocumentReplica &r) { r.pull().onRevoked(*revoked); });
    } else if (const auto *heads = std::get_if<Heads>(&message)) {
        d->onHeads(*heads, out);
    } else if (const auto *watching = std::get_if<Watching>(&message)) {
        d->onWatching(*watching, out);
    } else if (const auto *result = std::get_if<QueryResult>(&message)) {
        d->onResult(*result, out);
    } else if (const auto *cursors = std::get_if<Cursors>(&message)) {
        out.notifications.push_back(CursorsChanged{cursors->documentId, cursors->cursors});
    } else if (const auto *presence = std::get_if<Presence>(&message)) {
        out.notifications.push_back(PresenceChanged{presence->documentId, presence->clientId, presence->state});
    } else if (const auto *ping = std::get_if<Ping>(&message)) {
        out.messages.push_back(Pong{ping->n});
    } else if (const auto *error = std::get_if<ErrorMessage>(&message)) {
        d->onError(*error, out);
    } else if (const auto *goAway = std::get_if<GoAway>(&message)) {
        const std::chrono::milliseconds wait(goAway->retryAfterMs);
        out.notifications.push_back(ServerLeaving{wait});
        out.close = Changes::Close{.reason = {ErrorCode::ShuttingDown, "the server is stopping"}, .retryAfter = wait};
    }
    d->end(out);
    return out;
}

} // namespace eventsync::client
