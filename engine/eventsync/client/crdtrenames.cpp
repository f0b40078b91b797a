// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/crdtrenames_p.h>

#include <eventsync/crdt/references.h>

#include <algorithm>
#include <limits>

namespace eventsync::client {

crdt::Id CrdtRenames::operator()(crdt::Id id) const
{
    auto after = m_spans.upper_bound(id);
    if (after == m_spans.begin())
        return id;
    const Span &span = std::prev(after)->second;
    if (span.old.sid != id.sid || id.time >= span.old.end())
        return id;
    return span.now.plus(id.time - span.old.time);
}

void CrdtIds::add(const crdt::IdSpan &span)
{
    std::uint64_t begin = span.time, end = span.end();
    auto it = m_ends.upper_bound({span.sid, begin});
    if (it != m_ends.begin()) {
        const auto before = std::prev(it);
        if (before->first.first == span.sid && before->second >= begin)
            it = before;
    }
    while (it != m_ends.end() && it->first.first == span.sid && it->first.second <= end) {
        begin = std::min(begin, it->first.second);
        end = std::max(end, it->second);
        it = m_ends.erase(it);
    }
    m_ends.emplace(std::pair(span.sid, begin), end);
}

bool CrdtIds::meets(const crdt::IdSpan &span) const
{
    if (span.length == 0)
        return false;
    auto it = m_ends.lower_bound({span.sid, span.end()});
    if (it == m_ends.begin())
        return false;
    --it;
    return it->first.first == span.sid && it->second > span.time;
}

std::uint64_t CrdtIds::endOf(std::uint64_t sid) const
{
    const auto after = m_ends.upper_bound({sid, std::numeric_limits<std::uint64_t>::max()});
    return after == m_ends.begin() || std::prev(after)->first.first != sid ? 0 : std::prev(after)->second;
}

bool refersTo(const crdt::PatchView &patch, const CrdtIds &ids)
{
    bool found = false;
    const std::uint64_t sid = patch.id().sid;
    patch.forEach([&](const crdt::Operation &operation) {
        if (!found)
            crdt::forEachReference(operation, sid, [&](const crdt::IdSpan &span) { found = found || ids.meets(span); });
    });
    return found;
}

} // namespace eventsync::client
