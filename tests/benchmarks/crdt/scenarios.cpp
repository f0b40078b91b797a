// SPDX-License-Identifier: Apache-2.0
#include "scenarios.h"

#include <eventsync/base/random.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdt/encoding.h>

#include "../measure.h"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>

namespace eventsync::bench {

using namespace crdt;

const char *const kTypeEncoded = "typeEncoded";
const char *const kType = "type";
const char *const kReceive = "receive";
const char *const kReceiveBytes = "receiveBytes";
const char *const kConcurrent = "concurrent";
const char *const kOffline = "offline";
const char *const kKeysLocal = "keysLocal";
const char *const kKeysReceived = "keysReceived";
const char *const kSave = "save";
const char *const kLoad = "load";
const char *const kSavedKb = "savedKb";
const char *const kHeapKb = "heapKb";

namespace {

constexpr std::uint64_t kAlice = 1'234'567'890'123; // a session id of the usual size: six bytes on the wire
constexpr std::uint64_t kBob = 3'234'567'890'123;

// The least processor time of several runs, in milliseconds; `prepare` gives what one run uses up.
template<class Prepare, class Work>
double best(int runs, Prepare &&prepare, Work &&work)
{
    double least = 1e300;
    for (int i = 0; i < runs; ++i) {
        auto state = prepare();
        const double start = threadCpuSeconds();
        work(state);
        least = std::min(least, (threadCpuSeconds() - start) * 1e3);
    }
    return least;
}

void check(bool right, const char *what)
{
    if (right)
        return;
    std::fprintf(stderr, "bench_crdt: wrong result: %s\n", what);
    std::exit(1);
}

struct Text
{
    Document document;
    Api api;
    StrApi str;

    explicit Text(std::uint64_t sid, const std::string &start = {})
        : document(sid), api(document), str(begin(api, start))
    {
    }
    explicit Text(Document from) : document(std::move(from)), api(document), str(*api.str("")) {}

