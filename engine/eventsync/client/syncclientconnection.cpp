// SPDX-License-Identifier: Apache-2.0
//
// Opening, losing and reopening the connection (docs/protocol.md, rule 9).
#include <eventsync/client/syncclient_p.h>
#include <eventsync/protocol/limits.h>

#include <eventsync/base/guard.h>

#include <algorithm>

namespace eventsync::client {

namespace {

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
    if (!wanted || link.exists() || state == State::StoreLost)
        return;
    if (!options.connect) {
        lastError = Error{ErrorCode::Unavailable, "no server is set"};
        setState(State::Refused);
        return;
    }
    reconnection.timer().stop();
    auto dialled = guarded(options.connect);
    if (!dialled) {
        lastError = dialled.error();
        if (errorClass(lastError->code) == ErrorClass::Permanent)
            setState(State::Refused); // for instance an invalid URL: another attempt would fail as well
        else
            retryAfter({});
        return;
    }
    link.take(std::move(*dialled), {.opened = [this] { opened(); },
                                    .frameReceived = [this](const transport::Frame &frame) { received(frame); },
                                    .closed = [this](const transport::CloseReason &reason) { closed(reason); }});
    const bool open = link.isOpen();
    setState(State::Connecting);
    if (open)
        opened();
}

void SyncClient::Private::opened()
{
    link.received();
    link.pingEvery(limits::kHeartbeat); // until the welcome message sets another interval
    apply(core->connected());
}

void SyncClient::Private::received(const transport::Frame &frame)
{
    link.received();
    const auto codec = frame.isText() ? Codec::Json : Codec::Cbor;
    const auto message = protocol::decode(frame.bytes(), codec);
    if (!message) {
        if (message.error().code == ErrorCode::UnknownMessage) // a message type of a newer server
            return;
        leave({.reason = message.error(), .retryAfter = options.retryLongest});
        return;
    }
    if (const auto *part = std::get_if<protocol::QueryResult>(&*message)) // a long answer may take long while parts of it arrive
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

void SyncClient::Private::dropConnection()
{
    if (!link.exists())
        return;
    reconnection.left();
    link.drop();
    requests.failQuestions(lastError.value_or(Error{ErrorCode::Unavailable, "it was closed here"}));
    apply(core->disconnected());
}

void SyncClient::Private::retryAfter(std::optional<std::chrono::milliseconds> least)
{
    reconnection.begin(options.retryFirst, options.retryLongest, least);
    setState(State::Waiting);
}

void SyncClient::Private::leaveIfSilent()
{
    if (link.isSilent())
        leave({.reason = {ErrorCode::Timeout, "nothing was received from the server"}});
}

} // namespace eventsync::client
