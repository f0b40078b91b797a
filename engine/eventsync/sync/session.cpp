// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/session_p.h>

#include <eventsync/base/limits.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/sync/limits.h>
#include <eventsync/sync/logging_p.h>

#include <algorithm>
#include <utility>

namespace eventsync::sync {

namespace {

// The most messages that may arrive before the answer to `hello`; EventSync's clients send fewer.
constexpr std::size_t kEarlyMessages = 256;

template<class... F>
struct Overloaded : F...
{
    using F::operator()...;
};
template<class... F>
Overloaded(F...) -> Overloaded<F...>;

} // namespace

Session::Session(SyncContext &context, SessionId id, SessionSink &sink, SessionInfo info)
    : m_context(context), m_id(id), m_peer(sink, std::move(info), context.options), m_pushes(*this, context),
      m_queries(m_peer, context.answers, context.options, [this] { sendPending(); })
{
    if (m_peer.info().readerOnly) {
        m_state = State::Ready;
        m_vectorClocks = m_peer.info().vectorClocks;
    }
    m_heartbeat.opened = m_heartbeat.received = m_heartbeat.pinged = context.active.now();
}

// ---- messages

void Session::receive(const protocol::Message &message)
{
    m_heartbeat.received = m_context.active.now();
    if (const auto done = guarded([&] { dispatch(message); }); !done)
        close(done.error(), limits::kRetryFirst);
}

void Session::receiveInvalid(const Error &error, const protocol::RefusedNames &names)
{
    m_heartbeat.received = m_context.active.now();
    // Before `welcome` the first message must be the hello.
    if (m_state == State::Opened && scopeOf(error.code) == protocol::ErrorScope::Connection)
        return close(error);
    if (names.requestId && m_state == State::Ready)
        return m_peer.send(protocol::QueryResult{.requestId = *names.requestId, .code = error.code, .reason = error.message});
    m_peer.sendError(error, protocol::ErrorScope::Message, names.documentId);
}

void Session::tooLong(const protocol::Message &message)
{
    const Error error{ErrorCode::TooLarge, "this is longer than a message may be"};
    qCWarning(lcSync) << "a message to" << m_peer.info().peer.c_str() << "is too long:" << std::string(protocol::messageType(message)).c_str();
    if (const auto *result = std::get_if<protocol::QueryResult>(&message))
        return m_peer.send(protocol::QueryResult{.requestId = result->requestId, .code = error.code, .reason = error.message});
    const auto document = std::visit(
        [](const auto &one) {
            if constexpr (requires { DocumentId(one.documentId); })
                return std::optional<DocumentId>(one.documentId);
            else
                return std::optional<DocumentId>();
        },
        message);
    if (document)
        unsubscribe(*document);
    m_peer.sendError(error, document ? protocol::ErrorScope::Document : protocol::ErrorScope::Message, document);
}

void Session::dispatch(const protocol::Message &message)
{
    if (m_state == State::Closed || std::holds_alternative<protocol::Pong>(message))
        return;
    if (const auto *greeting = std::get_if<protocol::Hello>(&message)) {
        if (m_state == State::Opened)
            hello(*greeting);
        else
            m_peer.sendError({ErrorCode::InvalidMessage, "hello comes once"}, protocol::ErrorScope::Message);
        return;
    }
    if (m_state == State::Opened)
        return m_peer.sendError({ErrorCode::InvalidMessage, "hello comes first"}, protocol::ErrorScope::Message);
    if (m_state == State::CheckingClientId) {
        if (m_early.size() >= kEarlyMessages)
            return close({ErrorCode::RateLimited, "too many messages before welcome"});
        m_early.push_back(message);
        return;
    }
    std::visit(Overloaded{
                   [&](const protocol::Ping &m) { m_peer.send(protocol::Pong{m.n}); },
                   [&](const protocol::Auth &m) { auth(m); },
                   [&](const protocol::Subscribe &m) { subscribe(m); },
                   [&](const protocol::Push &m) { m_pushes.take(m, subscription(m.documentId)); },
                   [&](const protocol::Cursor &m) {
                       if (const auto found = subscription(m.documentId))
                           found->moveCursor(m.serverSeq);
                   },
                   [&](const protocol::Presence &m) { showPresence(m); },
                   [&](const protocol::Unsubscribe &m) { unsubscribe(m.documentId); },
                   [&](const protocol::Watch &m) { watch(m); },
                   [&](const protocol::Unwatch &m) { unwatch(m.collection); },
                   [&](const protocol::Query &m) { m_queries.ask(m, m_principal, requester()); },
                   [&](const protocol::ErrorMessage &m) {
                       qCDebug(lcSync) << "peer" << m_peer.info().peer.c_str() << "reports" << m.message.c_str();
                   },
                   [&](const auto &) {
                       m_peer.sendError({ErrorCode::UnknownMessage, "a client does not send " + std::string(protocol::messageType(message))},
                                        protocol::ErrorScope::Message);
                   },
               },
               message);
}

// ---- hello

void Session::hello(const protocol::Hello &message)
{
    if (m_context.stopping)
        return close({ErrorCode::ShuttingDown, "the server is stopping"}, limits::kRetryFirst);
    if (message.protocol != protocol::kProtocolVersion)
        return close({ErrorCode::UnsupportedProtocol, "this server speaks protocol 1"});
    if (auto client = clientIdFrom(message.clientId.text()); !client)
        return close(client.error());
    const auto principal = m_context.options.access->authenticate(message.token, message.clientId);
    if (!principal)
        return close(principal.error());
    m_state = State::CheckingClientId;
    m_client = message.clientId;
    m_vectorClocks = std::count(message.capabilities.begin(), message.capabilities.end(), "vectorClock") > 0;
    m_context.clients.check(message, *principal, [weak = weak_from_this(), principal = *principal](const Result<> &checked) {
        const auto self = weak.lock();
        if (!self || self->m_state != State::CheckingClientId)
            return;
        if (!checked)
            return self->close(checked.error());
        self->m_principal = principal;
        self->m_context.becameReady(*self);
    });
}

void Session::welcome()
{
    m_state = State::Ready;
    const ServiceOptions &options = m_context.options;
    protocol::Welcome welcome{.epoch = options.epoch, .serverTime = m_context.clock.wall(),
                              .durability = m_context.engine.backend().durability(), .heartbeatMs = options.heartbeat.count(),
                              .limits = options.limits};
    if (m_principal.expires)
        welcome.tokenExpiresInMs = std::max<std::int64_t>(0, *m_principal.expires - m_context.clock.wall());
    m_peer.send(std::move(welcome));
    for (const protocol::Message &message : std::exchange(m_early, {}))
        dispatch(message);
}

void Session::auth(const protocol::Auth &message)
{
    auto principal = m_context.options.access->authenticate(message.token, m_client);
    if (!principal)
        return close(principal.error());
    if (principal->name != m_principal.name)
        return close({ErrorCode::ClientIdInUse, "the token is somebody else's"});
    m_principal = std::move(*principal);
    recheckAccess();
}

void Session::recheckAccess()
{
    const auto subscriptions = m_subscriptions; // revoking ends one
    for (const auto &[id, subscription] : subscriptions)
        subscription->recheckAccess();
}

// ---- documents

std::shared_ptr<Subscription> Session::subscription(const DocumentId &document) const
{
    const auto found = m_subscriptions.find(document);
    return found == m_subscriptions.end() ? nullptr : found->second;
}

void Session::subscribe(const protocol::Subscribe &message)
{
    std::shared_ptr<Subscription> subscription = this->subscription(message.documentId);
    if (!subscription && m_subscriptions.size() >= static_cast<std::size_t>(m_context.options.limits.documentsPerConnection))
        return m_peer.sendError({ErrorCode::QueueFull, "more documents than one connection may follow"}, protocol::ErrorScope::Document,
                                message.documentId, limits::kRetryLongest);
    if (message.checkpoints.size() > limits::kCheckpointsPerSubscribe || message.pending.size() > limits::kPendingIdsPerSubscribe)
        return m_peer.sendError({ErrorCode::TooLarge, "too many checkpoints or pending ids"}, protocol::ErrorScope::Document, message.documentId);
    if (!subscription) {
        subscription = std::make_shared<Subscription>(*this, m_context, message.documentId);
        m_subscriptions.emplace(message.documentId, subscription);
    }
    subscription->request(message);
}

void Session::unsubscribe(const DocumentId &document)
{
    const auto found = m_subscriptions.find(document);
    if (found == m_subscriptions.end())
        return;
    const std::shared_ptr<Subscription> ended = std::move(found->second);
    m_subscriptions.erase(found);
    ended->end();
}

bool Session::dependsOnRulesOfAny(const std::vector<CollectionName> &collections) const
{
    const auto isAmong = [&](const CollectionName &collection) {
        return std::find(collections.begin(), collections.end(), collection) != collections.end();
    };
    return std::any_of(m_subscriptions.begin(), m_subscriptions.end(),
                       [&](const auto &entry) {
                           const auto collection = entry.second->collection();
                           return collection && isAmong(*collection);
                       })
        || std::any_of(m_watches.begin(), m_watches.end(),
                       [&](const auto &entry) { return entry.second->dependsOnRules() && isAmong(entry.first); });
}

void Session::showPresence(const protocol::Presence &message)
{
    const auto found = subscription(message.documentId);
    if (!found || !found->isSynced())
        return m_peer.sendError({ErrorCode::NotFound, "presence needs a subscription"}, protocol::ErrorScope::Document, message.documentId);
    if (json::canonicalSize(message.state) > static_cast<std::size_t>(m_context.options.limits.presenceBytes))
        return m_peer.sendError({ErrorCode::TooLarge, "the presence is too large", "/state"}, protocol::ErrorScope::Message);
    if (message.state.is_null())
        m_context.presence.end(message.documentId, m_client);
    else if (const auto shown = m_context.presence.show(message.documentId, m_client, {m_id, message.state, m_context.active.now()}); !shown)
        m_peer.sendError(shown.error(), protocol::ErrorScope::Message);
}

// ---- collections

void Session::watch(const protocol::Watch &message)
{
    if (m_context.options.access->collectionAccess(m_principal, message.collection) == Access::None)
        return m_peer.sendError({ErrorCode::PermissionDenied, "no right to read the collection"}, protocol::ErrorScope::Document);
    if (!m_watches.contains(message.collection) && m_watches.size() >= limits::kWatchesPerConnection)
        return m_peer.sendError({ErrorCode::QueueFull, "this connection watches as many collections as it may"}, protocol::ErrorScope::Document);
    unwatch(message.collection);
    const auto watch = std::make_shared<CollectionWatch>(*this, m_context, message);
    m_watches.emplace(message.collection, watch);
    m_context.watches.add(watch);
    watch->start();
}

void Session::unwatch(const CollectionName &collection)
{
    const auto found = m_watches.find(collection);
    if (found == m_watches.end())
        return;
    const WatchPtr ended = std::move(found->second);
    m_watches.erase(found);
    ended->end();
    m_context.watches.remove(*ended);
}

// ---- sending

void Session::enqueue(const std::shared_ptr<Subscription> &subscription)
{
    if (subscription->isQueued())
        return;
    subscription->setQueued(true);
    m_behind.push_back(subscription);
}

void Session::sendPending()
{
    std::size_t waiting = 0; // subscriptions in a row that could not continue
    while (!m_behind.empty() && !m_reading && waiting < m_behind.size() && !m_peer.isOverHighWater()) {
        const std::shared_ptr<Subscription> subscription = std::move(m_behind.front());
        m_behind.pop_front();
        subscription->setQueued(false);
        if (subscription->state() != Subscription::State::CatchingUp)
            continue;
        const Subscription::Step stepped = subscription->step();
        waiting = stepped == Subscription::Step::Waits ? waiting + 1 : 0;
        if (stepped != Subscription::Step::Done)
            enqueue(subscription);
        m_queries.sendPiece();
    }
    while (m_queries.sendPiece()) {
    }
    const auto watches = m_watches; // a watch that fails ends
    for (const auto &[collection, watch] : watches) {
        if (m_peer.isOverHighWater())
            return;
        watch->resume();
    }
}

void Session::enqueueCursor(const std::shared_ptr<Subscription> &subscription)
{
    m_cursors.push_back(subscription);
    if (!m_readingCursor)
        cursorRead();
}

void Session::cursorRead()
{
    m_readingCursor = false;
    while (!m_readingCursor && !m_cursors.empty()) {
        const std::shared_ptr<Subscription> next = std::move(m_cursors.front());
        m_cursors.pop_front();
        m_readingCursor = next->readCursor();
    }
}

// ---- time and the end

void Session::tick(std::chrono::milliseconds active)
{
    if (m_state == State::Opened && active - m_heartbeat.opened > limits::kHelloTime)
        return close({ErrorCode::Timeout, "no hello"});
    if (m_state != State::Ready) // or its hello is still being checked, which is not the peer's fault
        return;
    if (m_principal.expires && *m_principal.expires <= m_context.clock.wall())
        return close({ErrorCode::TokenExpired, "the token has expired"});
    if (m_peer.unsentBytes() > limits::kUnsentHardBytes)
        return close({ErrorCode::SlowConsumer, "the peer does not read"});
    const auto silent = active - m_heartbeat.received, heartbeat = m_context.options.heartbeat;
    if (silent > 2 * heartbeat)
        return close({ErrorCode::Timeout, "silent for two heartbeats"});
    if (silent >= heartbeat && active - m_heartbeat.pinged >= heartbeat) {
        m_heartbeat.pinged = active;
        m_peer.send(protocol::Ping{++m_heartbeat.pings});
    }
    if (!m_behind.empty() || !m_watches.empty())
        sendPending();
}

void Session::close(const Error &error, std::optional<std::chrono::milliseconds> retryAfter)
{
    if (m_state == State::Closed)
        return;
    m_peer.close(error, retryAfter);
    release();
}

void Session::lost()
{
    m_peer.lost();
    release();
}

// Waiting pushes of the session are still processed, because they were received. Only a newer `hello` of the same client
// cancels them.
void Session::release()
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closed;
    m_gone.cancel();
    for (const auto &[id, subscription] : std::exchange(m_subscriptions, {}))
        subscription->end();
    m_behind.clear();
    m_cursors.clear();
    for (const auto &[collection, watch] : std::exchange(m_watches, {})) {
        watch->end();
        m_context.watches.remove(*watch);
    }
    m_context.ended(m_id);
}

} // namespace eventsync::sync
