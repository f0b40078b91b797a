// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include "../measure.h"
#include "websocketpeer.h"

#include <eventsync/base/assert.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

extern char **environ; // NOLINT: POSIX has it so

namespace eventsync::bench {

namespace {

constexpr int kStartTries = 3'000; // of 10 ms

} // namespace

ServerProcess::ServerProcess(const std::string &folder, std::vector<std::string> arguments)
{
    std::vector<char *> words;
    for (std::string &argument : arguments)
        words.push_back(argument.data());
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string log = folder + "/log";
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int failed = posix_spawn(&m_process, words[0], &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    EVENTSYNC_ASSERT(failed == 0);
    for (int i = 0; i < kStartTries && m_port == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        std::ifstream(folder + "/port") >> m_port;
    }
    EVENTSYNC_ASSERT(m_port != 0);
}

ServerProcess::ServerProcess(ServerProcess &&other) noexcept
    : m_process(std::exchange(other.m_process, 0)), m_port(other.m_port)
{
}

ServerProcess::~ServerProcess()
{
    if (m_process == 0)
        return;
    ::kill(m_process, SIGKILL);
    ::waitpid(m_process, nullptr, 0);
}

ServerProcess ServerProcess::eventSync(const std::string &folder)
{
    return {folder,
            {EVENTSYNC_SERVER_PROGRAM, "--listen", "127.0.0.1:0", "--port-file", folder + "/port", "--data",
             folder + "/data", "--durability", "full", "--log-level", "warning"}};
}

ServerProcess ServerProcess::baseline(const std::string &folder, std::vector<std::string> mode)
{
    mode.insert(mode.begin(), {EVENTSYNC_BASELINE_PROGRAM, folder + "/port"});
    return {folder, std::move(mode)};
}

double ServerProcess::cpuSeconds() const
{
    return cpuSecondsOf(m_process);
}

double ServerProcess::residentKiB() const
{
    std::ifstream file("/proc/" + std::to_string(m_process) + "/statm");
    long total = 0, resident = 0;
    file >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

double ServerProcess::metric(const std::string &name) const
{
    const std::string page = httpGet(m_port, "/metrics");
    const auto at = page.find("\n" + name + " ");
    return at == std::string::npos ? 0 : std::atof(page.c_str() + at + name.size() + 2);
}

} // namespace eventsync::bench
