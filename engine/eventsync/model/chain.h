// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/digest.h>
#include <eventsync/base/ids.h>

namespace eventsync {

/// The hash chain of a document's log: chain_0 = SHA-256("eventsync.v1" 0x00 collection 0x00 documentId),
/// chain_n = SHA-256(chain_{n-1} digest_n). Two logs with one chain value at one position are one log up to there.
Digest chainStart(const CollectionName &collection, const DocumentId &documentId);
Digest chainNext(const Digest &chain, const Digest &eventDigest);

/// A place in a document's history. Position and chain always travel together.
struct Position
{
    ServerSeq serverSeq;
    Digest chain;
    auto operator<=>(const Position &) const = default;
};

} // namespace eventsync
