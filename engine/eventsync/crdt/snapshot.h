// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/encoding.h>

#include <map>

namespace eventsync::crdt {

/// The last time of every session that has written into a document.
using SessionTimes = std::map<std::uint64_t, std::uint64_t>;

/// A document together with its sessions. An encoded document names only sessions with remaining content, so later patches that
/// refer to removed content would be refused after decoding; the list of sessions prevents this. `incarnation` distinguishes
/// successive documents under one id: ids of one have no meaning in the next.
struct DocumentSnapshot
{
    Document document;
    SessionTimes sessions;
    std::uint64_t incarnation = 0;
};

/// 0x45 0x53 0x02, the incarnation, the number of sessions, of each its id and its last time (vu57, by id), then the binary encoding.
Bytes encodeSnapshot(const Document &document, const SessionTimes &sessions, std::uint64_t incarnation);
/// The document has seen all ids of the sessions up to their times. InvalidValue, and the errors of decodeBinary().
Result<DocumentSnapshot> decodeSnapshot(std::string_view bytes);

} // namespace eventsync::crdt
