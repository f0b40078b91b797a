// SPDX-License-Identifier: Apache-2.0
#include <server/sessions/sessions.h>

#include <eventsync/base/limits.h>

#include <server/limits.h>
#include <server/logging.h>

#include <map>
#include <optional>

namespace eventsync::server {

struct Sessions::MetricHandles
{
    explicit MetricHandles(Metrics &all)
        : metrics(all), opened(all.counter("eventsync_connections_total", "Connections accepted")),
          now(all.gauge("eventsync_connections", "Connections open now")),
          received(all.counter("eventsync_received_bytes_total", "Bytes of messages received")),
          sent(all.counter("eventsync_sent_bytes_total", "Bytes of messages sent")),
          messagesIn(all.counter("eventsync_received_messages_total", "Messages received")),
          messagesOut(all.counter("eventsync_sent_messages_total", "Messages sent"))
    {
    }
    void broken(ErrorCode code)
    {
        metrics.counter("eventsync_connection_failures_total", "Connections that did not end orderly, by code",
                        "code=\"" + std::string(errorName(code)) + '"')
            .add();
    }
    Metrics &metrics;
    Counter &opened;
    Gauge &now;
    Counter &received, &sent, &messagesIn, &messagesOut;
};

// The service's sink for one connection.
class Sessions::EngineSession final : public sync::SessionSink
{
public:
    EngineSession(SessionLinkPtr link, std::shared_ptr<Outbox> outbox) : m_link(std::move(link)), m_outbox(std::move(outbox)) {}

    void send(const protocol::OutgoingPtr &message) override
    {
        const std::size_t bytes = estimatedBytes(message->message());
        m_link->queued += bytes;
        m_outbox->add({.link = m_link, .message = message, .bytes = bytes});
    }
    void close(ErrorCode code, const std::string &reason) override
    {
        isClosed = true;
        m_outbox->add({.link = m_link, .message = nullptr, .code = code, .reason = reason});
    }
    std::size_t unsentBytes() const override { return m_link->unsentBytes(); }

    sync::SessionId id;
    bool isClosed = false; // by the service, which does not know the session any more

private:
    SessionLinkPtr m_link;
    std::shared_ptr<Outbox> m_outbox;
};

struct Sessions::OnEngine
{
    std::unordered_map<std::uint64_t, std::unique_ptr<EngineSession>> sessions;

