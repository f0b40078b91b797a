// SPDX-License-Identifier: Apache-2.0
#include <server/routes/eventstreams.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/protocol/codec.h>

#include <server/http/upgradecheck.h>
#include <server/sessions/resumetoken.h>

#include <QTimer>

namespace eventsync::server {

namespace {

// Shows its peer `events` and `error`, answers the service's pings itself, and never hears anything.
class EventStreamConnection final : public transport::Connection
{
public:
    EventStreamConnection(EventStream stream, transport::ConnectionInfo info, std::chrono::milliseconds heartbeat)
        : Connection(std::move(info), State::Open), m_stream(std::move(stream))
    {
        m_stream.http().onClosed([this] {
            m_heartbeat.stop();
            becomeClosed({.code = transport::CloseCode::Normal, .text = "the reader has gone", .byPeer = true});
        });
        m_stream.http().onBytesWritten([this] { checkWaterMarks(); });
        m_stream.sendComment();
        QObject::connect(&m_heartbeat, &QTimer::timeout, &m_heartbeat, [this] { m_stream.sendComment(); });
        m_heartbeat.start(heartbeat);
    }

    std::size_t unsentBytes() const override { return m_stream.http().unsentBytes(); }

private:
    void doSend(const transport::Frame &frame, std::string_view resumeToken) override
    {
        if (frame.label() == "events" || frame.label() == "error")
            m_stream.send(frame, resumeToken);
        else if (frame.label() == "ping") // later: never inside send()
            QTimer::singleShot(0, &m_heartbeat, [this] { receive(transport::Frame::text(R"({"type":"pong","n":0})", "pong")); });
    }
    void doClose(transport::CloseCode, std::string_view) override { m_stream.http().finish(); }
    void doAbort() override { m_stream.http().abort(); }

    mutable EventStream m_stream;
    QTimer m_heartbeat;
};

Result<Position> positionAt(storage::ReadView &view, const DocumentId &id, ServerSeq after)
{
    eventlog::EventStore store(view);
    EVENTSYNC_TRY(const auto row, store.document(id, false));
    if (!row)
        return failure(noSuchDocument(id));
    if (after < row->horizon.previous())
        return failure(ErrorCode::Compacted, "the log begins at " + std::to_string(row->horizon.value()));
    if (after == row->horizon.previous())
        return Position{after, row->baseChain};
    EVENTSYNC_TRY(const eventlog::LoggedPtr event, store.eventAt(row->number, after));
    if (!event)
        return failure(ErrorCode::NotFound, "the log of " + id.text() + " does not reach " + std::to_string(after.value()));
    return Position{after, event->chain};
}

} // namespace

void EventStreams::open(const HttpRequest &request, const Responder &responder, const DocumentId &id, ServerSeq after, bool clocks)
{
    if (const std::string_view token = request.header("Last-Event-ID"); !token.empty()) {
        const auto resumed = subscriptionsFrom(token);
        if (!resumed)
            return responder.fail(resumed.error());
        for (const protocol::Subscribe &subscribe : *resumed) {
            if (subscribe.documentId == id)
                after = *subscribe.afterSeq;
        }
    }
    m_context.engine.read<Position>([id, after](storage::ReadView &view) { return positionAt(view, id, after); },
                                    [this, request, responder, id, clocks](Result<Position> position) {
                                        if (position)
                                            start(request, responder, id, *position, clocks);
                                        else
                                            responder.fail(position.error());
                                    });
}

void EventStreams::start(const HttpRequest &request, const Responder &responder, const DocumentId &id, const Position &position,
                         bool clocks)
{
    if (!responder.isAlive())
        return;
    if (request.method == "HEAD") {
        responder.startEvents();
        return;
    }
    protocol::Subscribe subscribe{.documentId = id, .afterSeq = position.serverSeq, .chain = position.chain};
    // Who asks about pending ids is always sent the events, never a snapshot in their place.
    const EventId none = m_context.uuids.next();
    subscribe.pending.push_back({none, none});
    auto info = connectionInfo(request, transport::TransportKind::Sse);
    info.query.clear();
    info.resumeToken.clear();
    m_sessions.addReader(std::make_unique<EventStreamConnection>(responder.startEvents(), std::move(info), m_heartbeat),
                         std::move(subscribe), clocks);
}

} // namespace eventsync::server
