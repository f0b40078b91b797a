// SPDX-License-Identifier: Apache-2.0
#include <server/sessions/sessionbridge.h>

#include <eventsync/base/guard.h>
#include <eventsync/base/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/limits.h>

#include <server/limits.h>
#include <server/problem.h>

#include <charconv>

#include <utility>

namespace eventsync::server {

namespace {

// The connection's own marks are below the service's, so that `drained` is called whenever the service waits for it.
constexpr transport::WaterMarks kMarks{.high = limits::kUnsentHighWaterBytes / 2, .low = limits::kUnsentHighWaterBytes / 4,
                                       .hard = limits::kUnsentHardBytes};

std::optional<std::string> bearerToken(const std::string &authorization)
{
    constexpr std::string_view kScheme = "Bearer ";
    if (!authorization.starts_with(kScheme))
        return std::nullopt;
    return authorization.substr(kScheme.size());
}

} // namespace

Result<std::vector<protocol::Message>> impliedBy(const transport::ConnectionInfo &info)
{
    std::vector<protocol::Message> messages;
    const auto client = info.queryValue("clientId");
    if (!client)
        return messages;
    EVENTSYNC_TRY(ClientId clientId, clientIdFrom(*client));
    messages.push_back(protocol::Hello{.clientId = std::move(clientId),
                                       .token = bearerToken(info.authorization),
                                       .userAgent = info.userAgent});
    if (info.path.size() != 2)
        return messages;
    EVENTSYNC_TRY(DocumentId documentId, documentIdFrom(info.path[1]));
    std::int64_t seq = 0;
    if (const auto after = info.queryValue("after")) {
        const auto [end, error] = std::from_chars(after->data(), after->data() + after->size(), seq);
        if (error != std::errc() || end != after->data() + after->size() || seq < 0 || seq > limits::kMaxInteger)
            return failure(ErrorCode::InvalidMessage, "after is not a serverSeq");
    }
    protocol::Subscribe subscribe{.documentId = std::move(documentId), .afterSeq = ServerSeq(seq)};
    if (const auto chain = info.queryValue("chain")) {
        EVENTSYNC_TRY(subscribe.chain, Digest::fromHex(*chain));
    } else if (seq > 0) {
        return failure(ErrorCode::InvalidMessage, "after needs its chain");
    }
    messages.push_back(std::move(subscribe));
    return messages;
}

SessionBridge::SessionBridge(std::unique_ptr<transport::Connection> connection, SessionLinkPtr link)
    : m_connection(std::move(connection)), m_link(std::move(link)),
      m_codec(m_connection->info().codec)
{
    m_connection->setWaterMarks(kMarks);
    if (m_connection->info().kind == transport::TransportKind::Sse)
        m_positions = std::make_unique<ResumePositions>();
}

void SessionBridge::start(Events events)
{
    m_events = std::move(events);
    m_connection->setCallbacks({
        .frameReceived = [this](const transport::Frame &frame) { onFrame(frame); },
        .drained = [this] { onDrained(); },
        .closed = [this](const transport::CloseReason &reason) { onClosed(reason); },
    });
    auto implied = impliedBy(m_connection->info());
    if (!implied)
        m_events.receivedInvalid(implied.error(), {});
    else if (!implied->empty())
        imply(std::move(*implied));
}

void SessionBridge::imply(std::vector<protocol::Message> messages)
{
    deliver(std::move(messages), 0);
}

SessionBridge::Decoded SessionBridge::decode(const transport::Frame &frame, Codec codec)
{
    if (frame.isText() != (codec == Codec::Json))
        return {.message = failure(ErrorCode::InvalidMessage, "the sub-protocol's frames are of the other kind")};
    // A frame that memory has no room for is one message that fails.
    Decoded decoded{.message = guarded([&] { return protocol::decode(frame.bytes(), codec); })};
    if (!decoded.message)
        decoded.names = guarded([&] { return protocol::namesInRefused(frame.bytes(), codec); }).value_or(protocol::RefusedNames());
    return decoded;
}

void SessionBridge::onFrame(const transport::Frame &frame)
{
    if (!m_isDecoding)
        take(frame);
    else if (mayHold(frame.size(), 1))
        m_waiting.push_back(frame);
}

void SessionBridge::take(const transport::Frame &frame)
{
    if (frame.size() <= limits::kLightMessageBytes)
        return accept(decode(frame, m_codec), frame.size());
    m_isDecoding = true;
    m_link->unhandled += SessionLink::heldBytes(frame.size(), 1);
    auto decoded = std::make_shared<Decoded>();
    m_events.compute([frame, codec = m_codec, decoded] { *decoded = decode(frame, codec); },
                     [this, alive = std::weak_ptr<bool>(m_alive), decoded, bytes = frame.size()] {
                         if (alive.lock())
                             continueAfter(decoded, bytes);
                     });
}

void SessionBridge::continueAfter(const std::shared_ptr<Decoded> &decoded, std::size_t bytes)
{
    const std::weak_ptr<bool> alive = m_alive;
    m_isDecoding = false;
    m_link->unhandled -= SessionLink::heldBytes(bytes, 1);
    if (!m_isRefused)
        accept(std::move(*decoded), bytes);
    while (alive.lock() && !m_isDecoding && !m_waiting.empty()) {
        const transport::Frame frame = std::move(m_waiting.front());
        m_waiting.pop_front();
        m_link->unhandled -= SessionLink::heldBytes(frame.size(), 1);
        if (!m_isRefused)
            take(frame);
    }
    if (alive.lock() && !m_isDecoding && m_closed)
        m_events.closed(*std::exchange(m_closed, std::nullopt));
}

// What the peer sent before it left is handled as if it were still there.
void SessionBridge::onClosed(const transport::CloseReason &reason)
{
    if (m_isDecoding)
        m_closed = reason;
    else
        m_events.closed(reason);
}

void SessionBridge::accept(Decoded decoded, std::size_t bytes)
{
    if (!decoded.message)
        return m_events.receivedInvalid(decoded.message.error(), decoded.names);
    const bool isHello = std::holds_alternative<protocol::Hello>(*decoded.message);
    std::vector<protocol::Message> messages;
    messages.push_back(std::move(*decoded.message));
    // A resumed stream needs `hello` again, and then no `subscribe`.
    if (isHello && !m_connection->info().resumeToken.empty()) {
        auto subscriptions = subscriptionsFrom(m_connection->info().resumeToken);
        if (!subscriptions) {
            m_events.receivedInvalid(subscriptions.error(), {});
        } else {
            for (protocol::Subscribe &subscribe : *subscriptions)
                messages.push_back(std::move(subscribe));
        }
    }
    deliver(std::move(messages), bytes);
}

void SessionBridge::deliver(std::vector<protocol::Message> messages, std::size_t bytes)
{
    for (const protocol::Message &message : messages) {
        if (!m_positions)
            break;
        if (const auto *left = std::get_if<protocol::Unsubscribe>(&message))
            m_positions->forget(left->documentId);
        else if (const auto *subscribe = std::get_if<protocol::Subscribe>(&message))
            m_positions->subscribed(*subscribe);
    }
    if (mayHold(bytes, messages.size()))
        m_events.received(std::move(messages), bytes);
}

// A peer that stays within what `welcome` granted never has so much on its way to the engine.
bool SessionBridge::mayHold(std::size_t bytes, std::size_t messages)
{
    const std::size_t held = SessionLink::heldBytes(bytes, messages);
    if (m_link->unhandled.fetch_add(held) + held <= limits::kUnhandledBytes)
        return true;
    const protocol::ErrorMessage error{.code = ErrorCode::RateLimited, .message = "too many messages at once",
                                       .scope = protocol::ErrorScope::Connection,
                                       .retryAfterMs = std::chrono::milliseconds(limits::kRetryFirst).count()};
    Bytes frame = protocol::encode(error, m_codec);
    m_connection->send(m_codec == Codec::Cbor ? transport::Frame::binary(std::move(frame), "error")
                                                        : transport::Frame::text(std::move(frame), "error"));
    close(error.code, error.message);
    return false;
}

bool SessionBridge::send(const transport::Frame &frame, const protocol::Message &message, std::size_t countedBytes)
{
    const bool isFirst = m_counted == 0;
    if (isFirst)
        m_connection->hold();
    m_counted += countedBytes;
    if (m_positions) {
        m_positions->follow(message);
        m_connection->send(frame, m_positions->tokenFor(frame.size()));
    } else {
        m_connection->send(frame);
    }
    return isFirst;
}

void SessionBridge::flush()
{
    if (m_counted == 0)
        return;
    // Held frames count as unsent already. Updated before release(), whose `drained` callback reads it.
    m_link->inSocket = m_connection->unsentBytes();
    m_link->queued -= std::exchange(m_counted, 0);
    m_connection->release();
    m_link->inSocket = m_connection->unsentBytes();
    // Above its own mark the connection will report when it has drained; below it this function must.
    if (m_link->queued == 0 && !m_connection->isAboveHighWater() && m_link->above.exchange(false))
        m_events.drained();
}

void SessionBridge::onDrained()
{
    m_link->inSocket = m_connection->unsentBytes();
    if (m_link->above.exchange(false))
        m_events.drained();
}

void SessionBridge::close(ErrorCode code, const std::string &reason)
{
    m_isRefused = true;
    m_connection->close(closeCode(code), reason);
}

void SessionBridge::abort()
{
    m_isRefused = true;
    m_connection->abort();
}

} // namespace eventsync::server
