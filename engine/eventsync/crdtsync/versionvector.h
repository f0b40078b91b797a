// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/patchid.h>

#include <map>

namespace eventsync::crdtsync {

/// Replica -> the number of its patches that are here, from the first one on without gaps. A value.
class VersionVector
{
public:
    PatchNumber at(ReplicaId replica) const;
    void advance(ReplicaId replica, PatchNumber to); ///< never goes back
    bool has(const PatchId &id) const { return id.number <= at(id.replica); }
    std::size_t size() const { return m_rows.size(); }
    std::int64_t patchCount() const;
    const std::map<ReplicaId, PatchNumber> &rows() const { return m_rows; }

    /// The patches that are in `there` and not here.
    std::vector<PatchRange> missingFrom(const VersionVector &there) const;
    bool covers(const VersionVector &other) const;
    bool operator==(const VersionVector &) const = default;

private:
    std::map<ReplicaId, PatchNumber> m_rows; // numbers above 0
};

} // namespace eventsync::crdtsync
