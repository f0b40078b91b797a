// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/syncservice.h>

#include <optional>

namespace eventsync::sync {

protocol::ErrorScope scopeOf(ErrorCode code);
// An error with a bounded text, for a peer: the text may quote a part of an edit.
Error shortened(Error error);

// The messages to one peer. Nothing is sent after close(). Owner only.
class Outbox
{
public:
    Outbox(SessionSink &sink, SessionInfo info, const ServiceOptions &options) : m_sink(sink), m_info(std::move(info)), m_options(options) {}

    const SessionInfo &info() const { return m_info; }
    void send(protocol::Message message) { send(std::make_shared<const protocol::OutgoingMessage>(std::move(message))); }
    void send(const protocol::OutgoingPtr &message);
    void sendError(const Error &error, protocol::ErrorScope scope, const std::optional<DocumentId> &document = {},
                   std::optional<std::chrono::milliseconds> retryAfter = {});
    void close(const Error &error, std::optional<std::chrono::milliseconds> retryAfter = {}); // the peer gets the error first
    void lost() { m_open = false; }
    std::size_t unsentBytes() const { return m_open ? m_sink.unsentBytes() : 0; }
    bool isOverHighWater() const { return unsentBytes() >= m_options.highWaterBytes; }

private:
    SessionSink &m_sink;
    const SessionInfo m_info;
    const ServiceOptions &m_options;
    bool m_open = true;
};

} // namespace eventsync::sync
