// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/codec.h>
#include <eventsync/sync/syncservice.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync::server {

/// The request of POST /api/sync/{documentId}.
struct ExchangeRequest
{
    std::optional<protocol::Hello> hello; ///< none: the client only reads
    protocol::Subscribe subscribe;
    std::vector<EventPtr> push;
};
/// InvalidMessage, InvalidValue, UnknownField, TooLarge, ... with the path.
Result<ExchangeRequest> exchangeRequestFrom(const json::Value &value, const DocumentId &id);

/// One whole exchange with the service, as a session that lives for one request: hello, subscribe, the missing events, a cursor
/// at the client's position, push, its answers and events. It runs on the engine thread and keeps itself until `done` is
/// called, once.
class Exchange final : public sync::SessionSink, public std::enable_shared_from_this<Exchange>
{
public:
    /// The canonical bytes of the answer, or an error.
    using Done = std::function<void(Result<Bytes>)>;

    static std::shared_ptr<Exchange> start(sync::SyncService &service, Executor &engine, ExchangeRequest request,
                                           std::string peer, Done done);
    void cancel(const Error &error); ///< after a time-out, or when the client has gone

    void send(const protocol::OutgoingPtr &message) override;
    void close(ErrorCode code, const std::string &reason) override;
    std::size_t unsentBytes() const override { return 0; }

private:
    Exchange(sync::SyncService &service, Executor &engine, ExchangeRequest request, Done done);
    void post(protocol::Message message);
    void postCursor();
    void take(const protocol::Snapshot &snapshot);
    void take(const protocol::Events &events);
    void take(const protocol::Synced &synced);
    void take(const protocol::Ack &ack);
    void take(const protocol::ErrorMessage &error);
    void finishIfComplete();
    void finish(Result<Bytes> result);
    Bytes answer() const;

    sync::SyncService &m_service;
    Executor &m_engine;
    ExchangeRequest m_request;
    Done m_done;
    std::shared_ptr<Exchange> m_self;
    sync::SessionId m_session;
    bool m_isOpen = false;

    std::optional<protocol::Snapshot> m_snapshot;
    Bytes m_snapshotBytes;
    std::vector<Bytes> m_events;
    std::size_t m_eventBytes = 0;
    Position m_position;
    std::optional<protocol::Synced> m_synced;
    std::optional<VectorClock> m_clock;
    std::optional<protocol::Diverged> m_diverged;
    std::optional<protocol::Ack> m_ack;
    bool m_hasMore = false;
};

} // namespace eventsync::server
