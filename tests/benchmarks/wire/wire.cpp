// SPDX-License-Identifier: Apache-2.0
//
// 16 WebSocket writers (CBOR), each with a document of its own and 64 events in flight, one event a push; every event
// is acknowledged once it is durable, and comes back to its author. Processor time of the whole server process per
// edit, beside the sum of two baselines: a bare QWebSocketServer that answers as many frames with as many frames of the
// same size, and a bare prepared INSERT loop of the same bytes at the batch size that the server reached.
#include "../baresqlite.h"
#include "../measure.h"
#include "../table.h"
#include "follower.h"
#include "process.h"

#include <cmath>
#include <deque>

using namespace eventsync;
using namespace eventsync::bench;

namespace {

constexpr int kRuns = 5;
constexpr std::int64_t kWriters = 16, kInFlight = 64, kEditsEach = 1'000, kEdits = kWriters * kEditsEach;

struct Measured
{
    double microsecondsPerEdit = 0, edits = 0, frameBytes = 0, framesPerPush = 0, perCommit = 0, pushBytes = 0;
};

Measured ours()
{
    const Folder folder;
    const ServerProcess server = ServerProcess::eventSync(folder.file("."));
    Poll poll;
    struct Writer
    {
        explicit Writer(std::int64_t number)
            : author(DocumentId("note-" + std::to_string(number)), ClientId("writer-" + std::to_string(number)),
                     static_cast<std::uint64_t>(number) + 1)
        {
        }
        Author author;
        std::unique_ptr<Follower> follower = {};
        std::int64_t made = 0;
    };
    std::deque<Writer> writers;
    for (std::int64_t i = 0; i < kWriters; ++i) {
        Writer &writer = writers.emplace_back(i);
        writer.follower =
            std::make_unique<Follower>(server.port(), poll, writer.author.document(), writer.author.client());
        poll.runUntil([&] { return writer.follower->synced; });
        writer.follower->push({writer.author.create()});
        poll.runUntil([&] { return writer.follower->acknowledged == 1; });
        writer.follower->frames = writer.follower->bytes = 0;
        writer.follower->acked = [&writer](std::int64_t count) {
            for (; count > 0 && writer.made < kEditsEach; --count, ++writer.made)
                writer.follower->push({writer.author.edit(writer.follower->head)});
        };
    }
    static const std::string kCommits = "eventsync_store_commits_total";
    const double commits = server.metric(kCommits), begin = server.cpuSeconds();
    for (Writer &writer : writers)
        writer.follower->acked(kInFlight);
    std::int64_t frames = 0, bytes = 0;
    poll.runUntil([&] {
        frames = bytes = 0;
        for (const Writer &writer : writers) {
            if (writer.follower->acknowledged < 1 + kEditsEach)
                return false;
            frames += writer.follower->frames;
            bytes += writer.follower->bytes;
        }
        return true;
    });
    const double took = server.cpuSeconds() - begin;
    Measured measured;
    measured.microsecondsPerEdit = took * 1e6 / kEdits;
    measured.frameBytes = static_cast<double>(bytes) / static_cast<double>(frames);
    measured.framesPerPush = static_cast<double>(frames) / kEdits;
    measured.perCommit = kEdits / (server.metric(kCommits) - commits);
    Author author(DocumentId("note-0"), ClientId("writer-0"), 1);
    measured.pushBytes =
        static_cast<double>(protocol::encode(protocol::Push{BatchId(1), author.document(), {author.edit(ServerSeq(1))}},
                                             Codec::Cbor)
                                .size());
    return measured;
}

// Server time per message.
double answering(const Measured &measured)
{
    const Folder folder;
    const ServerProcess server =
        ServerProcess::baseline(folder.file("."), {"answer", std::to_string(std::lround(measured.frameBytes)),
                                                   std::to_string(measured.framesPerPush)});
    Poll poll;
    struct Writer
    {
        std::unique_ptr<WebSocketPeer> peer = {};
        std::int64_t made = 0;
        double answers = 0;
    };
    std::deque<Writer> writers;
    const std::string push(static_cast<std::size_t>(measured.pushBytes), 'p');
    for (std::int64_t i = 0; i < kWriters; ++i) {
        Writer &writer = writers.emplace_back();
        writer.peer = std::make_unique<WebSocketPeer>(server.port(), "/", "");
        writer.peer->frameReceived = [&measured, &writer, &push](std::string_view) {
            writer.answers += 1;
            const double answered = writer.answers / measured.framesPerPush; // the window of 64 moves on with them
            for (; writer.made < kEditsEach && static_cast<double>(writer.made) < answered + kInFlight; ++writer.made)
                writer.peer->send(push);
        };
        poll.add(*writer.peer);
    }
    const double begin = server.cpuSeconds();
    for (Writer &writer : writers) {
        for (; writer.made < kInFlight; ++writer.made)
            writer.peer->send(push);
    }
    // What is left of an answer at the end is never sent.
    const double expected = std::floor(kEditsEach * measured.framesPerPush - 0.01);
    poll.runUntil([&] {
        for (const Writer &writer : writers) {
            if (writer.answers < expected)
                return false;
        }
        return true;
    });
    return (server.cpuSeconds() - begin) * 1e6 / kEdits;
}

enum class Rows { Plain, AsInTheLog };

// Thread time per row.
double inserting(const Measured &measured, Rows rows)
{
    const Folder folder;
    BareSqlite sqlite(folder.file("bare.db"));
    Author author(DocumentId("note-0"), ClientId("writer-0"), 1);
    const Bytes body = loggedBytes(author, ServerSeq(2));
    const auto insert = [&](std::int64_t count, std::int64_t perCommit) {
        if (rows == Rows::Plain)
            sqlite.insertLoop(body, count, perCommit);
        else
            sqlite.insertLogLoop(body, count, perCommit, kWriters);
    };
    insert(1, 1);
    const double begin = threadCpuSeconds();
    insert(kEdits, std::max(std::int64_t(1), static_cast<std::int64_t>(std::lround(measured.perCommit))));
    return (threadCpuSeconds() - begin) * 1e6 / kEdits;
}

} // namespace

int main()
{
    Series series;
    std::vector<double> perCommit, answer, insert, log;
    for (int run = 0; run < kRuns; ++run) {
        const Measured measured = ours();
        answer.push_back(answering(measured));
        insert.push_back(inserting(measured, Rows::Plain));
        log.push_back(inserting(measured, Rows::AsInTheLog));
        perCommit.push_back(measured.perCommit);
        series.add(measured.microsecondsPerEdit, answer.back() + insert.back());
    }
    Table table;
    table.add("16 writers, 64 in flight, server CPU per edit", series, "us", Target{Target::Kind::AtMost, 2});
    table.print();
    std::printf("\nMedians: %.0f events a commit; the baseline is %.2f us for the socket and %.2f us for SQLite. A bare loop into the "
                "log's own columns and indexes takes %.2f us.\n",
                median(perCommit), median(answer), median(insert), median(log));
    return 0;
}
