// SPDX-License-Identifier: Apache-2.0
//
// Durable ingest: events per second that the server core (SyncService on SQLite, durability full, no sockets) acknowledges,
// beside a bare prepared INSERT loop that commits the same number of rows of the same bytes at a time. Writers send the next
// push when the last one is acknowledged: one event; 64 events of one document; 64 events each of 16 documents at once.
#include "corehost.h"

#include "../baresqlite.h"
#include "../measure.h"
#include "../table.h"

using namespace eventsync;
using namespace eventsync::bench;

namespace {

constexpr int kRuns = 5;

struct Load
{
    std::int64_t writers, perPush, pushes; // of each writer
    std::int64_t perRound() const { return writers * perPush; }
    std::int64_t events() const { return perRound() * pushes; }
};

double oursPerSecond(const Load &load)
{
    const Folder folder;
    CoreHost host(folder.file("store.db"));
    struct Writer
    {
        Author author;
        CoreHost::Peer *peer = nullptr;
        std::deque<std::vector<EventPtr>> waiting = {};
    };
    std::deque<Writer> writers;
    for (std::int64_t i = 0; i < load.writers; ++i) {
        const std::string number = std::to_string(i);
        Writer &writer = writers.emplace_back(Author(DocumentId("note-" + number), ClientId("writer-" + number),
                                                     static_cast<std::uint64_t>(i) + 1));
        writer.peer = &host.follow(writer.author.document(), writer.author.client());
        host.push(*writer.peer, writer.author.document(), {writer.author.create()});
        host.loop.runUntil([&] { return writer.peer->acknowledged == 1; });
        for (std::int64_t push = 0; push < load.pushes; ++push) {
            std::vector<EventPtr> &events = writer.waiting.emplace_back();
            for (std::int64_t k = 0; k < load.perPush; ++k)
                events.push_back(writer.author.edit(ServerSeq(1 + push * load.perPush)));
        }
        writer.peer->encodes = false;
        writer.peer->acked = [&host, &writer] {
            if (writer.waiting.empty())
                return;
            std::vector<EventPtr> next = std::move(writer.waiting.front());
            writer.waiting.pop_front();
            host.loop.post([&host, &writer, next = std::move(next)] { host.push(*writer.peer, writer.author.document(), next); });
        };
    }
    const double begin = wallSeconds();
    for (Writer &writer : writers)
        writer.peer->acked();
    host.loop.runUntil([&] {
        for (const Writer &writer : writers) {
            if (writer.peer->acknowledged < 1 + load.pushes * load.perPush)
                return false;
        }
        return true;
    });
    return static_cast<double>(load.events()) / (wallSeconds() - begin);
}

double barePerSecond(const Load &load)
{
    const Folder folder;
    BareSqlite sqlite(folder.file("bare.db"));
    Author author(DocumentId("note-1"), ClientId("writer-1"), 1);
    const Bytes body = loggedBytes(author, ServerSeq(2));
    sqlite.insertLoop(body, 1, 1);
    const double begin = wallSeconds();
    sqlite.insertLoop(body, load.events(), load.perRound());
    return static_cast<double>(load.events()) / (wallSeconds() - begin);
}

} // namespace

int main()
{
    Table table;
    for (const Load &load : {Load{1, 1, 400}, Load{1, 64, 100}, Load{16, 64, 30}}) {
        Series series;
        for (int run = 0; run < kRuns; ++run) {
            const double ours = oursPerSecond(load);
            series.add(ours, barePerSecond(load));
        }
        table.add("ingest, " + std::to_string(load.perRound()) + " a commit", series, "events/s",
                  Target{Target::Kind::AtLeast, 0.5});
    }
    table.print();
    return 0;
}
