// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/transport/connection.h>

#include <server/http/responder.h>
#include <server/http/ssestreams.h>

#include <QTimer>

#include <chrono>

namespace eventsync::server {

/// The server's side of an SSE stream and its POST half. The first event is `open` {connectionId, heartbeatMs}; a close()
/// sends a last event `close` {code, reason}. Texts only. Owner only.
class SseServerConnection final : public transport::Connection
{
public:
    SseServerConnection(EventStream stream, transport::ConnectionInfo info, std::string id,
                        std::shared_ptr<SseStreams::Registry> registry, std::chrono::milliseconds heartbeat);
    ~SseServerConnection() override;

    std::size_t unsentBytes() const override;
    void takeFrame(const transport::Frame &frame) { receive(frame); } ///< may destroy this object

private:
    void doSend(const transport::Frame &frame, std::string_view resumeToken) override;
    void doClose(transport::CloseCode code, std::string_view text) override;
    void doAbort() override;

    mutable EventStream m_stream;
    std::string m_id;
    std::shared_ptr<SseStreams::Registry> m_registry;
    QTimer m_heartbeat;
};

} // namespace eventsync::server
