// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/clock.h>
#include <eventsync/crdt/idindex.h>
#include <eventsync/crdt/sequenceleaf.h>

#include <boost/container/small_vector.hpp>

#include <string>
#include <vector>

namespace eventsync::crdt {

/// A replicated growable array: the characters of a `str`, the bytes of a `bin`, the elements of an `arr`. sequence.cpp
/// explains the data structure. Positions count visible units (UTF-16 for text). Owner only. Large because reads by position
/// and by id, edits and their undo share the invariants of one list of leaves.
class Sequence
{
public:
    using SessionIndex = LogicalClock::SessionIndex;
    enum class Kind : std::uint8_t { Text, Bytes, Nodes };

    /// an id, its session by number
    struct Stamp
    {
        SessionIndex session = LogicalClock::kNone;
        std::uint64_t time = 0;
    };
    struct Run
    {
        Stamp first;
        std::uint32_t length = 0;
        bool deleted = false;
        bool continues(const Run &before) const
        {
            return first.session == before.first.session && first.time == before.first.time + before.length
                && deleted == before.deleted;
        }
    };
    struct Removal
    {
        std::uint32_t position;
        std::uint32_t length;
    };

    static constexpr std::uint32_t kMaxElements = 0x7FFFFFFF; ///< deleted ones included

    /// `clock` has the session ids, which order ids of one time; it must outlive the sequence.
    Sequence(Kind kind, const LogicalClock &clock) : m_kind(kind), m_clock(&clock) {}
    Sequence(const Sequence &other, const LogicalClock &clock) : Sequence(other) { m_clock = &clock; }
    Sequence &operator=(const Sequence &) = delete;

    Kind kind() const { return m_kind; }
    std::uint32_t length() const { return m_length; }
    std::uint32_t total() const { return m_total; } ///< elements, deleted ones included

    /// Puts units with ids from `id` on after `ref` (kNone session: at the front), by the rules of the array. False if `ref` is
    /// not an element. Writes their visible position to `position`, if given.
    bool insert(Stamp ref, Stamp id, const Units &units, std::uint32_t *position = nullptr);
    /// The same for ids larger than all ids here: directly after the visible unit before `position`. False if there is no such
    /// position.
    bool insertAt(std::uint32_t position, Stamp id, const Units &units, Stamp *ref = nullptr); ///< ref: what it follows

    /// Deletes those of the ids that are elements and visible; removed node numbers are appended to `nodes`.
    void erase(Stamp first, std::uint64_t length, std::vector<std::uint32_t> *nodes = nullptr,
               std::vector<Removal> *removals = nullptr);

    /// Deletes [position, position + count) if all of it is of one run; otherwise nothing.
    bool eraseRunAt(std::uint32_t position, std::uint32_t count, Run *run);

    bool contains(Stamp id) const;
    /// The element at a visible position; it must exist.
    Stamp stampAt(std::uint32_t position) const;
    /// The ids of [position, position + count), neighbours joined.
    using Runs = boost::container::small_vector<Run, 2>;
    Runs runs(std::uint32_t position, std::uint32_t count) const;
    /// The position of an element, or the position that it would have if it were not deleted. It must be an element.
    std::uint32_t positionOf(Stamp id, bool *visible = nullptr) const;

    std::uint32_t unitAt(std::uint32_t position) const;
    bool mayHavePairs() const { return m_mayHavePairs; }
    bool splitsPair(std::uint32_t position) const; ///< whether it is between the halves of a surrogate pair
    bool setNode(Stamp id, std::uint32_t node, std::uint32_t *old);     ///< false: no element, or deleted
    bool nodeOf(Stamp id, std::uint32_t *node) const;                   ///< false: no element, or deleted
    void appendUtf16(std::u16string &out, std::uint32_t position, std::uint32_t count) const;
    void appendBytes(std::string &out, std::uint32_t position, std::uint32_t count) const; ///< ASCII or bytes
    bool isAscii() const; ///< no leaf has a wide buffer

    /// All runs in order, deleted ones too, neighbours joined; then the visible units in order, by position.
    template<class F>
    void forEachRun(F &&f) const;

    /// Reads the runs one by one, neighbours joined, and the units of each visible one.
    class Reader
    {
    public:
        explicit Reader(const Sequence &sequence) : m_sequence(&sequence), m_leaf(sequence.m_first) {}
        bool next(Run &run); ///< false at the end
        // Units of the current run.
        bool isAscii() const; ///< utf8 is bytes()
        void utf16(std::u16string &out) const;
        void bytes(std::string &out) const;
        void nodes(std::vector<std::uint32_t> &out) const;

    private:
        template<class F>
        void forLeaves(F &&f) const;

        const Sequence *m_sequence;
        std::uint32_t m_leaf;
        std::uint32_t m_span = 0;
        std::uint32_t m_units = 0;     // visible units of m_leaf before m_span
        std::uint32_t m_fromLeaf = 0;  // where the current run's units begin
        std::uint32_t m_fromUnit = 0;
        std::uint32_t m_length = 0;
    };
    std::size_t runCount() const;

    /// All visible units in order.
    template<class F>
    void forEachUnit(F &&f) const
    {
        for (std::uint32_t at = m_first; at != kNone; at = m_leaves[at].next) {
            for (std::uint32_t i = 0; i < m_leaves[at].units(); ++i)
                f(m_leaves[at].unit(i));
        }
    }

