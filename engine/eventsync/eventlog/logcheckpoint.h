// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/digest.h>
#include <eventsync/storage/backend.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace eventsync::eventlog {

/// A place in the order in which the events of a store arrived. It is given to a reader, which returns it later: as a token of
/// the protocol, or as the position of a follower of the log.
///
/// Positions are reused after a restore from a backup, so a position alone is ambiguous. A checkpoint names the epoch and the
/// chain value of the event at its position; a store whose log has that event there, in that epoch, continues from it. No
/// event: the beginning. Immutable.
struct LogCheckpoint
{
    std::string epoch;
    std::int64_t position = 0;
    Digest chain;

    /// The checkpoint of the last event up to `position`. Compaction may have removed later ones: then some changes are sent again.
    static Result<LogCheckpoint> upTo(storage::ReadView &view, std::string epoch, std::int64_t position);
    /// Whether the log that `view` shows has this event here. False also for an event that was compacted.
    Result<bool> isIn(storage::ReadView &view, const std::string &itsEpoch) const;

    std::string toToken() const;
    static Result<LogCheckpoint> fromToken(std::string_view token); ///< InvalidValue for other text
};

} // namespace eventsync::eventlog
