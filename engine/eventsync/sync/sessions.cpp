// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/private.h>

#include <eventsync/base/limits.h>
#include <eventsync/base/logging.h>

#include <algorithm>

namespace eventsync::sync {

namespace {

// Messages that came before the answer to `hello`: a client that sends more than this without waiting is no client of ours.
constexpr std::size_t kEarlyMessages = 256;

template<class... F>
struct Overloaded : F...
{
    using F::operator()...;
};
template<class... F>
Overloaded(F...) -> Overloaded<F...>;

} // namespace

protocol::ErrorScope scopeOf(ErrorCode code)
{
    using enum ErrorCode;
    switch (code) {
    case Unauthenticated: case TokenExpired: case UnsupportedProtocol: case OriginRefused: case Replaced: case SlowConsumer:
    case ClientExpired: case ClientIdReserved: case ClientIdInUse: case ClientSecretWrong: case ShuttingDown: case Timeout:
        return protocol::ErrorScope::Connection;
    case InvalidMessage: case UnknownMessage: case InvalidValue: case UnknownField: case TooLarge: case TooDeep:
        return protocol::ErrorScope::Message;
    default:
        return protocol::ErrorScope::Document;
    }
}

Error shortened(Error error)
{
    if (error.message.size() > limits::kReasonBytes) {
        std::size_t end = limits::kReasonBytes;
        while (end > 0 && (static_cast<unsigned char>(error.message[end]) & 0xC0) == 0x80)
            --end; // never inside a character
        error.message.resize(end);
        error.message += "...";
    }
    if (error.path.size() > limits::kReasonBytes)
        error.path.clear(); // a part of a pointer would point elsewhere
    return error;
}

Session *SyncService::Private::session(SessionId id)
{
    const auto found = sessions.find(id);
    return found == sessions.end() ? nullptr : found->second.get();
}

void SyncService::Private::send(Session &session, protocol::Message message)
{
    session.sink->send(std::make_shared<const protocol::OutgoingMessage>(std::move(message)));
}

void SyncService::Private::sendError(Session &session, const Error &error, protocol::ErrorScope scope,
                                     const std::optional<DocumentId> &document,
                                     std::optional<std::chrono::milliseconds> retryAfter)
{
    if (options.metrics)
        options.metrics->counter("eventsync_errors_total", "errors told to peers, by code",
                                 "code=\"" + std::string(errorName(error.code)) + "\"").add();
    protocol::ErrorMessage message{.code = error.code, .message = shortened(error).message, .scope = scope, .documentId = document};
    if (!retryAfter && errorClass(error.code) == ErrorClass::Transient)
        retryAfter = limits::kRetryFirst;
    if (retryAfter)
        message.retryAfterMs = retryAfter->count();
    send(session, std::move(message));
}

void SyncService::Private::closeSession(SessionId id, const Error &error, std::optional<std::chrono::milliseconds> retryAfter)
{
    Session *closing = session(id);
    if (!closing)
        return;
    if (closing->state != Session::State::Replaced) {
        sendError(*closing, error, protocol::ErrorScope::Connection, {}, retryAfter);
        closing->sink->close(error.code, error.message);
    }
    forget(id);
}

void SyncService::Private::tooLong(Session &session, const protocol::Message &message)
{
    const Error error{ErrorCode::TooLarge, "this is longer than a message may be"};
    qCWarning(lcSync) << "a message to" << session.info.peer.c_str() << "is too long:" << std::string(protocol::messageType(message)).c_str();
    if (const auto *result = std::get_if<protocol::QueryResult>(&message))
        return send(session, protocol::QueryResult{.requestId = result->requestId, .code = error.code, .reason = error.message});
    const auto document = std::visit(
        [](const auto &one) {
            if constexpr (requires { DocumentId(one.documentId); })
                return std::optional<DocumentId>(one.documentId);
            else
                return std::optional<DocumentId>();
        },
        message);
    if (document)
        unsubscribe(session, *document);
    sendError(session, error, document ? protocol::ErrorScope::Document : protocol::ErrorScope::Message, document);
}

// What the session pushed stays where it waits: it was received, and nothing says that it must not be processed; only a
// newer hello of the same client says that (hello()).
void SyncService::Private::forget(SessionId id)
{
    const auto found = sessions.find(id);
    if (found == sessions.end())
        return;
    const std::unique_ptr<Session> gone = std::move(found->second);
    sessions.erase(found);
    for (const auto &[documentId, subscription] : gone->subscriptions) {
        if (const DocumentPtr document = inUse(documentId)) {
            broker.leave(documentId, id);
            const auto present = document->presence.find(gone->client);
            if (present != document->presence.end() && present->second.session == id)
                endPresence(document, gone->client);
        }
    }
    for (const auto &[collection, watch] : gone->watches)
        endWatch(id, collection);
}

void SyncService::Private::dispatch(Session &session, const protocol::Message &message)
{
    if (std::holds_alternative<protocol::Pong>(message))
        return;
    if (session.state == Session::State::Replaced) { // only with a mutation: see hello()
        if (const auto *pushed = std::get_if<protocol::Push>(&message))
            push(session, *pushed);
        return;
    }
    if (const auto *greeting = std::get_if<protocol::Hello>(&message)) {
        if (session.state != Session::State::Opened)
            return sendError(session, {ErrorCode::InvalidMessage, "hello comes once"}, protocol::ErrorScope::Message);
        return hello(session, *greeting);
    }
    if (session.state == Session::State::Opened)
        return sendError(session, {ErrorCode::InvalidMessage, "hello comes first"}, protocol::ErrorScope::Message);
    if (session.state == Session::State::Greeting) {
        if (session.early.size() >= kEarlyMessages)
            return closeSession(session.id, {ErrorCode::RateLimited, "too many messages before welcome"});
        session.early.push_back(message);
        return;
    }
    std::visit(Overloaded{
                   [&](const protocol::Ping &m) { send(session, protocol::Pong{m.n}); },
                   [&](const protocol::Auth &m) { auth(session, m); },
                   [&](const protocol::Subscribe &m) { subscribe(session, m); },
                   [&](const protocol::Push &m) { push(session, m); },
                   [&](const protocol::Cursor &m) { cursor(session, m); },
                   [&](const protocol::Presence &m) { presence(session, m); },
                   [&](const protocol::Unsubscribe &m) { unsubscribe(session, m.documentId); },
                   [&](const protocol::Watch &m) { watch(session, m); },
                   [&](const protocol::Unwatch &m) { unwatch(session, m.collection); },
                   [&](const protocol::Query &m) { query(session, m); },
                   [&](const protocol::ErrorMessage &m) {
                       qCDebug(lcSync) << "peer" << session.info.peer.c_str() << "reports" << m.message.c_str();
                   },
                   [&](const auto &) {
                       sendError(session,
                                 {ErrorCode::UnknownMessage,
                                  "a client does not send " + std::string(protocol::messageType(message))},
                                 protocol::ErrorScope::Message);
                   },
               },
               message);
}

} // namespace eventsync::sync
