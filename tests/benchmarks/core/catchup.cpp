// SPDX-License-Identifier: Apache-2.0
//
// A client comes back that misses 10,000 events: processor time of the server core from its subscribe to `synced`, all
// messages encoded, beside SQLite's own read of the same rows with every column copied out. Every run opens the store
// anew, so that nothing comes out of the service's memory.
#include "../baresqlite.h"
#include "../measure.h"
#include "../table.h"
#include "corehost.h"

using namespace eventsync;
using namespace eventsync::bench;

namespace {

constexpr int kRuns = 7;
constexpr std::int64_t kMissed = 10'000, kPerPush = 50;

const DocumentId kDocument("note-1");

void fill(const std::string &path)
{
    CoreHost host(path, 0);
    Author author(kDocument, ClientId("writer-1"), 1);
    CoreHost::Peer &writer = host.follow(kDocument, author.client());
    host.push(writer, kDocument, {author.create()});
    host.loop.runUntil([&] { return writer.acknowledged == 1; });
    for (std::int64_t pushed = 1; pushed < kMissed; pushed = writer.acknowledged) {
        std::vector<EventPtr> events;
        for (std::int64_t k = 0; k < std::min(kPerPush, kMissed - pushed); ++k)
            events.push_back(author.edit(ServerSeq(pushed)));
        const std::int64_t wanted = pushed + static_cast<std::int64_t>(events.size());
        host.push(writer, kDocument, std::move(events));
        host.loop.runUntil([&] { return writer.acknowledged == wanted; });
    }
}

double ourMilliseconds(const std::string &path, int run)
{
    CoreHost host(path, 0);
    const double begin = processCpuSeconds();
    const CoreHost::Peer &reader = host.follow(kDocument, ClientId("reader-" + std::to_string(run)));
    const double took = processCpuSeconds() - begin;
    EVENTSYNC_ASSERT(reader.events == kMissed);
    return took * 1e3;
}

double bareMilliseconds(const std::string &path)
{
    BareSqlite sqlite(path);
    std::int64_t bytes = 0;
    const double begin = processCpuSeconds();
    const std::int64_t rows =
        sqlite.readAll("SELECT * FROM events WHERE document = 1 AND server_seq > 0 ORDER BY server_seq", bytes);
    const double took = processCpuSeconds() - begin;
    EVENTSYNC_ASSERT(rows == kMissed && bytes > kMissed * 300);
    return took * 1e3;
}

} // namespace

int main()
{
    const Folder folder;
    const std::string path = folder.file("store.db");
    fill(path);
    Series series;
    for (int run = 0; run < kRuns; ++run) {
        const double ours = ourMilliseconds(path, run);
        series.add(ours, bareMilliseconds(path));
    }
    Table table;
    table.add("catch-up, 10,000 missed events, CPU", series, "ms", Target{Target::Kind::AtMost, 3});
    table.print();
    return 0;
}
