// SPDX-License-Identifier: Apache-2.0
//
// If all pairs of entries were compared, one large push could block its document, because it is compared with every event that
// its author has not seen. Sorted by path, a footprint is like a tree: entries that share their first tokens are adjacent, the
// shortest first. So two footprints are traversed together, and only where both have entries: for each next token of the one
// that has fewer entries left, the other one's entries with that token are found by binary search.
#include <eventsync/json/overlap.h>

#include <algorithm>
#include <bit>
#include <span>

namespace eventsync::json {

namespace {

using Kind = FootprintEntry::Kind;
using Entries = std::span<const FootprintEntry>;

bool isWrite(const FootprintEntry &entry)
{
    return entry.kind != Kind::Read;
}

// Whether two entries of one path are compatible.
bool agree(const FootprintEntry &a, const FootprintEntry &b)
{
    if (a.kind != b.kind)
        return false; // at least one is a write, and inc or max are compatible only with themselves
    if (a.kind != Kind::Write)
        return true;
    return a.value && a.value == b.value && !a.inArray && !b.inArray && !a.guarded && !b.guarded;
}

// Entries that share their first `depth` tokens: those that have no more, one of each kind at most, and those that have.
struct Level
{
    Level(Entries entries, std::size_t depth)
    {
        std::size_t count = 0;
        while (count < entries.size() && entries[count].path.tokens().size() == depth)
            ++count;
        here = entries.first(count);
        below = entries.subspan(count);
    }
    Entries here, below;
};

class Walk
{
public:
    explicit Walk(Budget &budget) : m_budget(budget) {}

    // Of entries that all share their first `depth` tokens. True also when the budget is exhausted.
    bool meet(Entries a, Entries b, std::size_t depth)
    {
        const Level one(a, depth), other(b, depth);
        return meetHere(one.here, other.here) || meetBelow(one.here, other.below) || meetBelow(other.here, one.below)
            || meetDeeper(one.below, other.below, depth);
    }

private:
    static bool meetHere(Entries a, Entries b)
    {
        return std::ranges::any_of(a, [b](const FootprintEntry &entry) {
            return std::ranges::any_of(b, [&](const FootprintEntry &other) { return !agree(entry, other); });
        });
    }

    // Whether an entry of `above` and one below it overlap, one of them being a write.
    bool meetBelow(Entries above, Entries below)
    {
        if (above.empty() || below.empty())
            return false;
        if (std::ranges::any_of(above, isWrite))
            return true;
        return std::ranges::any_of(below, [this](const FootprintEntry &entry) { return !m_budget.charge() || isWrite(entry); });
    }

    bool meetDeeper(Entries a, Entries b, std::size_t depth)
    {
        Entries fewer = a.size() < b.size() ? a : b;
        Entries more = a.size() < b.size() ? b : a;
        const auto next = [depth](const FootprintEntry &entry) -> const std::string & { return entry.path.tokens()[depth]; };
        while (!fewer.empty() && !more.empty()) {
            if (!m_budget.charge(static_cast<std::uint64_t>(std::bit_width(fewer.size()) + std::bit_width(more.size()))))
                return true;
            const std::string &token = next(fewer.front());
            const auto end = std::ranges::upper_bound(fewer, token, {}, next);
            const auto found = std::ranges::lower_bound(more, token, {}, next);
            const auto foundEnd = std::ranges::upper_bound(more, token, {}, next);
            if (found != foundEnd && meet({fewer.begin(), end}, {found, foundEnd}, depth + 1))
                return true;
            fewer = {end, fewer.end()};
            more = {foundEnd, more.end()};
        }
        return false;
    }

    Budget &m_budget;
};

} // namespace

bool overlaps(const Footprint &a, const Footprint &b, Budget &budget)
{
    if (!budget.charge() || a.isEverything() || b.isEverything())
        return true;
    return Walk(budget).meet(a.entries(), b.entries(), 0);
}

bool overlaps(const Footprint &a, const Footprint &b)
{
    Budget unlimited;
    return overlaps(a, b, unlimited);
}

} // namespace eventsync::json
