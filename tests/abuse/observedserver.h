// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <chrono>
#include <cstdint>
#include <string>

namespace eventsync::abuse {

// What the system and the server itself say of the running process.
struct Observation
{
    std::int64_t residentBytes = 0, peakBytes = 0;
    int descriptors = 0;
    std::int64_t sockets = 0, connections = 0; // of /metrics
};

class ObservedServer
{
public:
    ObservedServer(qint64 pid, std::uint16_t port) : m_pid(pid), m_port(port) {}
    Observation now() const;
    // Processor time since the start of the machine that neither this process nor the server used.
    std::chrono::milliseconds processorTimeOfOthers() const;

private:
    std::string metrics() const;
    const qint64 m_pid;
    const std::uint16_t m_port;
};

} // namespace eventsync::abuse
