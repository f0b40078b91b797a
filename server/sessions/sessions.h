// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/metrics.h>
#include <eventsync/transport/connection.h>

#include <server/enginethread.h>
#include <server/sessions/outbox.h>
#include <server/sessions/sessionbridge.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace eventsync::server {

/// All connections of a server and the sessions that the service has for them. Owner only: the I/O thread.
class Sessions
{
public:
    Sessions(EngineThread &engine, Metrics &metrics);
    ~Sessions();

    void add(std::unique_ptr<transport::Connection> connection);
    /// A connection that only reads one document and has no client id.
    void addReader(std::unique_ptr<transport::Connection> connection, protocol::Subscribe subscribe, bool vectorClocks = false);
    std::size_t count() const { return m_peers.size(); }
    void onEmpty(std::function<void()> callback); ///< once, when the last connection has gone; at once if there is none
    void abortAll();
    std::size_t unsentBytes() const;    ///< of all connections
    std::size_t unhandledBytes() const; ///< received, and not yet handled by the engine

private:
    class EngineSession;
    struct OnEngine; // the sessions by number, on the engine thread
    struct MetricHandles;

    // One connection, and what it is to be sent once a large message before it has been encoded.
    struct Peer
    {
        std::unique_ptr<SessionBridge> bridge;
        bool waitsForFrame = false;
        std::deque<Outgoing> behind = {};

        Codec codec() const;
    };
    // A large message that is being encoded on another thread, once for all that are to get it.
    struct Encoding
    {
        protocol::OutgoingPtr message;
        Codec codec = Codec::Json;
        std::vector<Outgoing> readers = {};
    };

    void deliver(std::vector<Outgoing> parcel);
    void hand(Peer &peer, Outgoing outgoing);
    void sendFrame(Peer &peer, const Outgoing &outgoing, const transport::Frame &frame);
    void encode(Peer &peer, Outgoing outgoing);
    void encoded(const std::shared_ptr<Encoding> &encoding, const Result<transport::Frame> &frame);
    void flushTouched();
    void refuse(const Outgoing &outgoing);
    transport::Frame frameOf(const protocol::OutgoingPtr &message, Codec codec);
    void remove(std::uint64_t number);
    SessionBridge &addBridge(std::unique_ptr<transport::Connection> connection, const sync::SessionInfo &info);
    SessionBridge::Events eventsOf(const SessionLinkPtr &link, const transport::ConnectionInfo &info);

    EngineThread &m_engine;
    std::unique_ptr<MetricHandles> m_metrics;
    std::shared_ptr<OnEngine> m_onEngine;
    std::shared_ptr<Outbox> m_outbox;
    std::unordered_map<std::uint64_t, Peer> m_peers;
    std::vector<std::shared_ptr<Encoding>> m_encodings;
    std::vector<std::uint64_t> m_touched; // were handed frames that wait for a flush
    std::uint64_t m_lastNumber = 0;
    std::function<void()> m_onEmpty;
    // The last encoded frame per codec, which the readers of a broadcast share.
    struct Cached
    {
        protocol::OutgoingPtr message;
        transport::Frame frame;
    };
    std::array<Cached, 2> m_cache;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace eventsync::server
