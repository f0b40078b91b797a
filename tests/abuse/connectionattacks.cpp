// SPDX-License-Identifier: Apache-2.0
//
// What a connection can ask for, and how one can be left behind.
#include "attack.h"

#include <array>
#include <cstdio>

namespace eventsync::abuse {

namespace {

using namespace std::chrono_literals;

std::string uuid(std::uint32_t a, std::uint32_t b)
{
    std::array<char, 37> text{};
    std::snprintf(text.data(), text.size(), "019a9b1c-7c00-7%03x-8%03x-%04x%08x", a & 0xfffU, (a >> 12) & 0xfffU, b & 0xffffU, a ^ b);
    return text.data();
}

// Pings of both kinds whose pongs are never read.
class UnreadPings final : public Attack
{
public:
    explicit UnreadPings(std::uint16_t port) : Attack("pings never read", port) {}
    void step() override
    {
        auto wire = greeted(port(), invented());
        if (!wire)
            return count("refused");
        std::string flood;
        for (int i = 0; i < 2'000; ++i)
            flood += frame(Opcode::Ping, std::string(125, 'p')) + frame(Opcode::Text, R"({"type":"ping","n":1})");
        bool isOpen = true;
        for (int i = 0; i < 10 && isOpen; ++i)
            isOpen = wire->send(flood);
        count(isOpen ? "all were taken" : "closed");
    }
};

// The upgrade and a close frame in one packet; and half of an upgrade, left.
class HalfUpgrades final : public Attack
{
public:
    explicit HalfUpgrades(std::uint16_t port) : Attack("half upgrades", port) {}
    void step() override
    {
        for (int i = 0; i < 10; ++i) {
            if (auto wire = Wire::connect(port()))
                wire->send(upgradeText() + frame(Opcode::Close, {}));
            if (auto wire = Wire::connect(port())) {
                wire->send(std::string_view(upgradeText()).substr(0, 60));
                wire->reset();
            }
            count("left");
        }
    }
};

class CutFrames final : public Attack
{
public:
    explicit CutFrames(std::uint16_t port) : Attack("frames cut in half", port) {}
    void step() override
    {
        const std::string whole = frame(Opcode::Text, R"({"type":"hello","protocol":1,"clientId":"cut"})");
        for (const std::string &bytes : {whole.substr(0, whole.size() / 2), whole.substr(0, 1), frame(Opcode::Text, std::string(1'900'000, '[')),
                                         frame(Opcode::Text, std::string(100'000, 'x'), false) + frame(Opcode::Continuation, "\xff", false),
                                         std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14)}) {
            auto wire = upgraded(port());
            if (!wire)
                return count("refused");
            wire->send(bytes);
            count("left");
        }
    }
    std::chrono::milliseconds pause() const override { return 100ms; }
};

// Everything is asked for, nothing is read.
class SlowReaders final : public Attack
{
public:
    explicit SlowReaders(std::uint16_t port) : Attack("slow readers", port) {}
    void step() override
    {
        if (m_held.size() >= 30)
            m_held.erase(m_held.begin());
        auto wire = greeted(port(), invented());
        if (!wire)
            return count("refused");
        for (const char *document : {"words", "digits", "names", "past", "pictures"})
            wire->send(frame(Opcode::Text, R"({"type":"subscribe","documentId":")" + std::string(document) + R"(","afterSeq":0,"clocks":true})"));
        wire->send(frame(Opcode::Text, R"({"type":"watch","collection":"attacked","fields":[""]})"));
        for (int i = 0; i < 16; ++i)
            wire->send(frame(Opcode::Text, R"({"type":"query","requestId":"q","kind":"list","collection":"attacked","limit":1000})"));
        m_held.push_back(std::move(*wire));
        count("held");
    }
    std::chrono::milliseconds pause() const override { return 200ms; }

private:
    std::vector<Wire> m_held;
};

// Ids, collections and cursors of clients that never were.
class InventedClients final : public Attack
{
public:
    explicit InventedClients(std::uint16_t port) : Attack("invented clients", port) {}
    void step() override
    {
        const std::string client = invented();
        auto wire = greeted(port(), client);
        if (!wire)
            return count("refused");
        std::string flood;
        for (int i = 0; i < 300; ++i)
            flood += frame(Opcode::Text, R"({"type":"watch","collection":")" + invented() + "\"}");
        flood += frame(Opcode::Text, R"({"type":"subscribe","documentId":"names","afterSeq":0})");
        flood += frame(Opcode::Text, R"({"type":"cursor","documentId":"names","serverSeq":1})");
        flood += frame(Opcode::Text, R"({"type":"presence","documentId":"names","clientId":")" + client + R"(","state":")"
                                         + std::string(4'000, 's') + "\"}");
        flood += frame(Opcode::Text, R"({"type":"error","code":"Internal","message":")" + std::string(500'000, 'm')
                                         + R"(\u001b[2J","scope":"message"})");
        wire->send(flood);
        wire->receive();
        count("heard");
    }
    std::chrono::milliseconds pause() const override { return 50ms; }
};

class HugeFilters final : public Attack
{
public:
    explicit HugeFilters(std::uint16_t port) : Attack("filters of 1.5 MB", port) {}
    void step() override
    {
        auto wire = greeted(port(), invented());
        if (!wire)
            return count("refused");
        std::string filter = R"({"any":[)";
        while (filter.size() < 1'500'000)
            filter += R"({"path":"/n","op":"eq","value":)" + std::to_string(randomNumber()) + "},";
        filter += R"({"path":"/never","op":"exists","value":true}]})";
        wire->send(frame(Opcode::Text, R"({"type":"watch","collection":"attacked","filter":)" + filter + '}'));
        wire->send(frame(Opcode::Text, R"({"type":"query","requestId":"f","kind":"list","collection":"attacked","filter":)" + filter + '}'));
        count(wire->receive().empty() ? "closed" : "heard");
    }
    std::chrono::milliseconds pause() const override { return 500ms; }
};

// A large edit, over and over on the first state of a document that others have changed a thousand times since.
class StalePushes final : public Attack
{
public:
    explicit StalePushes(std::uint16_t port) : Attack("large pushes on stale bases", port) {}
    void prepare() override
    {
        ask(port(), {.method = "PUT", .target = "/api/attacked/stale", .body = "{}"});
        for (int i = 0; i < 1'000; ++i)
            ask(port(), {.method = "PATCH", .target = "/api/attacked/stale", .body = R"({"k)" + std::to_string(i) + R"(":1})",
                         .headers = "Content-Type: application/merge-patch+json\r\n"});
    }
    void step() override
    {
        const std::string client = invented();
        auto wire = greeted(port(), client);
        if (!wire)
            return count("refused");
        std::string patch;
        for (int i = 0; patch.size() < 900'000; ++i)
            patch += std::string(i ? "," : "") + R"({"op":"add","path":"/p)" + std::to_string(i) + R"(","value":1})";
        wire->send(frame(Opcode::Text, R"({"type":"subscribe","documentId":"stale","afterSeq":0})"));
        wire->send(frame(Opcode::Text, R"({"type":"push","batchId":1,"documentId":"stale","events":[{"baseSeq":1,"clientId":")" + client
                                           + R"(","clientSeq":1,"collection":"attacked","diff":{"patch":[)" + patch
                                           + R"(]},"documentId":"stale","id":")" + uuid(randomNumber(), randomNumber())
                                           + R"(","onOverlap":"ours","operation":"update","timestamp":"2026-11-21T09:30:00.000Z"}]})"));
        count(wire->receive().empty() ? "closed" : "heard");
    }
    std::chrono::milliseconds pause() const override { return 500ms; }
};

} // namespace

void addConnectionAttacks(Attacks &attacks, std::uint16_t port)
{
    attacks.push_back(std::make_unique<UnreadPings>(port));
    attacks.push_back(std::make_unique<HalfUpgrades>(port));
    attacks.push_back(std::make_unique<CutFrames>(port));
    attacks.push_back(std::make_unique<SlowReaders>(port));
    attacks.push_back(std::make_unique<InventedClients>(port));
    attacks.push_back(std::make_unique<HugeFilters>(port));
    attacks.push_back(std::make_unique<StalePushes>(port));
}

} // namespace eventsync::abuse