    static StrApi begin(Api &api, const std::string &start)
    {
        check(api.root(json::Value(boost::json::string(start))).has_value(), "root");
        return *api.str("");
    }
    void apply(const Edit &edit)
    {
        if (edit.deleted > 0)
            check(str.del(edit.position, edit.deleted).has_value(), "del");
        if (!edit.text.empty())
            check(str.ins(edit.position, edit.text).has_value(), "ins");
    }
    std::string content() const { return std::string(document.view().get_string()); }
};

std::vector<Bytes> patchesOf(const Trace &trace)
{
    Text text(kAlice);
    std::vector<Bytes> patches{text.api.flush().bytes()};
    for (const Edit &edit : trace.edits) {
        text.apply(edit);
        patches.push_back(text.api.flush().bytes());
    }
    return patches;
}

void measurePaper(const Trace &trace, Results &results)
{
    const auto fresh = [] { return std::make_unique<Text>(kAlice); };
    results[kType] = best(7, fresh, [&](auto &text) {
        for (const Edit &edit : trace.edits)
            text->apply(edit);
    });
    results[kTypeEncoded] = best(7, fresh, [&](auto &text) {
        for (const Edit &edit : trace.edits) {
            text->apply(edit);
            const Patch patch = text->api.flush();
            if (patch.isEmpty())
                std::abort();
        }
    });

    const std::vector<Bytes> patches = patchesOf(trace);
    std::size_t size = 0;
    for (const Bytes &patch : patches)
        size += patch.size();
    results[kReceiveBytes] = static_cast<double>(size) / static_cast<double>(patches.size());
    results[kReceive] = best(7, [] { return std::make_unique<Document>(kBob); }, [&](auto &document) {
        for (const Bytes &patch : patches)
            check(document->applyBinary(patch).has_value(), "receive");
    });
    Document received(kBob);
    for (const Bytes &patch : patches)
        check(received.applyBinary(patch).has_value(), "receive");
    check(received.view() == json::Value(boost::json::string(trace.endContent)), "the received paper");

    Text text(kAlice);
    for (const Edit &edit : trace.edits)
        text.apply(edit);
    check(text.content() == trace.endContent, "the typed paper");
    const Bytes saved = encodeBinary(text.document);
    results[kSavedKb] = static_cast<double>(saved.size()) / 1000;
    results[kSave] = best(15, [] { return 0; }, [&](int) { check(encodeBinary(text.document) == saved, "save"); });
    results[kLoad] = best(15, [] { return 0; }, [&](int) { check(decodeBinary(saved).has_value(), "load"); });

    malloc_trim(0);
    const std::size_t before = mallinfo2().uordblks;
    auto kept = std::make_unique<Text>(kAlice);
    for (const Edit &edit : trace.edits) {
        kept->apply(edit);
        static_cast<void>(kept->api.flush());
    }
    results[kHeapKb] = static_cast<double>(mallinfo2().uordblks - before) / 1000;
}

void measureConcurrent(const ConcurrentTrace &trace, Results &results)
{
    // Every agent's own replica writes what it wrote then, having seen exactly what it had seen then.
    std::uint32_t agents = 0;
    for (const Transaction &transaction : trace.transactions)
        agents = std::max(agents, transaction.agent + 1);
    Text start(kAlice);
    const Patch first = start.api.flush();
    std::vector<std::unique_ptr<Text>> replicas;
    std::vector<std::vector<bool>> seen(agents, std::vector<bool>(trace.transactions.size(), false));
    for (std::uint32_t agent = 0; agent < agents; ++agent) {
        Document document(kAlice + 1000 * (agent + 1));
        check(document.apply(first).has_value(), "start");
        replicas.push_back(std::make_unique<Text>(std::move(document)));
    }
    std::vector<Bytes> patches{first.bytes()};
    for (std::size_t i = 0; i < trace.transactions.size(); ++i) {
        const Transaction &transaction = trace.transactions[i];
        Text &replica = *replicas[transaction.agent];
        std::vector<std::uint32_t> pending = transaction.parents;
        std::vector<std::uint32_t> missing;
        while (!pending.empty()) {
            const std::uint32_t parent = pending.back();
            pending.pop_back();
            if (seen[transaction.agent][parent])
                continue;
            seen[transaction.agent][parent] = true;
            missing.push_back(parent);
            const auto &above = trace.transactions[parent].parents;
            pending.insert(pending.end(), above.begin(), above.end());
        }
        std::sort(missing.begin(), missing.end());
        for (const std::uint32_t parent : missing)
            check(replica.document.applyBinary(patches[parent + 1]).has_value(), "parent");
        for (const Edit &edit : transaction.edits)
            replica.apply(edit);
        seen[transaction.agent][i] = true;
        patches.push_back(replica.api.flush().bytes());
    }
    results[kConcurrent] = best(9, [] { return std::make_unique<Document>(kBob); }, [&](auto &document) {
        for (const Bytes &patch : patches)
            check(patch.empty() || document->applyBinary(patch).has_value(), "concurrent");
    });
    Document document(kBob);
    for (const Bytes &patch : patches)
        check(patch.empty() || document.applyBinary(patch).has_value(), "concurrent");
    check(document.view() == json::Value(boost::json::string(trace.endContent)), "the concurrent session");
}

void measureOffline(const std::string &folder, Results &results)
{
    const Trace left = readTrace(folder + "/offline-left.flat");
    const Trace right = readTrace(folder + "/offline-right.flat");
    Text alice(kAlice, left.endContent); // here: what both begin with
    const Patch start = alice.api.flush();
    Document other(kBob);
    check(other.apply(start).has_value(), "start");
    Text bob(std::move(other));
    std::vector<Bytes> fromAlice;
    std::vector<Bytes> fromBob;
    for (const Edit &edit : left.edits) {
        alice.apply(edit);
        fromAlice.push_back(alice.api.flush().bytes());
    }
    for (const Edit &edit : right.edits) {
        bob.apply(edit);
        fromBob.push_back(bob.api.flush().bytes());
    }
    results[kOffline] = best(9, [&] { return std::make_unique<Document>(alice.document.fork(kAlice)); }, [&](auto &document) {
        for (const Bytes &patch : fromBob)
            check(document->applyBinary(patch).has_value(), "offline");
    });
    for (const Bytes &patch : fromBob)
        check(alice.document.applyBinary(patch).has_value(), "offline");
    for (const Bytes &patch : fromAlice)
        check(bob.document.applyBinary(patch).has_value(), "offline");
    check(alice.content() == bob.content(), "the merged sessions");
}

void measureKeys(Results &results)
{
    constexpr int kUpdates = 100'000;
    constexpr int kKeys = 1'000;
    std::vector<std::string> keys;
    for (int i = 0; i < kKeys; ++i)
        keys.push_back("key" + std::to_string(i));
    struct Map
    {
        Document document{kAlice};
        Api api{document};
        Map() { check(api.root(json::Object()).has_value(), "root"); }
    };
    std::vector<Bytes> patches;
    const auto run = [&](Map &map, bool keep) {
        ObjApi obj = *map.api.obj("");
        for (int i = 0; i < kUpdates; ++i) {
            check(obj.set(keys[static_cast<std::size_t>(i * 7 % kKeys)], json::Value(i)).has_value(), "set");
            Patch patch = map.api.flush();
            if (keep)
                patches.push_back(patch.bytes());
        }
    };
    results[kKeysLocal] = best(5, [] { return std::make_unique<Map>(); }, [&](auto &map) { run(*map, false); });
    Map map;
    patches.push_back(map.api.flush().bytes());
    run(map, true);
    results[kKeysReceived] = best(5, [] { return std::make_unique<Document>(kBob); }, [&](auto &document) {
        for (const Bytes &patch : patches)
            check(document->applyBinary(patch).has_value(), "keys");
    });
}

double plainSet(std::size_t count)
{
    return best(3, [] { return std::set<std::uint64_t>(); }, [&](auto &set) {
        SeededRandom random(7);
        for (std::size_t i = 0; i < count; ++i)
            set.insert(random.below(1ull << 40));
    });
}

} // namespace

Results measureEventSync(const std::string &folder)
{
    Results results;
    measurePaper(readTrace(folder + "/automerge-paper.flat"), results);
    measureConcurrent(readConcurrentTrace(folder + "/friendsforever.concurrent.flat"), results);
    measureOffline(folder, results);
    measureKeys(results);
    return results;
}

std::vector<Growth> measureGrowth(const std::string &folder)
{
    std::vector<Growth> growth;
    const auto add = [&](const char *what, const std::function<double(std::size_t)> &run, std::size_t small) {
        growth.push_back({what, small, run(small), run(small * 10), plainSet(small), plainSet(small * 10)});
    };
    const Trace paper = readTrace(folder + "/automerge-paper.flat");
    const auto typed = [](const std::vector<Edit> &edits, std::size_t count) {
        return best(3, [] { return std::make_unique<Text>(kAlice); }, [&](auto &text) {
            for (std::size_t i = 0; i < count; ++i)
                text->apply(edits[i % edits.size()]);
        });
    };
    add("the paper, and ten of it one before the other", [&](std::size_t n) { return typed(paper.edits, n); }, paper.edits.size());

    const auto randomEdits = [](std::size_t count) {
        SeededRandom random(5);
        std::vector<Edit> edits;
        for (std::size_t i = 0; i < count; ++i)
            edits.push_back({static_cast<std::uint32_t>(random.below(i + 1)), 0, "x"});
        return edits;
    };
    add("one character at a random place", [&](std::size_t n) { return typed(randomEdits(n), n); }, 50'000);
    add("always at the front", [&](std::size_t n) { return typed(std::vector<Edit>(n, Edit{0, 0, "x"}), n); }, 50'000);
    add("received: one character at a random place", [&](std::size_t n) {
        const Trace trace{{}, randomEdits(n)};
        const std::vector<Bytes> patches = patchesOf(trace);
        return best(3, [] { return std::make_unique<Document>(kBob); }, [&](auto &document) {
            for (const Bytes &patch : patches)
                check(document->applyBinary(patch).has_value(), "random");
        });
    }, 20'000);
    add("sessions that all insert at one place, unseen by each other", [&](std::size_t n) {
        Text text(kAlice, "0123456789");
        const Patch start = text.api.flush();
        const Id str = text.document.root();
        std::vector<Bytes> patches{start.bytes()};
        SeededRandom random(9);
        for (std::size_t i = 0; i < n; ++i) {
            PatchBuilder builder(Id{kFirstFreeSession + random.below(1ull << 40), text.document.clock().time()});
            builder.insStr(str, str.plus(5), "ab");
            patches.push_back(builder.flush().bytes());
        }
        return best(3, [] { return std::make_unique<Document>(kBob); }, [&](auto &document) {
            for (const Bytes &patch : patches)
                check(document->applyBinary(patch).has_value(), "sessions");
        });
    }, 10'000);
    return growth;
}

} // namespace eventsync::bench
