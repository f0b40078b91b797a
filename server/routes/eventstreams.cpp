// SPDX-License-Identifier: Apache-2.0
#include <server/routes/eventstreams.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/protocol/codec.h>

#include <server/http/upgradecheck.h>
#include <server/sessions/resumetoken.h>

#include <QTimer>

namespace eventsync::server {

namespace {

constexpr std::string_view kCompacted =
    R"({"type":"error","code":"Compacted","message":"the log was compacted meanwhile: begin anew","scope":"connection"})";
constexpr std::string_view kRevoked =
    R"({"type":"error","code":"PermissionRevoked","message":"the right to read was withdrawn","scope":"connection"})";

// Sends `events`, `diverged` and `error` to its peer, answers the service's pings itself, and receives nothing. The end of the
// subscription ends the stream: the reader connects again and gets a new answer.
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
        if (frame.label() == "events" || frame.label() == "diverged")
            m_stream.send(frame, resumeToken);
        else if (frame.label() == "error")
            end(frame);
        else if (frame.label() == "snapshot") // the log was compacted meanwhile: events alone would leave a gap
            end(transport::Frame::text(std::string(kCompacted), "error"));
        else if (frame.label() == "revoked")
            end(transport::Frame::text(std::string(kRevoked), "error"));
        else if (frame.label() == "ping") // later: never inside send()
            QTimer::singleShot(0, &m_heartbeat, [this] { receive(transport::Frame::text(R"({"type":"pong","n":0})", "pong")); });
    }
    void doClose(transport::CloseCode, std::string_view) override { m_stream.http().finish(); }
    void end(const transport::Frame &why)
    {
        m_stream.send(why, {});
        m_stream.http().finish();
    }
    void doAbort() override { m_stream.http().abort(); }

    mutable EventStream m_stream;
    QTimer m_heartbeat;
};

// The start of a stream: a serverSeq, or a position with its chain value from Last-Event-ID.
struct Start
{
    ServerSeq after;
    std::optional<Digest> chain = {};
};

Result<std::optional<Digest>> chainAt(eventlog::EventStore &store, const eventlog::DocumentRow &row, ServerSeq seq)
{
    if (seq == row.horizon.previous())
        return row.baseChain;
    EVENTSYNC_TRY(const eventlog::LoggedPtr event, store.eventAt(row.number, seq));
    return event ? std::optional(event->chain) : std::nullopt;
}

Result<Position> positionAt(storage::ReadView &view, const DocumentId &id, const Start &start)
{
    eventlog::EventStore store(view);
    EVENTSYNC_TRY(const auto row, store.document(id, false));
    if (!row)
        return failure(noSuchDocument(id));
    if (start.after < row->horizon.previous())
        return failure(ErrorCode::Compacted, "the log begins at " + std::to_string(row->horizon.value()));
    EVENTSYNC_TRY(const std::optional<Digest> chain, chainAt(store, *row, start.after));
    if (!start.chain && !chain)
        return failure(ErrorCode::NotFound, "the log of " + id.text() + " does not reach " + std::to_string(start.after.value()));
    if (!start.chain || start.chain == chain)
        return Position{start.after, *chain};
    if (row->horizon > ServerSeq(1))
        return failure(ErrorCode::Compacted, "the position is one of another history, and the log begins at " +
                                                 std::to_string(row->horizon.value()));
    return Position{start.after, *start.chain}; // the service sends `diverged`, and begins at the start of the log
}

Result<Start> startOf(std::string_view token, const DocumentId &id)
{
    EVENTSYNC_TRY(const std::vector<protocol::Subscribe> resumed, subscriptionsFrom(token));
    for (const protocol::Subscribe &subscribe : resumed) {
        if (subscribe.documentId == id)
            return Start{*subscribe.afterSeq, subscribe.chain};
    }
    return failure(ErrorCode::InvalidMessage, "the Last-Event-ID is one of another document");
}

} // namespace

void EventStreams::open(const HttpRequest &request, const Responder &responder, const DocumentId &id, ServerSeq after, bool clocks)
{
    const std::string_view token = request.header("Last-Event-ID");
    const auto start = token.empty() ? Result<Start>(Start{after}) : startOf(token, id);
    if (!start)
        return responder.fail(start.error());
    m_context.engine.read<Position>([id, start = *start](storage::ReadView &view) { return positionAt(view, id, start); },
                                    [this, request, responder, id, clocks](Result<Position> position) {
                                        if (position)
                                            this->start(request, responder, id, *position, clocks);
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
    // A subscriber with pending ids always gets events, never a snapshot instead.
    const EventId none = m_context.uuids.next();
    subscribe.pending.push_back({none, none});
    auto info = connectionInfo(request, transport::TransportKind::Sse);
    info.query.clear();
    info.resumeToken.clear();
    m_sessions.addReader(std::make_unique<EventStreamConnection>(responder.startEvents(), std::move(info), m_heartbeat),
                         std::move(subscribe), clocks);
}

} // namespace eventsync::server
