// SPDX-License-Identifier: Apache-2.0
//
// Two nodes hold n patches each and differ in k of them. Exchanging all ids costs n; the vector "how many of each replica"
// costs one row per replica that ever wrote, cannot express gaps, and does not detect two patches under one id. So the sets are
// searched like a Merkle tree: equal fingerprints prove equal ranges, unequal ones are looked into.
//
// A Merkle tree proper would have to have the same shape on both sides. Range-based set reconciliation (A. Meyer, "Range-Based
// Set Reconciliation", SRDS 2023) needs only the order of the ids: each message is a list of ranges that together cover
// everything, and has for each its fingerprint, its content, or nothing. A node that gets a fingerprint which differs from its
// own divides the range into kFanOut parts with equal numbers of its own patches, and sends their fingerprints; small ranges
// are listed. A difference is followed through log_kFanOut(n) ranges, so k of them cost O(k log n) bytes and O(log n) messages.
// Sums of hashes make the fingerprint of any range (as in the negentropy protocol); SHA-256 over the sum hides it, so that a
// collision by adding chosen hashes must match the whole 256-bit sum.
//
// Patches of a replica are numbered densely, so runs of patches are listed: 100,000 patches of one writer are one row. A run
// that both have with different content is divided further like any range, down to a single patch.
//
// The patches of a snapshot are a block: its sum is known, but not those of its parts. A block is never divided. A range with a
// border inside a block is answered with the block as a run and the rest separately, which a node with the single patches can
// always check.
#include <eventsync/crdtsync/setcompare.h>

#include <eventsync/crdtsync/limits.h>

#include <algorithm>

namespace eventsync::crdtsync {

namespace {

constexpr std::int64_t kFanOut = 16;
constexpr std::size_t kListedRuns = 16; // a range of no more runs is listed

class Answer
{
public:
    explicit Answer(const PatchSet &set) : m_set(set) {}

    void add(const PatchId &until, decltype(ComparedRange::holds) holds)
    {
        if (until <= m_until)
            return;
        if (std::holds_alternative<ComparedRange::Same>(holds)) {
            m_same = true;
            m_until = until;
            return;
        }
        if (m_same)
            m_ranges.push_back({m_until, ComparedRange::Same{}});
        m_same = false;
        m_until = until;
        m_ranges.push_back({until, std::move(holds)});
    }
    bool isFull() const { return m_ranges.size() + kFanOut >= limits::kCompareRanges || m_runs >= limits::kCompareRuns; }

    // Everything this set holds in [from, until), as runs or as the fingerprints of parts.
    void describe(const PatchId &from, const PatchId &until, bool mayList = true)
    {
        if (mayList && list(from, until))
            return;
        const std::int64_t count = m_set.sum(from, until).count;
        PatchId begin = from;
        for (std::int64_t part = 1; part <= kFanOut && begin < until; ++part) {
            PatchId end = until;
            if (part < kFanOut) {
                const auto border = m_set.select(from, count * part / kFanOut);
                if (!border || *border <= begin || *border >= until)
                    continue;
                end = *border;
            }
            add(end, m_set.sum(begin, end).fingerprint());
            begin = end;
        }
    }
    bool list(const PatchId &from, const PatchId &until)
    {
        ComparedRange::Runs runs;
        m_set.forEachRun(from, until, [&](const PatchRange &range) {
            runs.push_back({range, {}});
            return runs.size() <= kListedRuns;
        });
        if (runs.size() > kListedRuns)
            return false;
        for (ComparedRange::Run &run : runs)
            run = described(run.range);
        m_runs += runs.size();
        add(until, std::move(runs));
        return true;
    }

    // Ranges without a statement at the end are not sent.
    Comparison take() { return std::move(m_ranges); }

