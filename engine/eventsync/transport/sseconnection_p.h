// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/activetime.h>
#include <eventsync/transport/connection.h>
#include <eventsync/transport/sseparser_p.h>

#include <QNetworkAccessManager>
#include <QNetworkRequest>
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <QUrl>

#include <chrono>
#include <deque>

class QNetworkReply;

namespace eventsync::transport {

struct DialOptions;

// The client's side of a connection without WebSocket: GET <stream> gives the server's frames as server-sent events, the first
// of which has the secret connection id; frames to the server go as POST <stream>/{connectionId}, one request at a time, with
// all waiting frames as one JSON list, so they arrive in order. Bytes count as unsent until their request is answered. Text
// frames only. A stream that is silent for two heartbeats is closed. Owner only.
class SseConnection final : public QObject, public Connection
{
    Q_OBJECT

public:
    SseConnection(const QUrl &streamUrl, const DialOptions &options);
    ~SseConnection() override;

    std::size_t unsentBytes() const override { return m_waitingBytes + m_inFlightBytes; }
    std::string resumeToken() const override { return m_resumeToken; }

private:
    void doSend(const Frame &frame, std::string_view resumeToken) override;
    void doClose(CloseCode code, std::string_view text) override;
    void doAbort() override;

    QNetworkRequest request(const QUrl &url) const;
    void onStreamBytes();
    void onStreamFinished();
    void onEvent(const SseEvent &event);
    void onOpen(const std::string &data);
    void onCloseEvent(const std::string &data);
    void postWaiting();
    void onPosted(QNetworkReply *reply);
    void dropReplies();
    void finish(CloseReason reason);

    QUrl m_streamUrl;
    QNetworkRequest m_template;
    QNetworkAccessManager m_network;
    QNetworkReply *m_stream = nullptr;
    QNetworkReply *m_post = nullptr;
    QTimer m_timer; // for the handshake, then for silence, then for the close
    SystemClock m_clock;
    ActiveTime m_active{m_clock};
    std::chrono::milliseconds m_receivedAt{0}, m_patience{0};
    SseParser m_parser;
    std::string m_connectionId;
    std::string m_resumeToken;
    std::deque<Frame> m_waiting;
    std::size_t m_waitingBytes = 0, m_inFlightBytes = 0;
    bool m_finished = false;
};

} // namespace eventsync::transport
