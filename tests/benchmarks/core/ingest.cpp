// SPDX-License-Identifier: Apache-2.0
//
// Durable ingest: events per second that the server core (SyncService on SQLite, durability full, no sockets)
// acknowledges, beside a bare prepared INSERT loop that commits the same number of rows of the same bytes at a time.
// Writers send the next push when the last one is acknowledged: one event; 64 events of one document; 64 events each of
// 16 documents at once.
#include "../baresqlite.h"
#include "../measure.h"
#include "../table.h"
#include "corehost.h"

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

struct Took
{
    double perSecond = 0, cpuMicroseconds = 0; // events; of the process, per event
};

Took tookSince(double wallBegin, double cpuBegin, const Load &load)
{
    const auto events = static_cast<double>(load.events());
    return {events / (wallSeconds() - wallBegin), (processCpuSeconds() - cpuBegin) * 1e6 / events};
}

Took ours(const Load &load)
{
    const Folder folder;
    CoreHost host(folder.file("store.db"));
    struct Writer
    {
        explicit Writer(std::int64_t number)
            : author(DocumentId("note-" + std::to_string(number)), ClientId("writer-" + std::to_string(number)),
                     static_cast<std::uint64_t>(number) + 1)
        {
        }
        Author author;
        CoreHost::Peer *peer = nullptr;
        std::deque<std::vector<EventPtr>> waiting = {};
    };
    std::deque<Writer> writers;
    for (std::int64_t i = 0; i < load.writers; ++i) {
        Writer &writer = writers.emplace_back(i);
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
            host.loop.post(
                [&host, &writer, next = std::move(next)] { host.push(*writer.peer, writer.author.document(), next); });
        };
    }
    const double begin = wallSeconds(), cpuBegin = processCpuSeconds();
    for (Writer &writer : writers)
        writer.peer->acked();
    host.loop.runUntil([&] {
        for (const Writer &writer : writers) {
            if (writer.peer->acknowledged < 1 + load.pushes * load.perPush)
                return false;
        }
        return true;
    });
    return tookSince(begin, cpuBegin, load);
}

enum class Rows { Plain, AsInTheLog };

Took bare(const Load &load, Rows rows)
{
    const Folder folder;
    BareSqlite sqlite(folder.file("bare.db"));
    Author author(DocumentId("note-1"), ClientId("writer-1"), 1);
    const Bytes body = loggedBytes(author, ServerSeq(2));
    const auto insert = [&](std::int64_t count, std::int64_t perCommit) {
        if (rows == Rows::Plain)
            sqlite.insertLoop(body, count, perCommit);
        else
            sqlite.insertLogLoop(body, count, perCommit, load.writers);
    };
    insert(1, 1);
    const double begin = wallSeconds(), cpuBegin = processCpuSeconds();
    insert(load.events(), load.perRound());
    return tookSince(begin, cpuBegin, load);
}

} // namespace

int main()
{
    Table table;
    for (const Load &load : {Load{1, 1, 400}, Load{1, 64, 100}, Load{16, 64, 30}}) {
        Series perSecond, cpu, form;
        for (int run = 0; run < kRuns; ++run) {
            const Took our = ours(load), their = bare(load, Rows::Plain), log = bare(load, Rows::AsInTheLog);
            perSecond.add(our.perSecond, their.perSecond);
            cpu.add(our.cpuMicroseconds, their.cpuMicroseconds);
            form.add(log.cpuMicroseconds, their.cpuMicroseconds);
        }
        const std::string name = "ingest, " + std::to_string(load.perRound()) + " a commit";
        table.add(name, perSecond, "events/s", Target{Target::Kind::AtLeast, 0.5});
        table.add(name + ", CPU per event", cpu, "us", std::nullopt);
        table.add(name + ", CPU of a bare loop into the log's own columns and indexes", form, "us", std::nullopt);
    }
    table.print();
    return 0;
}