    ComparedRange::Run described(const PatchRange &range) const
    {
        const PatchId first{range.replica, range.first};
        return {range, m_set.sum(first, {range.replica, range.last.next()}).fingerprint(), m_set.blockAt(first) == range};
    }
    void addBlock(const PatchId &until, const PatchRange &block) { add(until, ComparedRange::Runs{described(block)}); }

private:
    const PatchSet &m_set;
    Comparison m_ranges;
    PatchId m_until = kFirstPatch;
    std::size_t m_runs = 0;
    bool m_same = false;
};

void subtract(const std::vector<PatchRange> &from, const std::vector<PatchRange> &what, std::vector<PatchRange> &out)
{
    std::size_t next = 0;
    for (PatchRange range : from) {
        while (next < what.size() && PatchId{what[next].replica, what[next].last} < PatchId{range.replica, range.first})
            ++next;
        bool rest = true;
        for (std::size_t i = next; i < what.size() && what[i].replica == range.replica && what[i].first <= range.last; ++i) {
            if (what[i].first > range.first)
                out.push_back({range.replica, range.first, what[i].first.previous()});
            rest = what[i].last < range.last;
            if (!rest)
                break;
            range.first = what[i].last.next();
        }
        if (rest)
            out.push_back(range);
    }
}

PatchId beginOf(const PatchRange &range)
{
    return {range.replica, range.first};
}

PatchId endOf(const PatchRange &range)
{
    return {range.replica, range.last.next()};
}

// A block that this id would cut.
std::optional<PatchRange> cutBlock(const PatchSet &set, const PatchId &id)
{
    auto block = set.blockAt(id);
    return block && block->first < id.number ? block : std::nullopt;
}

// A run that both have completely; only then are fingerprints comparable.
void checkRun(const PatchSet &set, const ComparedRange::Run &theirs, Answer &answer, Compared &result)
{
    const PatchId from = beginOf(theirs.range), until = endOf(theirs.range);
    auto cut = cutBlock(set, from);
    if (!cut)
        cut = cutBlock(set, until);
    if (cut) {
        if (!theirs.isBlock) {
            answer.add(from, ComparedRange::Same{});
            answer.addBlock(until, *cut);
        }
        return;
    }
    const PatchSet::Sum sum = set.sum(from, until);
    if (sum.count != theirs.range.count() || sum.fingerprint() == theirs.fingerprint)
        return;
    if (theirs.range.count() == 1 || theirs.isBlock || set.blockAt(from) == theirs.range) {
        result.differing.push_back(theirs.range);
        return;
    }
    answer.add(from, ComparedRange::Same{});
    if (const auto block = set.blockAt(from)) {
        answer.addBlock(endOf(*block), *block);
        answer.add(until, set.sum(endOf(*block), until).fingerprint());
    } else if (theirs.range.count() <= kFanOut) {
        ComparedRange::Runs singles;
        for (PatchId id = from; id < until; id = id.next())
            singles.push_back(answer.described({id.replica, id.number, id.number}));
        answer.add(until, std::move(singles));
    } else {
        answer.describe(from, until, false);
    }
}

// What of one run is here.
std::vector<PatchRange> heldOf(const PatchSet &set, const PatchRange &run)
{
    std::vector<PatchRange> here;
    if (const auto block = cutBlock(set, beginOf(run)))
        here.push_back(*block);
    set.forEachRun(beginOf(run), endOf(run), [&](const PatchRange &range) {
        here.push_back(range);
        return here.size() <= limits::kCompareRuns;
    });
    return here;
}

void compareRuns(const PatchSet &set, const PatchId &from, const PatchId &until, const ComparedRange::Runs &theirs,
                 Answer &answer, Compared &result)
{
    std::vector<PatchRange> there, here;
    for (const ComparedRange::Run &run : theirs) {
        there.push_back(run.range);
        const std::vector<PatchRange> held = heldOf(set, run.range);
        if (held.size() <= limits::kCompareRuns && result.missing.size() < limits::kCompareRuns)
            subtract({run.range}, held, result.missing);
        if (!answer.isFull())
            checkRun(set, run, answer, result);
    }
    set.forEachRun(from, until, [&](PatchRange range) {
        if (range.replica == until.replica)
            range.last = std::min(range.last, until.number.previous()); // a block may end after it
        here.push_back(range);
        return here.size() < limits::kCompareRuns;
    });
    if (result.excess.size() < limits::kCompareRuns)
        subtract(here, there, result.excess);
    answer.add(until, ComparedRange::Same{});
}

// Compares the other node's fingerprint of [from, until) with the own one; a block that would be divided is sent as a run and
// the rest separately.
void compareFingerprint(const PatchSet &set, const PatchId &from, const PatchId &until, const Fingerprint &theirs,
                        Answer &answer)
{
    const auto first = cutBlock(set, from), last = cutBlock(set, until);
    if (!first && !last) {
        if (set.sum(from, until).fingerprint() == theirs)
            answer.add(until, ComparedRange::Same{});
        else
            answer.describe(from, until);
        return;
    }
    PatchId begin = from;
    if (first) {
        begin = std::min(endOf(*first), until);
        answer.addBlock(begin, *first);
    }
    const PatchId end = last ? beginOf(*last) : until;
    if (begin < end)
        answer.add(end, set.sum(begin, end).fingerprint());
    if (last && begin < until)
        answer.addBlock(until, *last);
}

} // namespace

std::vector<PatchRange> difference(const std::vector<PatchRange> &from, const std::vector<PatchRange> &what)
{
    std::vector<PatchRange> left;
    subtract(from, what, left);
    return left;
}

Comparison beginComparison(const PatchSet &set)
{
    Answer answer(set);
    answer.describe(kFirstPatch, kPastPatches);
    return answer.take();
}

Compared compare(const PatchSet &set, const Comparison &theirs)
{
    Compared result;
    Answer answer(set);
    PatchId from = kFirstPatch;
    for (const ComparedRange &range : theirs) {
        if (answer.isFull())
            break;
        if (const auto *fingerprint = std::get_if<Fingerprint>(&range.holds))
            compareFingerprint(set, from, range.until, *fingerprint, answer);
        else if (const auto *runs = std::get_if<ComparedRange::Runs>(&range.holds))
            compareRuns(set, from, range.until, *runs, answer, result);
        else
            answer.add(range.until, ComparedRange::Same{});
        from = range.until;
    }
    result.answer = answer.take();
    return result;
}

} // namespace eventsync::crdtsync
