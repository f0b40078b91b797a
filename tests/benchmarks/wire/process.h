// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace eventsync::bench {

// A server as a child process on a free port of the loopback interface; killed when this goes. What it costs is
// measured from outside, so that the clients' work in this process is not in it.
class ServerProcess
{
public:
    static ServerProcess eventSync(const std::string &folder); // durability full, SQLite in `folder`
    static ServerProcess baseline(const std::string &folder, std::vector<std::string> mode);
    ServerProcess(ServerProcess &&other) noexcept;
    ~ServerProcess();

    int port() const { return m_port; }
    double cpuSeconds() const; // of all its threads so far
    double residentKiB() const;
    double metric(const std::string &name) const; // of GET /metrics; 0 if it is not there

private:
    ServerProcess(const std::string &folder, std::vector<std::string> arguments);

    pid_t m_process = 0;
    int m_port = 0;
};

} // namespace eventsync::bench
