// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>

#include <server/sessions/sessionlink.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync::server {

/// The messages of the engine thread to all connections, passed to the I/O thread once per batch of the engine's executor: a
/// broadcast to a thousand readers wakes that thread once. Owner only: the engine thread.
class Outbox : public std::enable_shared_from_this<Outbox>
{
public:
    using Deliver = std::function<void(std::vector<Outgoing> parcel)>;

    /// `deliver` runs on `io`.
    Outbox(Executor &engine, std::shared_ptr<Executor> io, Deliver deliver)
        : m_engine(engine), m_io(std::move(io)), m_deliver(std::make_shared<Deliver>(std::move(deliver)))
    {
    }
    void add(Outgoing outgoing);

private:
    void flush();

    Executor &m_engine;
    std::shared_ptr<Executor> m_io;
    std::shared_ptr<Deliver> m_deliver;
    std::vector<Outgoing> m_parcel;
};

} // namespace eventsync::server
