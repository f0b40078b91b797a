// SPDX-License-Identifier: Apache-2.0
#include <server/http/bodystream.h>

#include <server/http/httpconnection.h>

#include <QTimer>

namespace eventsync::server {

BodyStream::~BodyStream()
{
    *m_onClosed = {};
    if (auto *connection = std::exchange(m_connection, nullptr))
        connection->abortStream();
}

void BodyStream::write(std::string_view bytes)
{
    writeShared(QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())));
}

void BodyStream::writeShared(const QByteArray &bytes)
{
    if (m_connection)
        m_connection->writeChunk(bytes);
}

void BodyStream::finish()
{
    if (auto *connection = std::exchange(m_connection, nullptr)) {
        announceClosedLater();
        connection->finishStream();
    }
}

void BodyStream::abort()
{
    if (auto *connection = std::exchange(m_connection, nullptr)) {
        announceClosedLater();
        connection->abortStream();
    }
}

std::size_t BodyStream::unsentBytes() const
{
    return m_connection ? m_connection->unsentBytes() : 0;
}

void BodyStream::onClosed(std::function<void()> callback)
{
    *m_onClosed = std::move(callback);
    if (!m_connection)
        announceClosedLater();
}

void BodyStream::bytesWritten()
{
    if (const auto callback = m_onBytesWritten)
        callback();
}

void BodyStream::connectionLost()
{
    m_connection = nullptr;
    announceClosedLater();
}

// The socket may report its end inside a write(), so the callback is always called from the event loop.
void BodyStream::announceClosedLater()
{
    QTimer::singleShot(0, [shared = m_onClosed] {
        if (const auto callback = std::exchange(*shared, {}))
            callback();
    });
}

} // namespace eventsync::server
