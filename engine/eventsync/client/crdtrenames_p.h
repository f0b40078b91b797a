// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/patch.h>

#include <map>

// Which ids of JSON CRDT patches were replaced by others, and on which ids a patch depends. Internal to the client.
namespace eventsync::client {

// Ids of patches that had to be written again under another session or at another time. Spans never overlap.
class CrdtRenames
{
public:
    void add(const crdt::IdSpan &old, crdt::Id now) { m_spans.insert_or_assign(old.first(), Span{old, now}); }
    bool isEmpty() const { return m_spans.empty(); }
    crdt::Id operator()(crdt::Id id) const;

private:
    struct BySession
    {
        bool operator()(crdt::Id a, crdt::Id b) const { return a.sid != b.sid ? a.sid < b.sid : a.time < b.time; }
    };
    struct Span
    {
        crdt::IdSpan old;
        crdt::Id now;
    };
    std::map<crdt::Id, Span, BySession> m_spans;
};

// A set of ids, in spans.
class CrdtIds
{
public:
    void add(const crdt::IdSpan &span);
    bool meets(const crdt::IdSpan &span) const;
    std::uint64_t endOf(std::uint64_t sid) const; // after the last id of the session; 0 if it has none
    bool isEmpty() const { return m_ends.empty(); }

private:
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> m_ends; // (sid, first time) -> end; not adjacent
};

// Whether an operation of the patch refers to one of these ids.
bool refersTo(const crdt::PatchView &patch, const CrdtIds &ids);

} // namespace eventsync::client
