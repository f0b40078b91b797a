// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/digest.h>
#include <eventsync/storage/backend.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace eventsync::eventlog {

/// A place in the order in which a store's events arrived, given out to be brought back later: as a token of the wire, or as
/// the place that a follower of the log has reached.
///
/// Positions are given again after a restore from a backup, so a position alone says nothing. A checkpoint names the epoch and the chain
/// value of the event at its position; a store whose log has that event there, in that epoch, goes on from it. No event: the
/// beginning. Any (immutable).
struct LogCheckpoint
{
    std::string epoch;
    std::int64_t position = 0;
    Digest chain;

    /// The checkpoint of the last event up to `position`. Compaction may have removed later ones: then some changes are sent again.
    static Result<LogCheckpoint> upTo(storage::ReadView &view, std::string epoch, std::int64_t position);
    /// Whether the log that `view` shows has this event here. No for an event that was compacted: then nothing is known.
    Result<bool> isIn(storage::ReadView &view, const std::string &itsEpoch) const;

    std::string toToken() const;
    static Result<LogCheckpoint> fromToken(std::string_view token); ///< InvalidValue for text that is no token
};

} // namespace eventsync::eventlog
