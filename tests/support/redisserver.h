// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QProcess>
#include <QString>
#include <QTemporaryDir>

namespace eventsync::test {

// A real redis-server on a free loopback port and a Unix socket, for one test. It keeps nothing on disk. Ended by its
// process, when the object goes.
class RedisServer
{
public:
    ~RedisServer() { stop(); }

    // Whether there is such a program. EVENTSYNC_REQUIRE_REDIS=1: a test that needs it fails instead of being skipped.
    static bool isInstalled();
    static bool isRequired() { return qEnvironmentVariableIntValue("EVENTSYNC_REQUIRE_REDIS") == 1; }

    bool start(const QStringList &more = {}); // again on the same port after stop()
    void stop();                              // kills it
    int port() const { return m_port; }
    std::string url() const { return "redis://127.0.0.1:" + std::to_string(m_port); }
    std::string socketUrl() const;

private:
    QTemporaryDir m_folder;
    QProcess m_process;
    int m_port = 0;
};

} // namespace eventsync::test

// At the head of a test that needs one.
#define EVENTSYNC_NEEDS_REDIS()                                                                                        \
    do {                                                                                                               \
        if (!eventsync::test::RedisServer::isInstalled()) {                                                            \
            if (eventsync::test::RedisServer::isRequired())                                                            \
                QFAIL("redis-server is not installed, and EVENTSYNC_REQUIRE_REDIS=1");                                  \
            QSKIP("redis-server is not installed");                                                                    \
        }                                                                                                              \
    } while (false)
