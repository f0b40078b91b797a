// SPDX-License-Identifier: Apache-2.0
//
// Fan-out: one writer, 100 or 500 readers of one document over real WebSockets (CBOR), log and fsync on. Processor time
// of the whole server process per delivered event, beside a bare QWebSocketServer that broadcasts the very same bytes
// to as many connections. Both go in step: the next event is sent when everybody has the last one, so every event is a
// commit of its own and a wave of writes of its own - the dearest way there is.
#include "../table.h"
#include "follower.h"
#include "process.h"

#include <deque>

using namespace eventsync;
using namespace eventsync::bench;

namespace {

constexpr int kRuns = 5;
constexpr std::int64_t kWarmUp = 10;

struct Load
{
    std::int64_t readers, events;
};

double ours(const Load &load, std::vector<std::string> &recorded)
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
    for (std::int64_t i = 0; i < load.readers; ++i) {
        Follower &reader =
            all.emplace_back(server.port(), poll, author.document(), ClientId("reader-" + std::to_string(i)));
        poll.runUntil([&] { return reader.synced; });
    }
    recorded.clear();
    writer.eventsCame = [&](std::string_view frame) { recorded.emplace_back(frame); };
    double begin = 0;
    for (std::int64_t event = 0; event < kWarmUp + load.events; ++event) {
        if (event == kWarmUp) {
            recorded.clear();
            begin = server.cpuSeconds();
        }
        std::int64_t waiting = 0;
        for (Follower &each : all)
            each.eventFrames = 0;
        writer.push({author.edit(writer.head)});
        poll.runUntil([&] {
            waiting = 0;
            for (const Follower &each : all)
                waiting += each.eventFrames < 1;
            return waiting == 0 && writer.acknowledged == event + 2;
        });
    }
    const double took = server.cpuSeconds() - begin;
    return took * 1e6 / static_cast<double>(load.events * (load.readers + 1));
}

double bare(const Load &load, const std::vector<std::string> &frames)
{
    const Folder folder;
    const ServerProcess server = ServerProcess::baseline(folder.file("."), {"broadcast"});
    Poll poll;
    std::deque<WebSocketPeer> all;
    std::int64_t received = 0;
    for (std::int64_t i = 0; i <= load.readers; ++i) {
        WebSocketPeer &peer = all.emplace_back(server.port(), "/", "");
        peer.frameReceived = [&](std::string_view) { ++received; };
        poll.add(peer);
    }
    const auto wave = [&](const std::string &frame) {
        received = 0;
        all.front().send(frame);
        poll.runUntil([&] { return received == load.readers + 1; });
    };
    for (std::int64_t i = 0; i < kWarmUp; ++i)
        wave(frames.front());
    const double begin = server.cpuSeconds();
    for (const std::string &frame : frames)
        wave(frame);
    const double took = server.cpuSeconds() - begin;
    return took * 1e6 / static_cast<double>(static_cast<std::int64_t>(frames.size()) * (load.readers + 1));
}

} // namespace

int main()
{
    Table table;
    for (const Load &load : {Load{100, 500}, Load{500, 150}}) {
        Series series;
        for (int run = 0; run < kRuns; ++run) {
            std::vector<std::string> frames;
            const double took = ours(load, frames);
            series.add(took, bare(load, frames));
        }
        table.add("fan-out to " + std::to_string(load.readers) + " readers, server CPU per delivered event", series,
                  "us", Target{Target::Kind::AtMost, 1.5});
    }
    table.print();
    return 0;
}
