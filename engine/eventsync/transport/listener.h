// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/transport/connection.h>

#include <functional>
#include <memory>

namespace eventsync::transport {

/// A source of new connections of any kind. Owner only.
class Listener
{
public:
    using ConnectionHandler = std::function<void(std::unique_ptr<Connection>)>;

    virtual ~Listener() = default;
    /// `handler` is called with each new connection, which is open. It must set the callbacks before it returns.
    void setConnectionHandler(ConnectionHandler handler) { m_handler = std::move(handler); }

protected:
    void announce(std::unique_ptr<Connection> connection)
    {
        if (m_handler)
            m_handler(std::move(connection)); // without a handler it is destroyed, which aborts it
    }

private:
    ConnectionHandler m_handler;
};

} // namespace eventsync::transport
