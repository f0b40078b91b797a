// SPDX-License-Identifier: Apache-2.0
// The set of patches and the search for differences, against plain std::sets, on random sets with gaps.
#include "setstest.h"

#include "corpus.h"

#include <eventsync/base/assert.h>
#include <eventsync/crdtsync/limits.h>
#include <eventsync/crdtsync/messages.h>

#include <QTest>

#include <algorithm>
#include <cmath>
#include <set>

using namespace eventsync;
using namespace eventsync::crdtsync;

namespace {

using Plain = std::set<PatchId>;

// A digest without a patch: these tests hash nothing big.
PatchDigest quickDigest(const PatchId &id, std::int64_t content = 0)
{
    return PatchDigest::fromDigest(sha256(std::to_string(id.replica.value()) + ":" + std::to_string(id.number.value()) + ":" + std::to_string(content)));
}

PatchSet setOf(const Plain &ids, Random &random)
{
    PatchSet set(random);
    std::vector<PatchId> order(ids.begin(), ids.end());
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random.below(i)]);
    for (const PatchId &id : order)
        set.insert(id, quickDigest(id));
    return set;
}

Plain expand(const std::vector<PatchRange> &ranges)
{
    Plain ids;
    for (const PatchRange &range : ranges) {
        for (PatchNumber number = range.first; number <= range.last; number = number.next())
            ids.insert({range.replica, number});
    }
    return ids;
}

Plain minus(const Plain &a, const Plain &b)
{
    Plain left;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(left, left.begin()));
    return left;
}

struct Search
{
    Plain aMissing, bMissing;            // as found
    std::vector<PatchRange> differing;
    std::size_t bytes = 0;
    int messages = 0;
};

// b is told of a's set and they talk until neither has anything to say.
Search search(const PatchSet &a, const PatchSet &b)
{
    Search result;
    Comparison words = beginComparison(a);
    bool atB = true;
    while (!words.empty() && result.messages < 100) {
        const Bytes bytes = encode({"a", "b", CompareMessage{words}}, EncodingFormat::Binary);
        result.bytes += bytes.size();
        ++result.messages;
        const auto heard = decode(bytes);
        EVENTSYNC_ASSERT(heard.has_value());
        Compared compared = compare(atB ? b : a, std::get<CompareMessage>(heard->body).ranges);
        const Plain missing = expand(compared.missing), excess = expand(compared.excess);
        (atB ? result.bMissing : result.aMissing).insert(missing.begin(), missing.end());
        (atB ? result.aMissing : result.bMissing).insert(excess.begin(), excess.end());
        result.differing.insert(result.differing.end(), compared.differing.begin(), compared.differing.end());
        words = std::move(compared.answer);
        atB = !atB;
    }
    return result;
}

