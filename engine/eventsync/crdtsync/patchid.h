// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/digest.h>
#include <eventsync/base/strong.h>
#include <eventsync/crdt/patch.h>

#include <compare>
#include <vector>

namespace eventsync::crdtsync {

/// A replica of a document is the CRDT session that writes its patches; it numbers them 1, 2, 3, ... without gaps.
using ReplicaId = StrongNumber<struct ReplicaIdTag>;
using PatchNumber = StrongNumber<struct PatchNumberTag>;

inline ReplicaId replicaOf(const crdt::Patch &patch)
{
    return ReplicaId(static_cast<std::int64_t>(patch.id().sid));
}

/// The name of one patch. Ordered by replica, then number. Values; any thread.
struct PatchId
{
    ReplicaId replica;
    PatchNumber number;
    PatchId next() const { return {replica, number.next()}; }
    auto operator<=>(const PatchId &) const = default;
};

/// The patches first .. last of one replica.
struct PatchRange
{
    ReplicaId replica;
    PatchNumber first;
    PatchNumber last;
    std::int64_t count() const { return last - first + 1; }
    auto operator<=>(const PatchRange &) const = default;
};

/// A patch with its id.
struct NumberedPatch
{
    PatchId id;
    crdt::Patch patch;
    bool operator==(const NumberedPatch &) const = default;
};

/// A sum modulo 2^256 of the hashes of patches: the same set gives the same sum in any order; another patch under the same id
/// gives another sum. Other nodes get a Fingerprint of it.
class PatchDigest
{
public:
    static PatchDigest of(const PatchId &id, const crdt::Patch &patch); ///< SHA-256 of replica, number and the patch's binary form
    static PatchDigest fromDigest(const Digest &digest);
    Digest toDigest() const;
    PatchDigest &operator+=(const PatchDigest &other);
    bool operator==(const PatchDigest &) const = default;

private:
    std::array<std::uint64_t, 4> m_words{}; // least significant first
};

/// A short digest of a set of patches: equal sets have equal fingerprints.
struct Fingerprint
{
    static constexpr std::size_t kBytes = 16;
    std::array<unsigned char, kBytes> bytes{};

    static Fingerprint of(const PatchDigest &sum, std::int64_t count);
    static Fingerprint fromBytes(std::string_view raw); ///< kBytes of them
    std::string_view view() const { return {reinterpret_cast<const char *>(bytes.data()), bytes.size()}; }
    bool operator==(const Fingerprint &) const = default;
};

} // namespace eventsync::crdtsync
