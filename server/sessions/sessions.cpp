// SPDX-License-Identifier: Apache-2.0
#include <server/sessions/sessions.h>

#include <eventsync/base/limits.h>

#include <server/logging.h>

#include <map>
#include <optional>

namespace eventsync::server {

struct Sessions::Numbers
{
    explicit Numbers(Metrics &all)
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

// The service's way out to one connection.
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
    bool isClosed = false; // by the service: it does not know the session any more

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
    : m_engine(engine), m_numbers(std::make_unique<Numbers>(metrics)), m_onEngine(std::make_shared<OnEngine>())
{
    // Parcels that arrive after this object has gone are dropped.
    auto deliver = [this, alive = std::weak_ptr<bool>(m_alive)](std::vector<Outgoing> parcel) {
        if (alive.lock())
            this->deliver(std::move(parcel));
    };
    m_outbox = std::make_shared<Outbox>(engine.executor(), engine.sharedHome(), std::move(deliver));
}

Sessions::~Sessions()
{
    for (const auto &[number, bridge] : m_bridges) {
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
    bridge.start(eventsOf(bridge.link()));
}

void Sessions::addReader(std::unique_ptr<transport::Connection> connection, protocol::Subscribe subscribe, bool vectorClocks)
{
    sync::SessionInfo session{.peer = connection->info().peer, .readerOnly = true, .vectorClocks = vectorClocks};
    SessionBridge &bridge = addBridge(std::move(connection), session);
    bridge.start(eventsOf(bridge.link()));
    bridge.imply({std::move(subscribe)});
}

SessionBridge &Sessions::addBridge(std::unique_ptr<transport::Connection> connection, const sync::SessionInfo &info)
{
    const auto link = std::make_shared<SessionLink>(++m_lastNumber, info.readerOnly ? SIZE_MAX : limits::kFrameBytes);
    m_numbers->opened.add();
    m_numbers->now.add(1);
    qCDebug(lcServer) << "connection" << link->number << "from" << info.peer.c_str();
    m_engine.post([on = m_onEngine, link, outbox = m_outbox, info](sync::SyncService &service) {
        auto made = std::make_unique<EngineSession>(link, outbox);
        EngineSession &sink = *made;
        on->sessions.emplace(link->number, std::move(made));
        sink.id = service.open(sink, info);
    });
    auto bridge = std::make_unique<SessionBridge>(std::move(connection), link);
    return *m_bridges.emplace(link->number, std::move(bridge)).first->second;
}

SessionBridge::Events Sessions::eventsOf(const SessionLinkPtr &link)
{
    return {
        .received = [this, link](std::vector<protocol::Message> messages, std::size_t bytes) {
            m_numbers->received.add(bytes);
            m_numbers->messagesIn.add(messages.size());
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
        .closed = [this, link](const transport::CloseReason &reason) {
            qCDebug(lcServer) << "connection" << link->number << "closed:" << reason.text.c_str();
            if (reason.error)
                m_numbers->broken(*reason.error);
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
    m_numbers->now.add(-1);
    m_bridges.erase(number);
    if (m_bridges.empty() && m_onEmpty)
        std::exchange(m_onEmpty, {})();
}

transport::Frame Sessions::frameOf(const protocol::OutgoingPtr &message, protocol::Codec codec)
{
    Cached &cached = m_cache[codec == protocol::Codec::Cbor ? 1 : 0];
    if (cached.message != message) {
        const std::string label(protocol::messageType(message->message()));
        const std::shared_ptr<const Bytes> bytes = message->encoded(codec);
        cached.message = message;
        cached.frame = codec == protocol::Codec::Cbor ? transport::Frame::binary(*bytes, label)
                                                      : transport::Frame::text(*bytes, label);
    }
    return cached.frame;
}

// The frames of a parcel for one connection leave together, when all of it has been handed out.
void Sessions::deliver(std::vector<Outgoing> parcel)
{
    std::vector<std::uint64_t> touched;
    for (Outgoing &outgoing : parcel) {
        const auto found = m_bridges.find(outgoing.link->number);
        if (found == m_bridges.end())
            continue;
        SessionBridge &bridge = *found->second;
        if (!outgoing.message) {
            bridge.close(outgoing.code, outgoing.reason);
            continue;
        }
        const protocol::Message &message = outgoing.message->message();
        const auto codec = bridge.info().codec == transport::Codec::Cbor ? protocol::Codec::Cbor : protocol::Codec::Json;
        const transport::Frame frame = frameOf(outgoing.message, codec);
        if (frame.size() > outgoing.link->frameBytes) {
            outgoing.link->queued -= outgoing.bytes;
            refuse(outgoing);
            continue;
        }
        m_numbers->sent.add(frame.size());
        m_numbers->messagesOut.add();
        if (bridge.send(frame, message, outgoing.bytes))
            touched.push_back(outgoing.link->number);
    }
    for (const std::uint64_t number : touched) { // one of them may be gone
        if (const auto found = m_bridges.find(number); found != m_bridges.end())
            found->second->flush();
    }
    m_cache = {}; // a large message is not kept for the next one's sake
}

// The peer would close the connection for it: then one document, or one answer, would be the end of all the others.
void Sessions::refuse(const Outgoing &outgoing)
{
    m_engine.post([on = m_onEngine, link = outgoing.link, message = outgoing.message](sync::SyncService &service) {
        if (const EngineSession *session = on->find(link->number))
            service.tooLong(session->id, message->message());
    });
}

void Sessions::onEmpty(std::function<void()> callback)
{
    if (m_bridges.empty())
        callback();
    else
        m_onEmpty = std::move(callback);
}

std::size_t Sessions::unsentBytes() const
{
    std::size_t bytes = 0;
    for (const auto &[number, bridge] : m_bridges)
        bytes += bridge->link()->queued + bridge->link()->inSocket;
    return bytes;
}

std::size_t Sessions::unhandledBytes() const
{
    std::size_t bytes = 0;
    for (const auto &[number, bridge] : m_bridges)
        bytes += bridge->link()->unhandled;
    return bytes;
}

void Sessions::abortAll()
{
    for (const auto &[number, bridge] : m_bridges)
        bridge->abort();
}

} // namespace eventsync::server
