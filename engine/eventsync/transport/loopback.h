// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>
#include <eventsync/transport/listener.h>

namespace eventsync::transport {

/// A connection inside the process: no socket, no event loop, no timer. Frames are posted to the other side's Executor, so a
/// deterministic executor gives a deterministic run; both sides may have the same executor, or executors of two threads. Bytes
/// count as unsent until the other side has received them. Both executors must outlive both sides.
class LoopbackConnection final : public Connection
{
public:
    struct Pair
    {
        std::unique_ptr<LoopbackConnection> client; ///< Connecting; `opened` is posted
        std::unique_ptr<LoopbackConnection> server; ///< Open
    };
    /// `info` is that of the server's side; its codec is that of both.
    static Pair make(Executor &clientExecutor, Executor &serverExecutor, ConnectionInfo info = {});
    ~LoopbackConnection() override; ///< without close(): the other side gets Abnormal

    std::size_t unsentBytes() const override;

    /// Simulates a reader that stops reading: frames wait, and count as unsent at the sender.
    void setReading(bool reading);

private:
    struct Core;
    LoopbackConnection(std::shared_ptr<Core> core, ConnectionInfo info, State state);
    void doSend(const Frame &frame, std::string_view resumeToken) override;
    void doClose(CloseCode code, std::string_view text) override;
    void doAbort() override;

    std::shared_ptr<Core> m_core;
};

/// Owner only: connect() is called on the server's executor's thread.
class LoopbackListener final : public Listener
{
public:
    explicit LoopbackListener(Executor &serverExecutor) : m_executor(serverExecutor) {}
    std::unique_ptr<Connection> connect(Executor &clientExecutor, ConnectionInfo info = {});

private:
    Executor &m_executor;
};

} // namespace eventsync::transport
