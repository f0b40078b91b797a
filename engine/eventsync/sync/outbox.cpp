// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/outbox_p.h>

#include <eventsync/protocol/limits.h>
#include <eventsync/sync/limits.h>

namespace eventsync::sync {

protocol::ErrorScope scopeOf(ErrorCode code)
{
    using enum ErrorCode;
    switch (code) {
    case Unauthenticated: case TokenExpired: case UnsupportedProtocol: case OriginRefused: case Replaced: case SlowConsumer:
    case ClientExpired: case ClientIdReserved: case ClientIdInUse: case ClientSecretWrong: case ShuttingDown: case Timeout:
        return protocol::ErrorScope::Connection;
    case InvalidMessage: case UnknownMessage: case InvalidValue: case UnknownField: case TooLarge: case TooDeep:
        return protocol::ErrorScope::Message;
    default:
        return protocol::ErrorScope::Document;
    }
}

Error shortened(Error error)
{
    if (error.message.size() > limits::kReasonBytes) {
        std::size_t end = limits::kReasonBytes;
        while (end > 0 && (static_cast<unsigned char>(error.message[end]) & 0xC0) == 0x80)
            --end; // never inside a character
        error.message.resize(end);
        error.message += "...";
    }
    if (error.path.size() > limits::kReasonBytes)
        error.path.clear(); // a truncated pointer would name another place
    return error;
}

void Outbox::send(const protocol::OutgoingPtr &message)
{
    if (m_open)
        m_sink.send(message);
}

void Outbox::sendError(const Error &error, protocol::ErrorScope scope, const std::optional<DocumentId> &document,
                     std::optional<std::chrono::milliseconds> retryAfter)
{
    if (m_options.metrics)
        m_options.metrics->counter("eventsync_errors_total", "errors told to peers, by code",
                                   "code=\"" + std::string(errorName(error.code)) + "\"").add();
    protocol::ErrorMessage message{.code = error.code, .message = shortened(error).message, .scope = scope, .documentId = document};
    if (!retryAfter && errorClass(error.code) == ErrorClass::Transient)
        retryAfter = limits::kRetryFirst;
    if (retryAfter)
        message.retryAfterMs = retryAfter->count();
    send(std::move(message));
}

void Outbox::close(const Error &error, std::optional<std::chrono::milliseconds> retryAfter)
{
    if (!m_open)
        return;
    sendError(error, protocol::ErrorScope::Connection, {}, retryAfter);
    m_sink.close(error.code, error.message);
    m_open = false;
}

} // namespace eventsync::sync
