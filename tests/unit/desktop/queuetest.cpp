// SPDX-License-Identifier: Apache-2.0
#include "queuetest.h"

#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/transport/loopback.h>

#include <desktop/panels/mainwindow.h>
#include <desktop/play/actions.h>

#include <unit/client/rig.h>

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;
using client::SyncClient;

namespace {

constexpr int kWaitMs = 20'000;

// Knows one document, and takes or refuses what is pushed, as it is told.
class MoodyServer
{
public:
    explicit MoodyServer(const DocumentId &document) : m_log(document) {}

    client::ConnectionFactory factory()
    {
        return [this]() -> Result<std::unique_ptr<transport::Connection>> {
            auto pair = transport::LoopbackConnection::make(m_executor, m_executor);
            m_side = std::move(pair.server);
            m_side->setCallbacks({.frameReceived = [this](const transport::Frame &frame) { receive(frame); }});
            return std::unique_ptr<transport::Connection>(std::move(pair.client));
        };
    }

    bool refuses = true;

private:
    void send(const protocol::Message &message)
    {
        m_side->send(transport::Frame::text(protocol::encode(message, Codec::Json)));
    }
    void receive(const transport::Frame &frame)
    {
        const auto message = protocol::decode(frame.bytes(), Codec::Json);
        QVERIFY(message.has_value());
        if (std::holds_alternative<protocol::Hello>(*message)) {
            send(client::test::welcome());
        } else if (std::holds_alternative<protocol::Subscribe>(*message)) {
            send(m_log.synced(m_last));
        } else if (const auto *push = std::get_if<protocol::Push>(&*message)) {
            const ServerSeq before = m_log.head();
            m_last = push->events.back()->clientSeq;
            if (refuses)
                return send(client::test::answer(*push, AckStatus::Rejected, {}, ErrorCode::PermissionDenied));
            for (const EventPtr &event : push->events)
                m_log.accept(event);
            send(m_log.events(before));
            send(client::test::answer(*push, AckStatus::Applied, before.next()));
        }
    }

    EventLoopExecutor m_executor;
    client::test::Log m_log;
    ClientSeq m_last;
    std::unique_ptr<transport::LoopbackConnection> m_side;
};

} // namespace

// A window with one game that the server has refused.
struct QueueTest::Rig
{
    QTemporaryDir folder;
    std::unique_ptr<Profile> profile;
    std::unique_ptr<Session> session;
    std::unique_ptr<MoodyServer> server;
    std::unique_ptr<MainWindow> window;
    std::optional<DocumentId> game;

    QString play(const QString &line)
    {
        const auto step = parsePlayLine(line, 1);
        if (!step || !*step)
            return u"no step: "_s + line;
        const bool isCondition = (*step)->command == "expect"_L1 || (*step)->command == "wait-for"_L1;
        NotYet reason;
        const bool done = QTest::qWaitFor([&] {
            reason = isCondition ? checkCondition(*window, (*step)->words) : performAction(*window, **step, [](const QString &) {});
            return !reason;
        }, kWaitMs);
        return done ? QString() : u"%1: %2"_s.arg(line, reason.value_or(QString()));
    }
};

#define PLAY(line)                                                                                                     \
    do {                                                                                                               \
        const QString reason = m_rig->play(line);                                                                      \
        QVERIFY2(reason.isEmpty(), qPrintable(reason));                                                                \
    } while (false)

QueueTest::QueueTest() = default;
QueueTest::~QueueTest() = default;

void QueueTest::init()
{
    m_rig = std::make_unique<Rig>();
    auto profile = Profile::open(u"alice"_s, m_rig->folder.path());
    QVERIFY(profile);
    m_rig->profile = std::move(*profile);
    client::SyncClientOptions options;
    options.core.policies.set(Session::collection(), CollectionPolicy::games());
    auto client = SyncClient::open(m_rig->profile->takeStore(), std::move(options));
    QVERIFY(client);
    m_rig->session = std::make_unique<Session>(std::move(*client), u"alice"_s);
    m_rig->window = std::make_unique<MainWindow>(*m_rig->session, *m_rig->profile);
    m_rig->window->show();
    m_rig->game = m_rig->session->createGame(u"Purse"_s);
    QVERIFY(m_rig->game);
    m_rig->server = std::make_unique<MoodyServer>(*m_rig->game);
    m_rig->session->client().setServer(m_rig->server->factory());
    m_rig->session->setOffline(false);
    PLAY(u"wait-for queue dead=1 waiting=0 sent=0"_s);
    PLAY(u"wait-for visible noticeText"_s);
    PLAY(u"wait-for row gamesView refused"_s);
    PLAY(u"click queueState"_s); // shows the queue
    PLAY(u"wait-for row queueView Refused"_s);
    PLAY(u"expect disabled retryButton"_s); // nothing is selected yet
    PLAY(u"expect disabled discardButton"_s);
    PLAY(u"select queueView Refused"_s);
    PLAY(u"expect disabled decideButton"_s);
}

void QueueTest::cleanup()
{
    m_rig->window.reset();
    m_rig->session.reset(); // before the server, which it talks to
    m_rig.reset();
}

void QueueTest::aRefusedEditIsTriedAgain()
{
    PLAY(u"click retryButton"_s); // the server is of the same mind
    QTest::qWait(200);
    PLAY(u"wait-for queue dead=1 waiting=0 sent=0"_s);
    m_rig->server->refuses = false;
    PLAY(u"select queueView Refused"_s);
    PLAY(u"click retryButton"_s);
    PLAY(u"wait-for queue all=0"_s);
    PLAY(u"wait-for visible queueViewEmpty"_s);
    PLAY(u"wait-for row gamesView Purse 100"_s);
    QVERIFY(m_rig->session->states().confirmed(*m_rig->game));
}

void QueueTest::aRefusedEditIsDiscarded()
{
    PLAY(u"click discardButton"_s);
    PLAY(u"click keepEditButton"_s);
    PLAY(u"expect queue dead=1"_s);
    PLAY(u"click discardButton"_s);
    PLAY(u"click confirmDiscardButton"_s);
    PLAY(u"wait-for queue all=0"_s);
    PLAY(u"wait-for visible queueViewEmpty"_s);
    PLAY(u"wait-for visible gamesViewEmpty"_s); // nothing of it is left
}

} // namespace eventsync::desktop::test
