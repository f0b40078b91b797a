// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/json/value.h>

#include <string>
#include <string_view>

namespace eventsync::eventlog {

/// What is wrong with a store. The log is the truth: damage of the log itself cannot be repaired by anybody but a backup;
/// those of derived rows are repaired by rebuildLogs().
enum class FindingKind {
    // the log
    Unreadable,  ///< a row that cannot be read
    Gap,         ///< an event is missing, or out of its place
    Chain,       ///< the chain value does not follow from the one before and the event: one of the three was changed
    Identity,    ///< the row's columns say something else than the event
    ClientSeq,   ///< a client's events are not numbered 1, 2, 3, ...
    Fold,        ///< the event does not apply to the state before it
    Inverse,     ///< the stored inverse or footprint is not that of the event
    Horizon,     ///< nothing tells the state where the log begins
    Id,          ///< a kept id of a removed event that makes no sense
    Orphan,      ///< rows of no document
    Size,        ///< an event that fits no frame: an earlier version made it. It goes when the log is compacted beyond it
    Rule,        ///< a document that does not fit the rules: no damage, and only looked for by verifyRules()
    // what is derived
    Document,    ///< the document's row
    Snapshot,
    VectorClock,
    StateVector,
    Lag,         ///< a row lags the log after the position up to which all rows are complete
};
std::string_view findingKindName(FindingKind kind); ///< "chain", "clientSeq", ...

/// Value type.
struct Finding
{
    FindingKind kind = FindingKind::Unreadable;
    DocumentId documentId; ///< empty: of the store as a whole
    ServerSeq serverSeq;   ///< 0: of the document as a whole
    std::string message;

    std::string toText() const;  ///< "chain: games-1 at 7: ..."
    json::Value toJson() const;  ///< {kind, documentId?, serverSeq?, message}
    bool operator==(const Finding &) const = default;
};

} // namespace eventsync::eventlog