    /// Loading: runs in order into an empty sequence, then finish().
    void append(const Run &run, const Units &units);
    void finish();

    std::size_t heapBytes() const;

private:
    static constexpr std::uint32_t kNone = SequenceLeaf::kNone;
    static constexpr std::uint32_t kChildren = 32;

    struct Place // a run, and an offset in it
    {
        std::uint32_t leaf = kNone;
        std::uint32_t span = 0;
        std::uint32_t offset = 0;
    };
    struct Inner
    {
        std::uint32_t parent = kNone;
        std::uint32_t count = 0;
        bool aboveLeaves = true;
        std::uint32_t child[kChildren];
        std::uint32_t visible[kChildren];
        Stamp least[kChildren]; // smallest id below the child
    };
    struct Cursor // the leaf of the last change; its ancestors do not know `pending` yet
    {
        std::uint32_t leaf = kNone;
        std::uint32_t start = 0;
        bool startKnown = false;       // never without a leaf
        std::int64_t pending = 0;
        std::uint32_t span = 0;        // a run of the leaf ...
        std::uint32_t before = 0;      // ... and the visible units before it
    };

    Sequence(const Sequence &) = default;

    bool less(Stamp a, Stamp b) const
    {
        return a.time != b.time ? a.time < b.time : m_clock->sidOf(a.session) < m_clock->sidOf(b.session);
    }
    Place findId(Stamp id) const;
    Place findPosition(std::uint32_t position) const;
    Place inLeaf(std::uint32_t leaf, std::uint32_t visibleOffset) const;
    std::uint32_t startOf(std::uint32_t leaf) const;
    void settle() const;
    void moveCursor(std::uint32_t leaf) const;
    void hint(std::uint32_t span, std::uint32_t before) const { m_cursor.span = span, m_cursor.before = before; }
    std::uint32_t visibleBefore(const Place &place) const;
    bool goesOn(Stamp id, const Units &units) const;
    std::uint32_t endOfCursor() const { return m_cursor.before + m_leaves[m_cursor.leaf].visible(m_cursor.span); }
    void extend(const Units &units);
    void put(Place after, Stamp id, const Units &units, std::uint32_t *position);
    void putInLeaf(std::uint32_t leaf, std::uint32_t span, std::uint32_t before, Stamp id, const Units &units);
    bool isLessBehind(std::uint32_t leaf, std::uint32_t span, Stamp id) const;
    Place firstLess(std::uint32_t leaf, std::uint32_t span, Stamp id) const;
    std::uint32_t nextLeafWithLess(std::uint32_t leaf, Stamp id) const;
    void eraseInRun(Place place, std::uint32_t length, std::vector<std::uint32_t> *nodes, std::vector<Removal> *removals);
    void changed(std::uint32_t leaf, std::int64_t visible);
    void lowered(std::uint32_t leaf, Stamp id);

    void splitLeaf(std::uint32_t leaf);
    void shrinkLeaf(std::uint32_t leaf);
    void insertChild(std::uint32_t left, std::uint32_t right);
    void splitInner(std::uint32_t inner);
    std::uint32_t &parentOf(bool isLeaf, std::uint32_t child);
    void addTo(std::uint32_t parent, std::uint32_t slot, std::uint32_t child, std::uint32_t visible, Stamp least);
    std::uint32_t newInner(bool aboveLeaves);
    std::uint32_t slotOf(std::uint32_t parent, std::uint32_t child) const;
    Stamp leastOf(const SequenceLeaf &leaf) const;
    Stamp leastOf(const Inner &inner) const;
    void index(SessionIndex session, std::uint64_t time, std::uint64_t length, std::uint32_t leaf);
    void buildIndex() const;
    std::uint8_t width() const { return m_kind == Kind::Nodes ? 4 : 1; }

    Kind m_kind;
    const LogicalClock *m_clock;
    std::uint32_t m_length = 0;
    std::uint32_t m_total = 0;
    std::uint32_t m_root = kNone;       // an inner node; none while there is one leaf
    std::uint32_t m_first = kNone;      // leaf
    std::uint32_t m_last = kNone;
    std::vector<SequenceLeaf> m_leaves;
    mutable std::vector<Inner> m_inner; // mutable: a look-up may settle the cursor
    mutable Cursor m_cursor;
    mutable std::vector<IdIndex> m_index; // by session number
    mutable bool m_indexed = false;
    bool m_mayHavePairs = false; // some inserted text was not ASCII
};

template<class F>
void Sequence::forEachRun(F &&f) const
{
    Run pending;
    for (std::uint32_t at = m_first; at != kNone; at = m_leaves[at].next) {
        const SequenceLeaf &leaf = m_leaves[at];
        for (std::uint32_t i = 0; i < leaf.count(); ++i) {
            const Run run{{leaf.session(i), leaf.time(i)}, leaf.length(i), leaf.isDeleted(i)};
            if (pending.length > 0 && run.continues(pending)) {
                pending.length += run.length;
                continue;
            }
            if (pending.length > 0)
                f(pending);
            pending = run;
        }
    }
    if (pending.length > 0)
        f(pending);
}

} // namespace eventsync::crdt
