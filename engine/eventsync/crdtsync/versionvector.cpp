// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/versionvector.h>

#include <algorithm>

namespace eventsync::crdtsync {

PatchNumber VersionVector::at(ReplicaId replica) const
{
    const auto found = m_rows.find(replica);
    return found == m_rows.end() ? PatchNumber() : found->second;
}

void VersionVector::advance(ReplicaId replica, PatchNumber to)
{
    if (to > PatchNumber()) {
        PatchNumber &number = m_rows[replica];
        number = std::max(number, to);
    }
}

std::int64_t VersionVector::patchCount() const
{
    std::int64_t count = 0;
    for (const auto &[replica, number] : m_rows)
        count += number.value();
    return count;
}

std::vector<PatchRange> VersionVector::missingFrom(const VersionVector &there) const
{
    std::vector<PatchRange> ranges;
    for (const auto &[replica, number] : there.m_rows) {
        const PatchNumber here = at(replica);
        if (here < number)
            ranges.push_back({replica, here.next(), number});
    }
    return ranges;
}

bool VersionVector::covers(const VersionVector &other) const
{
    return std::all_of(other.m_rows.begin(), other.m_rows.end(), [this](const auto &row) { return row.second <= at(row.first); });
}

} // namespace eventsync::crdtsync
