// SPDX-License-Identifier: Apache-2.0
//
// 500 idle connections: greeted, following one document, silent. What the server's resident memory grew by for each,
// beside a bare QWebSocketServer with as many.
#include "../table.h"
#include "follower.h"
#include "process.h"

#include <chrono>
#include <deque>
#include <thread>

using namespace eventsync;
using namespace eventsync::bench;

namespace {

constexpr int kRuns = 3;
constexpr std::int64_t kConnections = 500, kWarmUp = 20;

void settle()
{
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
}

double ours()
{
    const Folder folder;
    const ServerProcess server = ServerProcess::eventSync(folder.file("."));
    Poll poll;
    Author author(DocumentId("note-1"), ClientId("writer-1"), 1);
    std::deque<Follower> all;
    Follower &writer = all.emplace_back(server.port(), poll, author.document(), author.client());
    poll.runUntil([&] { return writer.synced; });
    writer.push({author.create()});
    poll.runUntil([&] { return writer.acknowledged == 1; });
    const auto connect = [&](std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) {
            Follower &reader = all.emplace_back(server.port(), poll, author.document(),
                                                ClientId("reader-" + std::to_string(all.size())));
            poll.runUntil([&] { return reader.synced; });
        }
        settle();
        return server.residentKiB();
    };
    const double before = connect(kWarmUp);
    return (connect(kConnections) - before) / kConnections;
}

double bare()
{
    const Folder folder;
    const ServerProcess server = ServerProcess::baseline(folder.file("."), {"broadcast"});
    std::deque<WebSocketPeer> all;
    const auto connect = [&](std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i)
            all.emplace_back(server.port(), "/", "");
        settle();
        return server.residentKiB();
    };
    const double before = connect(kWarmUp);
    return (connect(kConnections) - before) / kConnections;
}

} // namespace

int main()
{
    Series memory, limit;
    for (int run = 0; run < kRuns; ++run) {
        const double took = ours();
        memory.add(took, bare());
        limit.add(took, 32);
    }
    Table table;
    table.add("idle connection, resident memory, beside the granted 32 KiB", limit, "KiB",
              Target{Target::Kind::AtMost, 1});
    table.add("idle connection, resident memory, beside a bare QWebSocketServer", memory, "KiB", std::nullopt);
    table.print();
    return 0;
}
