// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <server/enginethread.h>

#include <QLocalServer>

#include <string>

namespace eventsync::server {

/// The control socket of a running server, for its subcommands: a local socket in the data folder, for the owner only. Each
/// connection has one request, a line of JSON (operations.h). The answer is lines of {"progress": {...}}, then {"result":
/// {...}} or {"error": {code, message}}. Owner only: the I/O thread.
class ControlServer
{
public:
    ControlServer(EngineThread &engine, std::string dataFolder);
    ~ControlServer();

    Result<> listen(); ///< the data folder is locked, so an existing socket in it is not in use
    void close();

private:
    void accept();

    EngineThread &m_engine;
    const std::string m_path;
    QLocalServer m_server;
};

} // namespace eventsync::server