Plain randomSet(Random &random, std::uint64_t replicas, std::uint64_t patches)
{
    Plain ids;
    for (std::uint64_t i = random.below(patches + 1); i > 0; --i)
        ids.insert(eventsync::test::idOf(std::int64_t(70'000 + random.below(replicas)), std::int64_t(1 + random.below(patches))));
    return ids;
}

} // namespace

namespace eventsync::test {

void SetsTest::emptySetsAreEqual()
{
    SeededRandom random(1);
    const PatchSet empty(random), other(random);
    QVERIFY(empty.fingerprint() == other.fingerprint());
    const Search found = search(empty, other);
    QVERIFY(found.aMissing.empty() && found.bMissing.empty());
    PatchSet one = setOf({idOf(kAlice, 1)}, random);
    QCOMPARE(search(empty, one).aMissing.size(), std::size_t(1));
    QCOMPARE(search(one, empty).bMissing.size(), std::size_t(1));
}

void SetsTest::sumsDoNotDependOnTheOrder()
{
    SeededRandom random(2);
    const Plain ids = randomSet(random, 3, 200);
    QVERIFY(setOf(ids, random).fingerprint() == setOf(ids, random).fingerprint());
    PatchSet set = setOf(ids, random);
    const auto before = set.fingerprint();
    QVERIFY(set.insert(*ids.begin(), quickDigest(*ids.begin())) == PatchSet::Insert::Known);
    QVERIFY(set.insert(*ids.begin(), quickDigest(*ids.begin(), 1)) == PatchSet::Insert::Other);
    QVERIFY(set.fingerprint() == before);
    PatchDigest sum = quickDigest(idOf(1, 1));
    for (int i = 0; i < 1'000; ++i)
        sum += quickDigest(idOf(1, i)); // carries through all words
    QVERIFY(PatchDigest::fromDigest(sum.toDigest()) == sum);
}

void SetsTest::rangesAndRunsAgreeWithAPlainSet()
{
    for (const std::uint64_t seed : seeds(100, 2'000)) {
        SeededRandom random(seed);
        const Plain ids = randomSet(random, 4, 60);
        const PatchSet set = setOf(ids, random);
        PatchId from = idOf(std::int64_t(70'000 + random.below(4)), std::int64_t(random.below(62)));
        PatchId until = idOf(std::int64_t(70'000 + random.below(4)), std::int64_t(random.below(62)));
        if (until < from)
            std::swap(from, until);
        PatchSet::Sum sum;
        Plain inside;
        for (const PatchId &id : ids) {
            if (id >= from && id < until) {
                sum.digest += quickDigest(id);
                ++sum.count;
                inside.insert(id);
            }
        }
        QVERIFY(set.sum(from, until).fingerprint() == sum.fingerprint());
        std::vector<PatchRange> runs;
        set.forEachRun(from, until, [&](const PatchRange &range) {
            runs.push_back(range);
            return true;
        });
        QVERIFY(expand(runs) == inside);
        for (std::size_t i = 1; i < runs.size(); ++i) // the longest ones
            QVERIFY(runs[i - 1].replica != runs[i].replica || runs[i - 1].last.next() < runs[i].first);
        std::int64_t skip = 0;
        for (auto id = ids.lower_bound(from); id != ids.end(); ++id)
            QVERIFY(set.select(from, skip++) == *id);
        QVERIFY(!set.select(from, skip));
        QCOMPARE(set.contains(from), ids.contains(from));
    }
}

void SetsTest::aBlockStandsForItsPatches()
{
    SeededRandom random(3);
    const Plain ids = expand({rangeOf(kAlice, 1, 40), rangeOf(kBob, 1, 5)});
    const PatchSet singles = setOf(ids, random);
    PatchSet set(random);
    set.insertBlock(rangeOf(kAlice, 1, 30), singles.sum(idOf(kAlice, 1), idOf(kAlice, 31)).digest);
    for (const PatchId &id : expand({rangeOf(kAlice, 31, 40), rangeOf(kBob, 1, 5)}))
        set.insert(id, quickDigest(id));
    QVERIFY(set.fingerprint() == singles.fingerprint());
    QCOMPARE(set.size(), std::int64_t(45));
    QVERIFY(set.insert(idOf(kAlice, 7), quickDigest(idOf(kAlice, 7))) == PatchSet::Insert::Known);
    QVERIFY(set.blockAt(idOf(kAlice, 30)) == rangeOf(kAlice, 1, 30));
    QVERIFY(!set.blockAt(idOf(kAlice, 31)));
    QVERIFY(set.select(kFirstPatch, 29) == idOf(kAlice, 1));
    QVERIFY(set.select(kFirstPatch, 30) == idOf(kAlice, 31));
    QVERIFY(search(set, singles).messages <= 2);
}

void SetsTest::bothSidesFindExactlyWhatDiffers()
{
    for (const std::uint64_t seed : seeds(300, 10'000)) {
        SeededRandom random(seed);
        const std::uint64_t size = std::uint64_t(1) << random.below(11);
        const std::uint64_t replicas = 1 + random.below(random.below(2) == 0 ? 4 : 200);
        const Plain common = randomSet(random, replicas, size);
        Plain a = common, b = common;
        for (std::uint64_t k = random.below(12); k > 0; --k) {
            const PatchId id = idOf(std::int64_t(70'000 + random.below(replicas)), std::int64_t(1 + random.below(size + 5)));
            Plain &side = random.below(2) == 0 ? a : b;
            if (random.below(2) == 0)
                side.insert(id);
            else
                side.erase(id);
        }
        const Search found = search(setOf(a, random), setOf(b, random));
        const QByteArray how = "EVENTSYNC_SEED=" + QByteArray::number(qulonglong(seed));
        QVERIFY2(found.aMissing == minus(b, a), how.constData());
        QVERIFY2(found.bMissing == minus(a, b), how.constData());
        QVERIFY2(found.differing.empty(), how.constData());
        QVERIFY2(found.messages < 12, how.constData());
    }
}

// One side began from a snapshot: some of its replicas' first patches are blocks.
void SetsTest::blocksAreComparedWithSinglePatches()
{
    for (const std::uint64_t seed : seeds(300, 10'000)) {
        SeededRandom random(seed);
        Plain a, b;
        PatchSet blocks(random), singles(random);
        const bool isForked = random.below(4) == 0;
        const auto end = 70'000 + std::int64_t(1 + random.below(30));
        for (std::int64_t replica = 70'000; replica < end; ++replica) {
            const auto floor = std::int64_t(random.below(40)), atA = floor + std::int64_t(random.below(20));
            const auto atB = std::int64_t(random.below(60));
            PatchDigest sum;
            for (std::int64_t n = 1; n <= atA; ++n) {
                a.insert(idOf(replica, n));
                // A copy's patch, hidden in the block.
                const PatchDigest digest = quickDigest(idOf(replica, n), isForked && replica == 70'000 && n == 1 ? 1 : 0);
                if (n <= floor)
                    sum += digest;
                else
                    blocks.insert(idOf(replica, n), digest);
            }
            if (floor > 0)
                blocks.insertBlock(rangeOf(replica, 1, floor), sum);
            for (std::int64_t n = 1; n <= atB; ++n) {
                b.insert(idOf(replica, n));
                singles.insert(idOf(replica, n), quickDigest(idOf(replica, n)));
            }
        }
        const Search there = search(blocks, singles), back = search(singles, blocks);
        const QByteArray how = "EVENTSYNC_SEED=" + QByteArray::number(qulonglong(seed));
        for (const Search *found : {&there, &back}) {
            const bool isA = found == &there;
            const Plain &forward = isA ? found->aMissing : found->bMissing, &backward = isA ? found->bMissing : found->aMissing;
            QVERIFY2(forward == minus(b, a), how.constData());
            // A block that the other has partly is told whole, or only the part that is lacking.
            const Plain lacking = minus(a, b);
            QVERIFY2(std::includes(backward.begin(), backward.end(), lacking.begin(), lacking.end()), how.constData());
            QVERIFY2(found->messages < 15, how.constData());
            if (!isForked)
                QVERIFY2(found->differing.empty(), how.constData());
        }
        if (isForked && a == b && a.contains(idOf(70'000, 1)))
            QVERIFY2(!there.differing.empty() && !back.differing.empty(), how.constData());
    }
}

void SetsTest::aPatchWithOtherContentIsFound()
{
    SeededRandom random(4);
    const Plain ids = expand({rangeOf(kAlice, 1, 5'000), rangeOf(kBob, 1, 3)});
    const PatchSet honest = setOf(ids, random);
    PatchSet copy(random);
    for (const PatchId &id : ids)
        copy.insert(id, quickDigest(id, id == idOf(kAlice, 3'333) ? 1 : 0));
    const Search found = search(honest, copy);
    QVERIFY(found.differing == std::vector<PatchRange>{rangeOf(kAlice, 3'333, 3'333)});
    QVERIFY(found.aMissing.empty() && found.bMissing.empty());
}

// Not 100,000 ids, but some tens of bytes for each step of the search.
void SetsTest::fewDifferencesCostFewBytes()
{
    SeededRandom random(5);
    for (const std::int64_t n : {1'000, 10'000, 100'000}) {
        PatchSet a(random), b(random);
        for (std::int64_t i = 0; i < n; ++i) {
            const PatchId id = idOf(70'000 + i / 4, 1 + i % 4); // many writers of a few patches each
            a.insert(id, quickDigest(id));
            if (i % (n / 5) != n / 10)
                b.insert(id, quickDigest(id));
        }
        const Search found = search(a, b);
        QCOMPARE(found.bMissing.size(), std::size_t(5));
        const double steps = 5 * (std::log(double(n)) / std::log(16.0) + 1);
        QVERIFY2(double(found.bytes) < steps * 16 * 40, qPrintable(QString::number(found.bytes)));
        QVERIFY(found.messages <= 6);
    }
}

void SetsTest::answersAreBounded()
{
    SeededRandom random(6);
    PatchSet set(random);
    Plain ids;
    for (std::int64_t i = 0; i < 60'000; ++i) {
        ids.insert(idOf(70'000 + i, 1));
        set.insert(idOf(70'000 + i, 1), quickDigest(idOf(70'000 + i, 1)));
    }
    // Every range unequal: what a hostile node would say.
    Comparison hostile;
    for (std::int64_t i = 0; i < std::int64_t(limits::kCompareRanges); ++i)
        hostile.push_back({idOf(70'000 + i * 14 + 7, 1), Fingerprint()});
    const Compared compared = compare(set, hostile);
    QVERIFY(compared.answer.size() <= limits::kCompareRanges + 16);
    QVERIFY(decode(encode({"a", "b", CompareMessage{compared.answer}}, EncodingFormat::Binary)).has_value());
    // Two sets that have nothing in common meet in several comparisons.
    PatchSet other(random);
    for (int round = 0; round < 200 && other.size() < set.size(); ++round) {
        const Search found = search(set, other);
        for (const PatchId &id : found.bMissing)
            other.insert(id, quickDigest(id));
    }
    QVERIFY(other.fingerprint() == set.fingerprint());
}

void SetsTest::vectorsTellWhatIsMissing()
{
    VersionVector a, b;
    a.advance(ReplicaId(kAlice), PatchNumber(3));
    a.advance(ReplicaId(kAlice), PatchNumber(2)); // never back
    b.advance(ReplicaId(kAlice), PatchNumber(5));
    b.advance(ReplicaId(kBob), PatchNumber(1));
    QVERIFY(a.missingFrom(b) == (std::vector<PatchRange>{rangeOf(kAlice, 4, 5), rangeOf(kBob, 1, 1)}));
    QVERIFY(b.missingFrom(a).empty());
    QVERIFY(b.covers(a) && !a.covers(b));
    QCOMPARE(b.patchCount(), std::int64_t(6));
    QVERIFY(difference({rangeOf(kAlice, 1, 9)}, {rangeOf(kAlice, 1, 2), rangeOf(kAlice, 5, 5), rangeOf(kAlice, 9, 12)}) ==
            (std::vector<PatchRange>{rangeOf(kAlice, 3, 4), rangeOf(kAlice, 6, 8)}));
}

} // namespace eventsync::test
