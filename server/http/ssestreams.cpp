// SPDX-License-Identifier: Apache-2.0
#include <server/http/ssestreams.h>

#include <eventsync/base/bytes.h>
#include <eventsync/transport/limits.h>

#include <server/http/jsonlist.h>
#include <server/http/sseserverconnection.h>
#include <server/http/upgradecheck.h>
#include <server/problem.h>

#include <QJsonDocument>
#include <QJsonObject>

namespace eventsync::server {

namespace {

using namespace Qt::StringLiterals;

std::string toJson(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

std::string secretId(Random &random)
{
    Bytes bytes;
    for (int i = 0; i < 3; ++i) {
        const std::uint64_t bits = random.next();
        for (int shift = 0; shift < 64; shift += 8)
            bytes.push_back(static_cast<char>((bits >> shift) & 0xff));
    }
    return toBase64Url(bytes);
}

} // namespace

SseServerConnection::SseServerConnection(EventStream stream, transport::ConnectionInfo info, std::string id,
                                         std::shared_ptr<SseStreams::Registry> registry,
                                         std::chrono::milliseconds heartbeat)
    : Connection(std::move(info), State::Open), m_stream(std::move(stream)), m_id(std::move(id)),
      m_registry(std::move(registry))
{
    m_registry->emplace(m_id, this);
    m_stream.http().onClosed([this] {
        m_heartbeat.stop();
        m_registry->erase(m_id);
        becomeClosed({.code = transport::CloseCode::Abnormal, .text = "the stream has ended", .byPeer = true,
                      .error = ErrorCode::Unavailable});
    });
    m_stream.http().onBytesWritten([this] { checkWaterMarks(); });
    m_stream.sendEvent("open", toJson({{u"connectionId"_s, QString::fromStdString(m_id)},
                                       {u"heartbeatMs"_s, static_cast<qint64>(heartbeat.count())}}));
    QObject::connect(&m_heartbeat, &QTimer::timeout, &m_heartbeat, [this] { m_stream.sendComment(); });
    m_heartbeat.start(heartbeat);
}

SseServerConnection::~SseServerConnection()
{
    m_registry->erase(m_id);
}

std::size_t SseServerConnection::unsentBytes() const
{
    return m_stream.http().unsentBytes();
}

void SseServerConnection::doSend(const transport::Frame &frame, std::string_view resumeToken)
{
    if (frame.isText()) {
        m_stream.send(frame, resumeToken);
        return;
    }
    abortBecause({.code = transport::CloseCode::UnsupportedData, .text = "SSE carries texts only",
                  .error = ErrorCode::UnsupportedProtocol});
}

void SseServerConnection::doClose(transport::CloseCode code, std::string_view text)
{
    m_registry->erase(m_id);
    m_heartbeat.stop();
    m_stream.sendEvent("close", toJson({{u"code"_s, static_cast<int>(code)},
                                        {u"reason"_s, QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()))}}));
    m_stream.http().finish();
}

void SseServerConnection::doAbort()
{
    m_registry->erase(m_id);
    m_heartbeat.stop();
    m_stream.http().abort();
}

SseStreams::SseStreams(Random &random, const HttpServerOptions &options, Announce announce)
    : m_random(random), m_options(options), m_announce(std::move(announce))
{
}

void SseStreams::addRoutes(Router &router)
{
    router.get("/api/stream", [this](const HttpRequest &request, const Responder &responder) {
        openStream(request, responder);
    });
    router.post("/api/stream/{connectionId}", [this](const HttpRequest &request, const Responder &responder) {
        takeFrames(request, responder);
    });
}

void SseStreams::openStream(const HttpRequest &request, const Responder &responder)
{
    if (request.method == "HEAD") { // there is no stream without a body
        responder.startEvents();
        return;
    }
    if (m_options.admit) {
        if (auto admitted = m_options.admit(request); !admitted) {
            responder.fail(admitted.error());
            return;
        }
    }
    auto info = connectionInfo(request, transport::TransportKind::Sse);
    if (const auto token = request.queryValue("lastEventId"); token && info.resumeToken.empty())
        info.resumeToken = *token; // a browser's EventSource cannot set the header on its first request
    m_announce(std::make_unique<SseServerConnection>(responder.startEvents(), std::move(info), secretId(m_random),
                                                     m_registry, m_options.heartbeat));
}

void SseStreams::takeFrames(const HttpRequest &request, const Responder &responder)
{
    const std::string id(request.parameter("connectionId"));
    if (!m_registry->contains(id)) {
        responder.fail({ErrorCode::NotFound, "no such stream"});
        return;
    }
    if (!isValidUtf8(request.body)) {
        responder.fail({ErrorCode::InvalidMessage, "the body is not UTF-8"});
        return;
    }
    const auto messages = splitJsonList(request.body, limits::kSsePostFrames);
    if (!messages) {
        responder.fail(messages.error());
        return;
    }
    for (const std::string_view message : *messages) {
        if (message.size() > m_options.maxFrameBytes) {
            responder.fail({ErrorCode::TooLarge, "a message is longer than "
                                                     + std::to_string(m_options.maxFrameBytes) + " bytes"});
            return;
        }
    }
    for (const std::string_view message : *messages) {
        const auto found = m_registry->find(id);
        if (found == m_registry->end()) { // the receiver closed it because of one of the messages
            responder.fail({ErrorCode::NotFound, "the stream has been closed"});
            return;
        }
        found->second->takeFrame(transport::Frame::text(Bytes(message)));
    }
    responder.respond(HttpResponse::empty(202));
}

} // namespace eventsync::server
