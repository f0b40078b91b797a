// SPDX-License-Identifier: Apache-2.0
//
// The connection that comes and goes (docs/protocol.md, rule 9).
#include <eventsync/base/limits.h>
#include <eventsync/client/syncclient_p.h>

#include <eventsync/base/guard.h>

#include <algorithm>

namespace eventsync::client {

namespace {

protocol::Codec codecOf(const transport::Connection &connection)
{
    return connection.info().codec == transport::Codec::Cbor ? protocol::Codec::Cbor : protocol::Codec::Json;
}

Error errorOf(const transport::CloseReason &reason)
{
    return {reason.error.value_or(ErrorCode::Unavailable), reason.text.empty() ? "the connection was closed" : reason.text};
}

} // namespace

void SyncClient::Private::setState(State next)
{
    if (state == next || state == State::StoreLost)
        return;
    state = next;
    if (next == State::Online || next == State::Offline)
        lastError.reset();
    Q_EMIT q->stateChanged(next);
}

void SyncClient::Private::connectNow()
{
    if (!wanted || connection || state == State::StoreLost)
        return;
    if (!options.connect) {
        lastError = Error{ErrorCode::Unavailable, "no server is set"};
        setState(State::Refused);
        return;
    }
    retryTimer.stop();
    auto dialled = guarded(options.connect);
    if (!dialled) {
        lastError = dialled.error();
        if (errorClass(lastError->code) == ErrorClass::Permanent)
            setState(State::Refused); // a URL that cannot be one: trying again changes nothing
        else
            retryAfter({});
        return;
    }
    connection = std::move(*dialled);
    ++connectionNumber;
    welcomedAt = std::chrono::milliseconds(-1);
    connection->setCallbacks({.opened = [this] { opened(); },
                              .frameReceived = [this](const transport::Frame &frame) { received(frame); },
                              .closed = [this](const transport::CloseReason &reason) { closed(reason); }});
    const bool open = connection->isOpen();
    setState(State::Connecting);
    if (open)
        opened();
}

void SyncClient::Private::opened()
{
    heardAt = listened.now();
    pingTimer.start(std::chrono::milliseconds(limits::kHeartbeat)); // until the welcome says another
    apply(core->connected());
}

void SyncClient::Private::received(const transport::Frame &frame)
{
    heardAt = listened.now();
    const auto codec = frame.isText() ? protocol::Codec::Json : protocol::Codec::Cbor;
    const auto message = protocol::decode(frame.bytes(), codec);
    if (!message) {
        if (message.error().code == ErrorCode::UnknownMessage) // of a newer server
            return;
        leave({.reason = message.error(), .retryAfter = options.retryLongest});
        return;
    }
    if (const auto *part = std::get_if<protocol::QueryResult>(&*message)) // a long answer may take long, as long as it comes
        requests.extend(part->requestId, requestDeadline());
    apply(core->receive(*message));
}

void SyncClient::Private::closed(const transport::CloseReason &reason)
{
    lastError = errorOf(reason);
    const bool refused = lastError->code == ErrorCode::OriginRefused || lastError->code == ErrorCode::UnsupportedProtocol;
    dropConnection();
    if (!wanted)
        return;
    if (refused)
        setState(State::Refused);
    else
        retryAfter({});
}

void SyncClient::Private::leave(const Changes::Close &close)
{
    lastError = close.reason;
    dropConnection();
    if (!wanted)
        return;
    if (close.never)
        setState(State::Refused);
    else if (close.retryAfter && close.retryAfter->count() == 0)
        QTimer::singleShot(0, q, [this] { connectNow(); });
    else
        retryAfter(close.retryAfter);
}

// The old connection lets out what it has and goes by itself; it is heard no more.
void SyncClient::Private::dropConnection()
{
    if (!connection)
        return;
    std::shared_ptr<transport::Connection> old(std::move(connection));
    ++connectionNumber;
    pingTimer.stop();
    if (welcomedAt.count() >= 0 && clock.steady() - welcomedAt >= limits::kRetryHealthy)
        tries = 0;
    welcomedAt = std::chrono::milliseconds(-1);
    if (old->state() != transport::Connection::State::Closed) {
        // It keeps itself until it is closed; destroyed on the next turn, not inside its own callback.
        old->setCallbacks({.closed = [old](const transport::CloseReason &) mutable { old.reset(); }});
        old->close();
    }
    requests.failQuestions(lastError.value_or(Error{ErrorCode::Unavailable, "it was closed here"}));
    apply(core->disconnected());
}

// Full jitter below a doubling bound, and not before `least`.
void SyncClient::Private::retryAfter(std::optional<std::chrono::milliseconds> least)
{
    const auto bound = std::min<std::chrono::milliseconds>(options.retryLongest, options.retryFirst * (1 << std::min(tries, 16)));
    ++tries;
    auto wait = std::chrono::milliseconds(static_cast<std::int64_t>(random.unit() * static_cast<double>(bound.count())));
    if (least)
        wait = std::max(wait, *least);
    retryTimer.start(wait);
    setState(State::Waiting);
}

void SyncClient::Private::send(const protocol::Message &message)
{
    const protocol::Codec codec = codecOf(*connection);
    Bytes bytes = protocol::encode(message, codec);
    std::string label(protocol::messageType(message));
    connection->send(codec == protocol::Codec::Json ? transport::Frame::text(std::move(bytes), std::move(label))
                                                    : transport::Frame::binary(std::move(bytes), std::move(label)));
}

void SyncClient::Private::sendPing()
{
    if (connection && connection->isOpen())
        send(protocol::Ping{++pings});
}

// Any received bytes are life; a silent peer is left after two heartbeats.
void SyncClient::Private::leaveIfSilent()
{
    if (!connection || !connection->isOpen() || listened.now() - heardAt < 2 * pingTimer.intervalAsDuration())
        return;
    leave({.reason = {ErrorCode::Timeout, "the server is silent"}});
}

} // namespace eventsync::client
