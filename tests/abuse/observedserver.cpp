// SPDX-License-Identifier: Apache-2.0
#include "observedserver.h"

#include "wire.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace eventsync::abuse {

namespace {

// The number behind the first line that begins so; 0 without one.
std::int64_t numberAfter(const std::string &text, const std::string &begin)
{
    const auto line = text.find('\n' + begin);
    if (line == std::string::npos)
        return 0;
    const auto digit = text.find_first_of("0123456789", line + 1 + begin.size());
    std::int64_t number = 0;
    if (digit != std::string::npos)
        std::from_chars(text.data() + digit, text.data() + text.size(), number);
    return number;
}

// User and system time in clock ticks (proc_pid_stat(5), fields 14 and 15). The name in parentheses may contain spaces.
std::int64_t ticksOfProcess(const std::string &process)
{
    std::ifstream file(process + "/stat");
    const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::istringstream fields(line.substr(std::min(line.rfind(')') + 1, line.size())));
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    std::int64_t user = 0, system = 0;
    fields >> user >> system;
    return user + system;
}

// What all processors did but wait (proc_stat(5): user, nice, system; idle and iowait follow).
std::int64_t ticksOfAll()
{
    std::ifstream file("/proc/stat");
    std::string name;
    std::int64_t user = 0, nice = 0, system = 0;
    file >> name >> user >> nice >> system;
    return user + nice + system;
}

} // namespace

Observation ObservedServer::now() const
{
    const std::string process = "/proc/" + std::to_string(m_pid);
    std::ifstream file(process + "/status");
    const std::string status((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::string told = metrics();
    Observation seen;
    seen.residentBytes = numberAfter(status, "VmRSS:") * 1024;
    seen.peakBytes = numberAfter(status, "VmHWM:") * 1024;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(process + "/fd", error); !error && entry != std::filesystem::directory_iterator();
         entry.increment(error))
        ++seen.descriptors;
    seen.sockets = numberAfter(told, "eventsync_sockets ");
    seen.connections = numberAfter(told, "eventsync_connections ");
    return seen;
}

std::chrono::milliseconds ObservedServer::processorTimeOfOthers() const
{
    const std::int64_t ticks = ticksOfAll() - ticksOfProcess("/proc/self") - ticksOfProcess("/proc/" + std::to_string(m_pid));
    return std::chrono::milliseconds(ticks * 1'000 / ::sysconf(_SC_CLK_TCK));
}

std::string ObservedServer::metrics() const
{
    auto wire = Wire::connect(m_port);
    if (!wire || !wire->send(requestText({.target = "/metrics", .headers = "Connection: close\r\n"})))
        return {};
    std::string all;
    for (std::string more = wire->receive(); !more.empty(); more = wire->receive())
        all += more;
    return all;
}

} // namespace eventsync::abuse
