// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace eventsync::abuse {

// One way to be a nuisance, repeated until it is stopped. Each runs on a thread of its own.
class Attack
{
public:
    Attack(std::string name, std::uint16_t port) : m_name(std::move(name)), m_port(port) {}
    virtual ~Attack() = default;

    virtual void prepare() {}                               // once, while the server is quiet
    virtual void step() = 0;
    virtual std::chrono::milliseconds pause() const { return std::chrono::milliseconds(20); } // between two steps

    const std::string &name() const { return m_name; }
    const std::map<std::string, int> &outcomes() const { return m_outcomes; } // after the end

protected:
    std::uint16_t port() const { return m_port; }
    void count(const std::string &outcome) { ++m_outcomes[outcome]; }
    void count(int status) { count(status == 0 ? std::string("no answer") : std::to_string(status)); }
    std::string invented(); // a name that was never there
    std::uint32_t randomNumber() { return m_random(); }

private:
    const std::string m_name;
    const std::uint16_t m_port;
    std::map<std::string, int> m_outcomes;
    std::mt19937 m_random{std::random_device()()};
};

using Attacks = std::vector<std::unique_ptr<Attack>>;
void addHttpAttacks(Attacks &attacks, std::uint16_t port);
void addConnectionAttacks(Attacks &attacks, std::uint16_t port); // WebSockets and bare sockets

// All of them at once, at the lowest priority: what is to be slow is the server, not the machine. Stopped when this goes.
class Gang
{
public:
    explicit Gang(Attacks &attacks);
    ~Gang();

private:
    std::atomic<bool> m_stopped = false;
    std::vector<std::thread> m_threads;
};

} // namespace eventsync::abuse
