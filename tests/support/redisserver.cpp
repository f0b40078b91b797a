// SPDX-License-Identifier: Apache-2.0
#include <support/redisserver.h>

#include <QFile>
#include <QStandardPaths>
#include <QTest>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace eventsync::test {

namespace {

sockaddr_in loopback(int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

int freePort()
{
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int port = 0;
    if (bind(descriptor, reinterpret_cast<sockaddr *>(&address), size) == 0 &&
        getsockname(descriptor, reinterpret_cast<sockaddr *>(&address), &size) == 0)
        port = ntohs(address.sin_port);
    close(descriptor);
    return port;
}

// Whether somebody answers PING there.
bool answers(int port)
{
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const timeval patience{1, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char reply = 0;
    const bool heard = connect(descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0 &&
                       send(descriptor, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && recv(descriptor, &reply, 1, 0) == 1;
    close(descriptor);
    return heard;
}

} // namespace

bool RedisServer::isInstalled()
{
    return !QStandardPaths::findExecutable(QStringLiteral("redis-server")).isEmpty();
}

std::string RedisServer::socketUrl() const
{
    return "unix://" + m_folder.filePath(QStringLiteral("redis.sock")).toStdString();
}

bool RedisServer::start(const QStringList &more)
{
    // Another program may take the port between asking for it and using it.
    for (int attempt = 0; attempt < 5; ++attempt) {
        const int port = m_port != 0 ? m_port : freePort();
        m_process.setWorkingDirectory(m_folder.path());
        m_process.setStandardOutputFile(m_folder.filePath(QStringLiteral("log")));
        m_process.start(QStringLiteral("redis-server"),
                        QStringList{QStringLiteral("--port"), QString::number(port), QStringLiteral("--bind"),
                                    QStringLiteral("127.0.0.1"), QStringLiteral("--unixsocket"),
                                    m_folder.filePath(QStringLiteral("redis.sock")), QStringLiteral("--save"), QString(),
                                    QStringLiteral("--appendonly"), QStringLiteral("no"), QStringLiteral("--dir"),
                                    m_folder.path()} +
                            more);
        if (!m_process.waitForStarted(10'000))
            return false;
        for (int wait = 0; wait < 400 && m_process.state() == QProcess::Running; ++wait) {
            if (answers(port)) {
                m_port = port;
                return true;
            }
            m_process.waitForFinished(25);
        }
        stop();
    }
    return false;
}

void RedisServer::stop()
{
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.kill();
    m_process.waitForFinished(10'000);
}

} // namespace eventsync::test
