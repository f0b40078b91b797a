// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/encoding.h>

#include <map>

namespace eventsync::crdt {

/// The last time of every session that has written into a document.
using SessionTimes = std::map<std::uint64_t, std::uint64_t>;

/// A document together with its sessions. An encoded document names only sessions of which something is left in it, so later
/// patches that refer to what is gone would be refused after decoding; what stands beside it here mends that.
/// `incarnation` tells documents apart that stand under one name, one after the other: ids of one mean nothing in the next.
struct DocumentSnapshot
{
    Document document;
    SessionTimes sessions;
    std::uint64_t incarnation = 0;
};

/// 0x45 0x53 0x02, the incarnation, the number of sessions, of each its id and its last time (vu57, by id), then the binary encoding.
Bytes encodeSnapshot(const Document &document, const SessionTimes &sessions, std::uint64_t incarnation);
/// The document knows all ids of the sessions up to their times. InvalidValue; what decodeBinary() says.
Result<DocumentSnapshot> decodeSnapshot(std::string_view bytes);

} // namespace eventsync::crdt
