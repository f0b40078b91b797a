// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/json/value.h>

#include <string>
#include <string_view>

namespace eventsync::eventlog {

/// The kinds of damage of a store. The log is the source of truth: damage of a log can only be repaired from a backup, damage
/// of derived rows by rebuildLogs().
enum class FindingKind {
    // the log
    Unreadable,  ///< a row that cannot be read
    Gap,         ///< an event is missing or out of order
    Chain,       ///< the chain value does not follow from the one before and the event: one of the three was changed
    Identity,    ///< the columns of the row contradict the event
    ClientSeq,   ///< a client's events are not numbered 1, 2, 3, ...
    Fold,        ///< the event does not apply to the state before it
    Inverse,     ///< the stored inverse or footprint is not that of the event
    Horizon,     ///< there is no state from which the log begins
    Id,          ///< the kept id of a removed event is not plausible
    Orphan,      ///< rows of no document
    Size,        ///< an event of an earlier version that is too large for a frame; a compaction removes it
    Rule,        ///< a document that violates the rules: no damage, and found by verifyRules() only
    // what is derived
    Document,    ///< the document's row
    Snapshot,
    VectorClock,
    StateVector,
    Lag,         ///< a row lags the log after the position up to which all rows are complete
};
std::string_view findingKindName(FindingKind kind); ///< "chain", "clientSeq", ...

/// One finding. One finding. One finding. Value type.
struct Finding
{
    FindingKind kind = FindingKind::Unreadable;
    DocumentId documentId; ///< empty: the whole store
    ServerSeq serverSeq;   ///< 0: the whole document
    std::string message;

    std::string toText() const;  ///< "chain: games-1 at 7: ..."
    json::Value toJson() const;  ///< {kind, documentId?, serverSeq?, message}
    bool operator==(const Finding &) const = default;
};

} // namespace eventsync::eventlog
