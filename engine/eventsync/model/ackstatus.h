// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace eventsync {

/// The outcome of one pushed event, as the log decides it and as an `ack` message reports it. protocol/names_p.h has the names
/// on the wire, in this order.
enum class AckStatus {
    Applied,   ///< logged; its author had seen everything before it
    Merged,    ///< logged, after a comparison with events that its author had not seen
    Duplicate, ///< an event with this id is in the log already
    Conflict,  ///< not logged: it overlaps events that its author had not seen
    Rejected,  ///< not logged, and will not be if it is pushed again unchanged
    Skipped,   ///< not validated: an event before it in its batch was not logged
};

} // namespace eventsync
