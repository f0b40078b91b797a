// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/api.h>
#include <eventsync/crdtsync/messages.h>

namespace eventsync::test {

// Short names for what the tests of crdtsync need all the time.

constexpr std::int64_t kAlice = 70'001, kBob = 70'002;

inline crdtsync::PatchId idOf(std::int64_t replica, std::int64_t number)
{
    return {crdtsync::ReplicaId(replica), crdtsync::PatchNumber(number)};
}
inline crdtsync::PatchRange rangeOf(std::int64_t replica, std::int64_t first, std::int64_t last)
{
    return {crdtsync::ReplicaId(replica), crdtsync::PatchNumber(first), crdtsync::PatchNumber(last)};
}

// A patch of that replica that changes nothing by itself: a constant that nobody refers to.
crdt::Patch smallPatch(std::int64_t replica, std::uint64_t time, std::int64_t value = 0);
crdtsync::NumberedPatch numbered(std::int64_t replica, std::int64_t number, std::int64_t value = 0);
crdtsync::PatchDigest patchDigestOf(const crdtsync::PatchId &id, std::int64_t value = 0); // of numbered()

// Some random edits of the document, as one patch.
crdt::Patch randomEdit(Random &random, crdt::Api &api);

std::vector<crdtsync::Message> sampleMessages();

// Seeds to run: EVENTSYNC_SEED alone, else as many as EVENTSYNC_LONG=1 asks for.
std::vector<std::uint64_t> seeds(int brief, int full);

} // namespace eventsync::test
