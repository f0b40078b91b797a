// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/loopback.h>

#include <deque>

namespace eventsync::transport {

// Each side's Core is used only by tasks of its own executor; the other side has a weak reference and only posts to it. So two
// threads need no lock: information about the other side (how much it has received) arrives as a posted task, too.
struct LoopbackConnection::Core
{
    Core(Executor &own, Executor &other) : executor(own), peerExecutor(other) {}

    Executor &executor;
    Executor &peerExecutor;
    std::weak_ptr<Core> peer;
    LoopbackConnection *owner = nullptr; // null once the connection has been destroyed
    std::size_t unsent = 0;
    bool isReading = true;
    std::deque<std::function<void()>> waiting; // frames that arrived while not reading

    static void toPeer(const std::shared_ptr<Core> &core, std::function<void(const std::shared_ptr<Core> &)> task)
    {
        core->peerExecutor.post([weak = core->peer, task = std::move(task)] {
            if (const auto receiver = weak.lock(); receiver && receiver->owner)
                task(receiver);
        });
    }

    static void arrive(const std::shared_ptr<Core> &core, std::function<void()> task)
    {
        if (core->isReading && core->waiting.empty())
            task();
        else
            core->waiting.push_back(std::move(task));
    }

    static void deliver(const std::shared_ptr<Core> &core, const Frame &frame)
    {
        toPeer(core, [size = frame.size()](const std::shared_ptr<Core> &sender) {
            sender->unsent -= size;
            sender->owner->checkWaterMarks();
        });
        core->owner->receive(frame);
    }
};

LoopbackConnection::Pair LoopbackConnection::make(Executor &clientExecutor, Executor &serverExecutor, ConnectionInfo info)
{
    info.kind = TransportKind::Loopback;
    ConnectionInfo clientInfo;
    clientInfo.codec = info.codec;
    clientInfo.peer = "loopback";

    auto clientCore = std::make_shared<Core>(clientExecutor, serverExecutor);
    auto serverCore = std::make_shared<Core>(serverExecutor, clientExecutor);
    clientCore->peer = serverCore;
    serverCore->peer = clientCore;

    Pair pair;
    pair.client.reset(new LoopbackConnection(clientCore, std::move(clientInfo), State::Connecting));
    pair.server.reset(new LoopbackConnection(std::move(serverCore), std::move(info), State::Open));
    clientExecutor.post([weak = std::weak_ptr(clientCore)] {
        if (const auto core = weak.lock(); core && core->owner)
            core->owner->becomeOpen();
    });
    return pair;
}

LoopbackConnection::LoopbackConnection(std::shared_ptr<Core> core, ConnectionInfo info, State state)
    : Connection(std::move(info), state), m_core(std::move(core))
{
    m_core->owner = this;
}

LoopbackConnection::~LoopbackConnection()
{
    m_core->owner = nullptr;
    m_core->waiting.clear();
    if (state() == State::Connecting || state() == State::Open)
        doAbort();
}

std::size_t LoopbackConnection::unsentBytes() const
{
    return m_core->unsent;
}

void LoopbackConnection::setReading(bool reading)
{
    const auto core = m_core; // a delivery may destroy *this
    core->isReading = reading;
    while (core->isReading && core->owner && !core->waiting.empty()) {
        const auto task = std::move(core->waiting.front());
        core->waiting.pop_front();
        task();
    }
}

void LoopbackConnection::doSend(const Frame &frame, std::string_view)
{
    m_core->unsent += frame.size();
    Core::toPeer(m_core, [frame](const std::shared_ptr<Core> &peer) {
        Core::arrive(peer, [weak = std::weak_ptr(peer), frame] {
            if (const auto core = weak.lock(); core && core->owner)
                Core::deliver(core, frame);
        });
    });
}

void LoopbackConnection::doClose(CloseCode code, std::string_view text)
{
    // The other side gets the earlier frames, then the close.
    Core::toPeer(m_core, [reason = CloseReason{.code = code, .text = std::string(text), .byPeer = true}](
                             const std::shared_ptr<Core> &peer) {
        Core::arrive(peer, [weak = std::weak_ptr(peer), reason] {
            if (const auto core = weak.lock(); core && core->owner)
                core->owner->becomeClosed(reason);
        });
    });
    m_core->executor.post([weak = std::weak_ptr(m_core)] {
        if (const auto core = weak.lock(); core && core->owner)
            core->owner->becomeClosed({});
    });
}

void LoopbackConnection::doAbort()
{
    const CloseReason broken{.code = CloseCode::Abnormal, .text = "connection lost", .byPeer = true,
                             .error = ErrorCode::Unavailable};
    Core::toPeer(m_core, [broken](const std::shared_ptr<Core> &peer) {
        peer->waiting.clear();
        peer->owner->becomeClosed(broken);
    });
    m_core->executor.post([weak = std::weak_ptr(m_core)] {
        if (const auto core = weak.lock(); core && core->owner)
            core->owner->becomeClosed({.code = CloseCode::Abnormal});
    });
}

std::unique_ptr<Connection> LoopbackListener::connect(Executor &clientExecutor, ConnectionInfo info)
{
    auto pair = LoopbackConnection::make(clientExecutor, m_executor, std::move(info));
    announce(std::move(pair.server));
    return std::move(pair.client);
}

} // namespace eventsync::transport