    // Null once the service has closed it.
    EngineSession *find(std::uint64_t number)
    {
        const auto found = sessions.find(number);
        return found == sessions.end() || found->second->isClosed ? nullptr : found->second.get();
    }
};

Sessions::Sessions(EngineThread &engine, Metrics &metrics)
    : m_engine(engine), m_metrics(std::make_unique<MetricHandles>(metrics)), m_onEngine(std::make_shared<OnEngine>())
{
    // Parcels that arrive after this object was destroyed are dropped.
    auto deliver = [this, alive = std::weak_ptr<bool>(m_alive)](std::vector<Outgoing> parcel) {
        if (alive.lock())
            this->deliver(std::move(parcel));
    };
    m_outbox = std::make_shared<Outbox>(engine.executor(), engine.sharedCallerThread(), std::move(deliver));
}

Sessions::~Sessions()
{
    for (const auto &[number, peer] : m_peers) {
        m_engine.post([on = m_onEngine, number = number](sync::SyncService &service) {
            if (const EngineSession *session = on->find(number))
                service.lost(session->id);
            on->sessions.erase(number);
        });
    }
}

void Sessions::add(std::unique_ptr<transport::Connection> connection)
{
    const transport::ConnectionInfo &info = connection->info();
    sync::SessionInfo session{.peer = info.peer};
    if (info.path.size() == 2 && info.path[0] == "sync") {
        if (auto id = documentIdFrom(info.path[1]))
            session.document = std::move(*id);
    }
    SessionBridge &bridge = addBridge(std::move(connection), session);
    bridge.start(eventsOf(bridge.link(), bridge.info()));
}

void Sessions::addReader(std::unique_ptr<transport::Connection> connection, protocol::Subscribe subscribe, bool vectorClocks)
{
    sync::SessionInfo session{.peer = connection->info().peer, .readerOnly = true, .vectorClocks = vectorClocks};
    SessionBridge &bridge = addBridge(std::move(connection), session);
    bridge.start(eventsOf(bridge.link(), bridge.info()));
    bridge.imply({std::move(subscribe)});
}

SessionBridge &Sessions::addBridge(std::unique_ptr<transport::Connection> connection, const sync::SessionInfo &info)
{
    const auto link = std::make_shared<SessionLink>(++m_lastNumber, info.readerOnly ? SIZE_MAX : limits::kFrameBytes);
    m_metrics->opened.add();
    m_metrics->now.add(1);
    qCDebug(lcServer) << "connection" << link->number << "from" << info.peer.c_str();
    m_engine.post([on = m_onEngine, link, outbox = m_outbox, info](sync::SyncService &service) {
        auto made = std::make_unique<EngineSession>(link, outbox);
        EngineSession &sink = *made;
        on->sessions.emplace(link->number, std::move(made));
        sink.id = service.open(sink, info);
    });
    Peer peer{.bridge = std::make_unique<SessionBridge>(std::move(connection), link)};
    return *m_peers.emplace(link->number, std::move(peer)).first->second.bridge;
}

SessionBridge::Events Sessions::eventsOf(const SessionLinkPtr &link, const transport::ConnectionInfo &info)
{
    return {
        .received = [this, link](std::vector<protocol::Message> messages, std::size_t bytes) {
            m_metrics->received.add(bytes);
            m_metrics->messagesIn.add(messages.size());
            auto shared = std::make_shared<std::vector<protocol::Message>>(std::move(messages));
            m_engine.post([on = m_onEngine, link, bytes, shared](sync::SyncService &service) {
                link->unhandled -= SessionLink::heldBytes(bytes, shared->size());
                for (const protocol::Message &message : *shared) {
                    if (const EngineSession *session = on->find(link->number))
                        service.receive(session->id, message);
                }
            });
        },
        .receivedInvalid = [this, link](Error error, protocol::RefusedNames names) {
            m_engine.post([on = m_onEngine, link, error = std::move(error), names = std::move(names)](sync::SyncService &service) {
                if (const EngineSession *session = on->find(link->number))
                    service.receiveInvalid(session->id, error, names);
            });
        },
        .drained = [this, link] {
            m_engine.post([on = m_onEngine, link](sync::SyncService &service) {
                if (const EngineSession *session = on->find(link->number))
                    service.drained(session->id);
            });
        },
        .compute =
            [this, peer = info.peer](std::function<void()> work, std::function<void()> then) {
                m_engine.compute<bool>(
                    peer,
                    [work = std::move(work)] {
                        work();
                        return true;
                    },
                    [then = std::move(then)](const Result<bool> &) { then(); });
            },
        .closed = [this, link](const transport::CloseReason &reason) {
            qCDebug(lcServer) << "connection" << link->number << "closed:" << reason.text.c_str();
            if (reason.error)
                m_metrics->broken(*reason.error);
            remove(link->number);
        },
    };
}

void Sessions::remove(std::uint64_t number)
{
    m_engine.post([on = m_onEngine, number](sync::SyncService &service) {
        if (const EngineSession *session = on->find(number))
            service.lost(session->id);
        on->sessions.erase(number);
    });
    m_metrics->now.add(-1);
    m_peers.erase(number);
    if (m_peers.empty() && m_onEmpty)
        std::exchange(m_onEmpty, {})();
}

namespace {

transport::Frame makeFrame(const protocol::OutgoingMessage &message, Codec codec)
{
    const std::string label(protocol::messageType(message.message()));
    const std::shared_ptr<const Bytes> bytes = message.encoded(codec);
    return codec == Codec::Cbor ? transport::Frame::binary(*bytes, label) : transport::Frame::text(*bytes, label);
}

// `events` are put together from bytes that are there already.
bool takesLongToEncode(const Outgoing &outgoing)
{
    return outgoing.bytes > limits::kLightMessageBytes && !std::holds_alternative<protocol::Events>(outgoing.message->message());
}

} // namespace

Codec Sessions::Peer::codec() const
{
    return bridge->info().codec == Codec::Cbor ? Codec::Cbor : Codec::Json;
}

transport::Frame Sessions::frameOf(const protocol::OutgoingPtr &message, Codec codec)
{
    Cached &cached = m_cache[codec == Codec::Cbor ? 1 : 0];
    if (cached.message != message)
        cached = {message, makeFrame(*message, codec)};
    return cached.frame;
}

// The frames of a parcel for one connection are sent together, after the whole parcel was distributed.
void Sessions::deliver(std::vector<Outgoing> parcel)
{
    for (Outgoing &outgoing : parcel) {
        if (const auto found = m_peers.find(outgoing.link->number); found != m_peers.end())
            hand(found->second, std::move(outgoing));
    }
    flushTouched();
    m_cache = {}; // a large message is not kept until the next one
}

void Sessions::hand(Peer &peer, Outgoing outgoing)
{
    if (peer.waitsForFrame)
        peer.behind.push_back(std::move(outgoing));
    else if (!outgoing.message)
        peer.bridge->close(outgoing.code, outgoing.reason);
    else if (takesLongToEncode(outgoing))
        encode(peer, std::move(outgoing));
    else
        sendFrame(peer, outgoing, frameOf(outgoing.message, peer.codec()));
}

void Sessions::sendFrame(Peer &peer, const Outgoing &outgoing, const transport::Frame &frame)
{
    if (frame.size() > outgoing.link->frameBytes) {
        outgoing.link->queued -= outgoing.bytes;
        return refuse(outgoing);
    }
    m_metrics->sent.add(frame.size());
    m_metrics->messagesOut.add();
    if (peer.bridge->send(frame, outgoing.message->message(), outgoing.bytes))
        m_touched.push_back(outgoing.link->number);
}

void Sessions::flushTouched()
{
    for (const std::uint64_t number : std::exchange(m_touched, {})) { // one of them may have ended
        if (const auto found = m_peers.find(number); found != m_peers.end())
            found->second.bridge->flush();
    }
}

// The connection's order stays: what comes after the message waits behind it.
void Sessions::encode(Peer &peer, Outgoing outgoing)
{
    peer.waitsForFrame = true;
    const Codec codec = peer.codec();
    for (const auto &running : m_encodings) {
        if (running->message == outgoing.message && running->codec == codec)
            return running->readers.push_back(std::move(outgoing));
    }
    const auto encoding = std::make_shared<Encoding>(Encoding{.message = outgoing.message, .codec = codec});
    encoding->readers.push_back(std::move(outgoing));
    m_encodings.push_back(encoding);
    m_engine.compute<transport::Frame>(peer.bridge->info().peer, [message = encoding->message, codec] { return makeFrame(*message, codec); },
                                       [this, encoding, alive = std::weak_ptr<bool>(m_alive)](const Result<transport::Frame> &frame) {
                                           if (alive.lock())
                                               encoded(encoding, frame);
                                       });
}

// Without a frame the peer has missed a message: it comes again, and gets what it misses.
void Sessions::encoded(const std::shared_ptr<Encoding> &encoding, const Result<transport::Frame> &frame)
{
    std::erase(m_encodings, encoding);
    for (const Outgoing &reader : encoding->readers) {
        const auto found = m_peers.find(reader.link->number);
        if (found == m_peers.end())
            continue;
        Peer &peer = found->second;
        peer.waitsForFrame = false;
        if (frame) {
            sendFrame(peer, reader, *frame);
        } else {
            reader.link->queued -= reader.bytes;
            peer.bridge->close(ErrorCode::Unavailable, frame.error().message);
        }
        while (!peer.waitsForFrame && !peer.behind.empty()) {
            Outgoing next = std::move(peer.behind.front());
            peer.behind.pop_front();
            hand(peer, std::move(next));
        }
    }
    flushTouched();
    m_cache = {};
}

// The peer would close the connection because of it, and with it all other subscriptions and answers.
void Sessions::refuse(const Outgoing &outgoing)
{
    m_engine.post([on = m_onEngine, link = outgoing.link, message = outgoing.message](sync::SyncService &service) {
        if (const EngineSession *session = on->find(link->number))
            service.tooLong(session->id, message->message());
    });
}

void Sessions::onEmpty(std::function<void()> callback)
{
    if (m_peers.empty())
        callback();
    else
        m_onEmpty = std::move(callback);
}

std::size_t Sessions::unsentBytes() const
{
    std::size_t bytes = 0;
    for (const auto &[number, peer] : m_peers)
        bytes += peer.bridge->link()->queued + peer.bridge->link()->inSocket;
    return bytes;
}

std::size_t Sessions::unhandledBytes() const
{
    std::size_t bytes = 0;
    for (const auto &[number, peer] : m_peers)
        bytes += peer.bridge->link()->unhandled;
    return bytes;
}

void Sessions::abortAll()
{
    for (const auto &[number, peer] : m_peers)
        peer.bridge->abort();
}

} // namespace eventsync::server
