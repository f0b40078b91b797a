// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/responder.h>

#include <QPointer>

namespace eventsync::server {

class HttpConnection;

/// The HttpStream of one answer on one HttpConnection. Owner only.
class BodyStream final : public HttpStream
{
public:
    explicit BodyStream(HttpConnection *connection) : m_connection(connection) {} ///< null: closed from the beginning
    ~BodyStream() override;

    bool isOpen() const override { return m_connection != nullptr; }
    void write(std::string_view bytes) override;
    void writeShared(const QByteArray &bytes) override;
    void finish() override;
    void abort() override;
    std::size_t unsentBytes() const override;
    void onClosed(std::function<void()> callback) override;
    void onBytesWritten(std::function<void()> callback) override { m_onBytesWritten = std::move(callback); }

    /// From the connection. Each may destroy this object.
    void bytesWritten();
    void connectionLost();

private:
    void announceClosedLater();

    HttpConnection *m_connection;
    std::shared_ptr<std::function<void()>> m_onClosed = std::make_shared<std::function<void()>>();
    std::function<void()> m_onBytesWritten;
};

} // namespace eventsync::server
