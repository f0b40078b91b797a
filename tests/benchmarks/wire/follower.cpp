// SPDX-License-Identifier: Apache-2.0
#include "follower.h"

namespace eventsync::bench {

Follower::Follower(int port, Poll &poll, const DocumentId &document, const ClientId &client)
    : m_document(document), m_peer(std::make_unique<WebSocketPeer>(port, "/sync", "eventsync.v1.cbor"))
{
    m_peer->frameReceived = [this](std::string_view frame) { onFrame(frame); };
    poll.add(*m_peer);
    m_peer->send(
        protocol::encode(protocol::Hello{.clientId = client, .userAgent = "benchmark"}, Codec::Cbor));
    m_peer->send(protocol::encode(
        protocol::Subscribe{.documentId = document, .collection = Author::collection(), .afterSeq = ServerSeq(0)},
        Codec::Cbor));
}

void Follower::push(std::vector<EventPtr> events)
{
    m_peer->send(
        protocol::encode(protocol::Push{BatchId(++m_batches), m_document, std::move(events)}, Codec::Cbor));
}

void Follower::onFrame(std::string_view frame)
{
    ++frames;
    bytes += static_cast<std::int64_t>(frame.size());
    // A map's shortest key comes first: the frame begins with the message's type.
    if (frame.substr(0, 16).find("events") != std::string_view::npos) {
        ++eventFrames;
        if (eventsCame)
            eventsCame(frame);
        return;
    }
    auto message = protocol::decode(frame, Codec::Cbor);
    EVENTSYNC_ASSERT(message.has_value());
    if (std::holds_alternative<protocol::Synced>(*message))
        synced = true;
    const auto *ack = std::get_if<protocol::Ack>(&*message);
    if (!ack)
        return;
    for (const protocol::AckResult &result : ack->results) {
        EVENTSYNC_ASSERT(result.status == AckStatus::Applied && result.serverSeq);
        head = *result.serverSeq;
    }
    acknowledged += static_cast<std::int64_t>(ack->results.size());
    if (acked)
        acked(static_cast<std::int64_t>(ack->results.size()));
}

} // namespace eventsync::bench
