// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/limits.h>

#include <optional>
#include <vector>

namespace eventsync::eventlog {

/// The events that a vector clock lacks, in the order of the log.
struct MissingEvents
{
    std::vector<EventPtr> events;
    std::optional<ServerSeq> next = {}; ///< there may be more: request them with after = next
};

/// Which events of a document a reader lacks, by its vector clock.
struct MissingQuery
{
    VectorClock known;
    ServerSeq after = {};                              ///< only events after this position
    std::size_t bytes = limits::kMissingEventsBytes;   ///< of canonical events; at least one is returned
};

/// The exact set difference (G11): the events of the log whose (client, clientSeq) the clock does not cover. Compacted if the
/// clock lacks events that are no longer in the log: then the reader needs a snapshot. NotFound.
Result<MissingEvents> missingEvents(storage::ReadView &view, const DocumentId &id, const MissingQuery &query);

} // namespace eventsync::eventlog
