// SPDX-License-Identifier: Apache-2.0
#include "observedserver.h"

#include "wire.h"

#include <charconv>
#include <filesystem>
#include <fstream>

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
