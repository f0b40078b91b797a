// SPDX-License-Identifier: Apache-2.0
//
// What a few requests can ask for. Each class is one kind of fault that a server of this sort has had.
#include "attack.h"

namespace eventsync::abuse {

namespace {

using namespace std::chrono_literals;

const char *const kJsonPatch = "Content-Type: application/json-patch+json\r\n";

// A page's own name that was made to point here.
class RebindingHosts final : public Attack
{
public:
    explicit RebindingHosts(std::uint16_t port) : Attack("DNS rebinding", port) {}
    void step() override
    {
        count(ask(port(), {.target = "/api/work/shared", .host = "evil.example"}));
        count(ask(port(), {.method = "PUT", .target = "/api/work/stolen", .body = "{}", .host = "evil.example"}));
        if (auto wire = Wire::connect(port()); wire && wire->send(upgradeText("evil.example")))
            count(statusOf(wire->receiveHead()));
    }
};

// A schema's uniqueItems over a long array (the collection `guarded` is configured by the run).
class UniqueItems final : public Attack
{
public:
    explicit UniqueItems(std::uint16_t port) : Attack("uniqueItems", port) {}
    void step() override
    {
        std::string body = R"({"items":[)";
        for (int i = 0; i < 40'000; ++i)
            body += std::to_string(randomNumber()) + ',';
        count(ask(port(), {.method = "PUT", .target = "/api/guarded/list", .body = body + "0]}"}));
    }
    std::chrono::milliseconds pause() const override { return 200ms; }
};

// Two states that have nothing in common: the diff is longer than both.
class LargeDiffs final : public Attack
{
public:
    explicit LargeDiffs(std::uint16_t port) : Attack("large diffs", port) {}
    void step() override
    {
        std::string digits = "[";
        for (int i = 0; i < 30'000; ++i)
            digits += std::to_string(randomNumber() % 10) + ',';
        count(ask(port(), {.method = "PUT", .target = "/api/attacked/digits", .body = digits + "0]"}));
        std::string words = "[";
        while (words.size() < 800'000)
            words += '"' + std::to_string(randomNumber()) + "\",";
        count(ask(port(), {.method = "PUT", .target = "/api/attacked/words", .body = words + "0]"}));
    }
    std::chrono::milliseconds pause() const override { return 500ms; }
};

class InventedNames final : public Attack
{
public:
    explicit InventedNames(std::uint16_t port) : Attack("invented names", port) {}
    void step() override
    {
        count(ask(port(), {.target = "/api/" + invented()}));
        count(ask(port(), {.target = "/api/attacked/" + invented()}));
        const std::string value = std::to_string(randomNumber());
        count(ask(port(), {.method = "PUT", .target = "/api/attacked/names", .body = "{\"n\":" + value + '}',
                           .headers = "X-Client-Id: " + invented() + "\r\n"}));
    }
};

class IdempotencyKeys final : public Attack
{
public:
    explicit IdempotencyKeys(std::uint16_t port) : Attack("idempotency keys", port) {}
    void step() override
    {
        const std::string body = "{\"n\":" + std::to_string(randomNumber()) + '}';
        const Ask write{.method = "PUT", .target = "/api/attacked/keys", .body = body,
                        .headers = "Idempotency-Key: " + invented() + std::string(200, 'k') + "\r\n"};
        count(ask(port(), write));
        count(ask(port(), write));
    }
};

// The past of a document with a long log, asked for and not waited for.
class LostReaders final : public Attack
{
public:
    explicit LostReaders(std::uint16_t port) : Attack("reads left before their answer", port) {}
    void prepare() override
    {
        for (int i = 0; i < kEvents; ++i)
            ask(port(), {.method = "PUT", .target = "/api/attacked/past", .body = "{\"n\":" + std::to_string(i) + ",\"fill\":\"" + std::string(1'000, 'x') + "\"}"});
    }
    void step() override
    {
        for (int i = 0; i < 5; ++i) {
            auto wire = Wire::connect(port());
            if (!wire)
                return count(0);
            wire->send(requestText({.target = "/api/snapshots/past?at=" + std::to_string(1 + randomNumber() % kEvents)}));
            wire->reset();
            count("left");
        }
    }

private:
    static constexpr int kEvents = 300;
};

class SnapshotsOnDemand final : public Attack
{
public:
    explicit SnapshotsOnDemand(std::uint16_t port) : Attack("snapshots on demand", port) {}
    void prepare() override
    {
        ask(port(), {.method = "PUT", .target = "/api/attacked/pictures", .body = "{\"n\":0,\"fill\":\"" + std::string(500'000, 'x') + "\"}"});
    }
    void step() override
    {
        const std::string patch = R"([{"op":"replace","path":"/n","value":)" + std::to_string(randomNumber()) + "}]";
        count(ask(port(), {.method = "PATCH", .target = "/api/attacked/pictures", .body = patch, .headers = kJsonPatch}));
        count(ask(port(), {.method = "POST", .target = "/api/snapshots/pictures"}));
    }
    std::chrono::milliseconds pause() const override { return 100ms; }
};

// A few bytes whose inverse is the whole of what they copied and removed.
class CopiedInverses final : public Attack
{
public:
    explicit CopiedInverses(std::uint16_t port) : Attack("copies and their inverses", port) {}
    void prepare() override
    {
        ask(port(), {.method = "PUT", .target = "/api/attacked/copies", .body = "{\"t\":\"" + std::string(500'000, 'x') + "\"}"});
    }
    void step() override
    {
        std::string patch = "[";
        for (int i = 0; i < 2; ++i)
            patch += R"({"op":"copy","from":"/t","path":"/u"},{"op":"remove","path":"/u"},)";
        patch += R"({"op":"add","path":"/n","value":)" + std::to_string(randomNumber()) + "}]";
        count(ask(port(), {.method = "PATCH", .target = "/api/attacked/copies", .body = patch, .headers = kJsonPatch}));
    }
    std::chrono::milliseconds pause() const override { return 200ms; }
};

// Answers that grow with what was invented before, asked for on connections that are not read.
class UnreadAnswers final : public Attack
{
public:
    explicit UnreadAnswers(std::uint16_t port) : Attack("answers never read", port) {}
    void step() override
    {
        if (m_held.size() >= 20)
            m_held.erase(m_held.begin());
        auto wire = Wire::connect(port());
        if (!wire)
            return count(0);
        for (int i = 0; i < 20; ++i) {
            wire->send(requestText({.target = "/api/events/names?clock=1&limit=1000"}));
            wire->send(requestText({.target = "/api/attacked?limit=1000"}));
        }
        m_held.push_back(std::move(*wire));
        count("held");
    }
    std::chrono::milliseconds pause() const override { return 200ms; }

private:
    std::vector<Wire> m_held;
};

// Bodies that compare many alternatives, and queries by filters without end.
class LongFilters final : public Attack
{
public:
    explicit LongFilters(std::uint16_t port) : Attack("long filters by address", port) {}
    void step() override
    {
        std::string filter = "%7B%22any%22%3A%5B"; // {"any":[
        while (filter.size() < 12'000)
            filter += "%7B%22path%22%3A%22%2Fn%22%2C%22op%22%3A%22eq%22%2C%22value%22%3A1%7D%2C"; // {"path":"/n","op":"eq","value":1},
        filter += "%7B%22path%22%3A%22%2Fn%22%2C%22op%22%3A%22exists%22%2C%22value%22%3Atrue%7D%5D%7D";
        count(ask(port(), {.target = "/api/work?filter=" + filter}));
    }
    std::chrono::milliseconds pause() const override { return 100ms; }
};

} // namespace

void addHttpAttacks(Attacks &attacks, std::uint16_t port)
{
    attacks.push_back(std::make_unique<RebindingHosts>(port));
    attacks.push_back(std::make_unique<UniqueItems>(port));
    attacks.push_back(std::make_unique<LargeDiffs>(port));
    attacks.push_back(std::make_unique<InventedNames>(port));
    attacks.push_back(std::make_unique<IdempotencyKeys>(port));
    attacks.push_back(std::make_unique<LostReaders>(port));
    attacks.push_back(std::make_unique<SnapshotsOnDemand>(port));
    attacks.push_back(std::make_unique<CopiedInverses>(port));
    attacks.push_back(std::make_unique<UnreadAnswers>(port));
    attacks.push_back(std::make_unique<LongFilters>(port));
}

} // namespace eventsync::abuse
