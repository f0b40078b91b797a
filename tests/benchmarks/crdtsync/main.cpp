// SPDX-License-Identifier: Apache-2.0
//
// How two nodes find the patches in which they differ: by exchanging state vectors, and by searching their sets. Both hold n
// patches of a number of writers; each lacks half of the k differing ones, somewhere in between (what lossy messages leave
// behind), or both lack only writers' last ones (what offline time leaves behind).
//
// bytes: all messages of the search in the binary encoding. A state vector says of a writer only how many patches are here
// from the first on; so what stands behind a gap is asked for again though it is here: those patches are in the column
// "sent in vain", at the size of one typed letter. The time is that of both nodes together, encoding and decoding included.
#include <eventsync/base/assert.h>
#include <eventsync/crdtsync/messages.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>

using namespace eventsync;
using namespace eventsync::crdtsync;

namespace {

constexpr std::size_t kPatchBytes = 28; // one letter typed, as JSON CRDT Patch in binary
constexpr int kRepeats = 5;             // the fastest counts

struct Side
{
    explicit Side(Random &random) : set(random) {}
    PatchSet set;
    std::set<PatchId> lacks;
    VersionVector vector; // up to the first gap
};

struct Workload
{
    std::int64_t patches;
    std::int64_t writers;
    std::int64_t differing;
    bool gaps; // anywhere; otherwise at the writers' ends
};

struct Outcome
{
    std::size_t bytes = 0;
    int messages = 0;
    std::int64_t found = 0;
    std::int64_t inVain = 0;
    double microseconds = 0;
};

PatchDigest patchDigestOf(const PatchId &id)
{
    return PatchDigest::fromDigest(sha256(std::to_string(id.replica.value()) + ':' + std::to_string(id.number.value())));
}

ReplicaId writer(std::int64_t index)
{
    SeededRandom random(static_cast<std::uint64_t>(index)); // sessions are random numbers of 53 bits
    return ReplicaId(static_cast<std::int64_t>(crdt::kFirstFreeSession + (random.next() >> 12)));
}

void fill(const Workload &work, Side &a, Side &b, Random &random)
{
    const std::int64_t each = work.patches / work.writers;
    for (std::int64_t k = 0; k < work.differing;) {
        Side &side = k % 2 == 0 ? a : b;
        const ReplicaId of = writer(static_cast<std::int64_t>(random.below(std::uint64_t(work.writers))));
        PatchId id{of, PatchNumber(1 + std::int64_t(random.below(std::uint64_t(each))))};
        if (!work.gaps) {
            id.number = PatchNumber(each);
            while (id.number > PatchNumber(1) && (a.lacks.contains(id) || b.lacks.contains(id)))
                id.number = id.number.previous();
        }
        if (!a.lacks.contains(id) && !b.lacks.contains(id)) {
            side.lacks.insert(id);
            ++k;
        }
    }
    for (std::int64_t w = 0; w < work.writers; ++w) {
        for (std::int64_t n = 1; n <= each; ++n) {
            const PatchId id{writer(w), PatchNumber(n)};
            for (Side *side : {&a, &b}) {
                if (side->lacks.contains(id))
                    continue;
                side->set.insert(id, patchDigestOf(id));
                if (side->vector.at(id.replica).next() == id.number)
                    side->vector.advance(id.replica, id.number);
            }
        }
    }
}

Message carried(const Message &message, Outcome &outcome)
{
    const Bytes bytes = encode(message, EncodingFormat::Binary);
    outcome.bytes += bytes.size();
    ++outcome.messages;
    auto read = decode(bytes);
    EVENTSYNC_ASSERT(read.has_value());
    return std::move(*read);
}

// Each tells its vector; each asks for what the other's is ahead. (A node that has patches behind its gap would also have to
// tell them; the vector cannot.)
Outcome byVectors(const Side &a, const Side &b)
{
    Outcome outcome;
    const Side *sides[] = {&a, &b};
    for (int i = 0; i < 2; ++i) {
        const Side &here = *sides[i], &there = *sides[1 - i];
        const Message told = carried({"a", {}, StateMessage{there.set.size(), there.set.fingerprint(), there.vector}}, outcome);
        RequestMessage request{here.vector.missingFrom(*std::get<StateMessage>(told.body).vector), true};
        for (const PatchRange &range : request.ranges) {
            for (PatchNumber n = range.first; n <= range.last; n = n.next())
                here.lacks.contains({range.replica, n}) ? ++outcome.found : ++outcome.inVain;
        }
        if (!request.ranges.empty())
            (void)carried({"a", "b", std::move(request)}, outcome);
    }
    return outcome;
}

Outcome bySets(const Side &a, const Side &b)
{
    Outcome outcome;
    const Side *sides[] = {&a, &b};
    Comparison words = beginComparison(a.set);
    for (int turn = 1; !words.empty(); turn = 1 - turn) {
        const Message told = carried({"a", "b", CompareMessage{std::move(words)}}, outcome);
        Compared compared = compare(sides[turn]->set, std::get<CompareMessage>(told.body).ranges);
        for (const auto *list : {&compared.missing, &compared.excess}) {
            for (const PatchRange &range : *list)
                outcome.found += range.count();
        }
        if (!compared.missing.empty())
            (void)carried({"a", "b", RequestMessage{compared.missing, true}}, outcome);
        words = std::move(compared.answer);
    }
    return outcome;
}

template<class F>
Outcome fastest(F f)
{
    Outcome best;
    for (int i = 0; i < kRepeats; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        Outcome outcome = f();
        outcome.microseconds = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
        if (i == 0 || outcome.microseconds < best.microseconds)
            best = outcome;
    }
    return best;
}

void row(const Workload &work)
{
    SeededRandom random(1);
    Side a(random), b(random);
    fill(work, a, b, random);
    const Outcome vectors = fastest([&] { return byVectors(a, b); });
    const Outcome sets = fastest([&] { return bySets(a, b); });
    EVENTSYNC_ASSERT(sets.found == work.differing);
    const double vectorBytes = double(vectors.bytes) + double(vectors.inVain) * double(kPatchBytes);
    std::printf("| %lld | %lld | %lld | %s | %zu | %lld | %lld | %d | %.0f | %zu | %lld | %d | %.0f | %.3f | %.2f |\n",
                static_cast<long long>(work.patches), static_cast<long long>(work.writers), static_cast<long long>(work.differing),
                work.gaps ? "anywhere" : "at the ends", vectors.bytes, static_cast<long long>(vectors.inVain),
                static_cast<long long>(vectors.found), vectors.messages, vectors.microseconds, sets.bytes,
                static_cast<long long>(sets.found), sets.messages, sets.microseconds, double(sets.bytes) / vectorBytes,
                sets.microseconds / vectors.microseconds);
}

} // namespace

int main()
{
    std::printf("| patches | writers | differing | where | vector: bytes | sent in vain | found | messages | us "
                "| sets: bytes | found | messages | us | bytes, sets / (vector + in vain) | time, sets / vector |\n");
    std::printf("|--:|--:|--:|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const std::int64_t patches : {10, 1'000, 100'000}) {
        std::set<std::int64_t> seen;
        for (const std::int64_t writers : {std::int64_t(2), std::int64_t(10), patches / 10, patches / 2}) {
            if (writers < 1 || !seen.insert(writers).second)
                continue;
            for (const bool gaps : {false, true}) {
                for (const std::int64_t differing : {0, 1, 10, 100}) {
                    if (differing * 5 <= patches)
                        row({patches, writers, differing, gaps});
                }
            }
        }
    }
    return 0;
}
