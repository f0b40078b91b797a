// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <server/enginethread.h>

#include <QLocalServer>

#include <string>

namespace eventsync::server {

/// The running server's ear for its own command line: a local socket in the data folder, for the owner only. One request a
/// connection, as a line of JSON (operations.h); lines {"progress": {...}} come back, then {"result": {...}} or
/// {"error": {code, message}}. Owner only: the I/O thread.
class ControlServer
{
public:
    ControlServer(EngineThread &engine, std::string dataFolder);
    ~ControlServer();

    Result<> listen(); ///< the data folder is locked, so an old socket there is nobody's
    void close();

private:
    void accept();

    EngineThread &m_engine;
    const std::string m_path;
    QLocalServer m_server;
};

} // namespace eventsync::server
