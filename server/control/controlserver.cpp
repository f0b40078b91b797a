// SPDX-License-Identifier: Apache-2.0
#include <server/control/controlserver.h>

#include <server/control/operations.h>
#include <server/datafolder.h>
#include <server/limits.h>

#include <QFile>
#include <QLocalSocket>
#include <QPointer>

namespace eventsync::server {

namespace {

void writeLine(const QPointer<QLocalSocket> &socket, const json::Object &line)
{
    if (!socket)
        return;
    const std::string text = json::canonical(line) + '\n';
    socket->write(text.data(), static_cast<qint64>(text.size()));
}

void writeEnd(const QPointer<QLocalSocket> &socket, const Result<json::Object> &result)
{
    if (result)
        writeLine(socket, {{"result", *result}});
    else
        writeLine(socket, {{"error", json::Object{{"code", errorName(result.error().code)}, {"message", result.error().message}}}});
    if (socket)
        socket->disconnectFromServer(); // after the written bytes were sent
}

void takeRequest(EngineThread &engine, QLocalSocket *socket)
{
    const QPointer<QLocalSocket> peer(socket);
    if (!socket->canReadLine()) {
        if (socket->bytesAvailable() > static_cast<qint64>(limits::kControlLineBytes))
            writeEnd(peer, failure(ErrorCode::TooLarge, "the request is too long"));
        return;
    }
    QObject::disconnect(socket, &QLocalSocket::readyRead, nullptr, nullptr); // one request a connection
    const auto request = json::parse(socket->readLine().toStdString(), {.bytes = limits::kControlLineBytes});
    if (!request)
        return writeEnd(peer, failure(request.error()));
    runOperation(engine, *request,
                 {.progress = [peer](const json::Object &progress) { writeLine(peer, {{"progress", progress}}); },
                  .done = [peer](Result<json::Object> result) { writeEnd(peer, result); }});
}

} // namespace

ControlServer::ControlServer(EngineThread &engine, std::string dataFolder)
    : m_engine(engine), m_path(controlSocketOf(dataFolder))
{
    QObject::connect(&m_server, &QLocalServer::newConnection, &m_server, [this] { accept(); });
}

ControlServer::~ControlServer()
{
    close();
}

Result<> ControlServer::listen()
{
    const QString path = QString::fromStdString(m_path);
    QFile::remove(path);
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    if (!m_server.listen(path))
        return failure(ErrorCode::IoError, m_path + ": " + m_server.errorString().toStdString());
    QFile::setPermissions(path, QFileDevice::ReadOwner | QFileDevice::WriteOwner);
    return {};
}

void ControlServer::close()
{
    m_server.close();
}

void ControlServer::accept()
{
    while (QLocalSocket *socket = m_server.nextPendingConnection()) {
        socket->setReadBufferSize(static_cast<qint64>(limits::kControlLineBytes) + 1);
        QObject::connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        QObject::connect(socket, &QLocalSocket::readyRead, socket, [this, socket] { takeRequest(m_engine, socket); });
        takeRequest(m_engine, socket); // for bytes that have arrived already
    }
}

} // namespace eventsync::server
