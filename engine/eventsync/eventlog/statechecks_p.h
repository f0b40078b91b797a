// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/eventlog/documentlog.h>
#include <eventsync/eventlog/rules.h>

namespace eventsync::eventlog {

// What holds for every edit, whether a client pushed it or code made it.

// WrongCollection: an id belongs to the collection of its first event for ever, also while its document is deleted, because the
// chain begins with it. Invalid for an id that no document may have.
Result<> checkPlace(const DocumentLog &log, const CollectionName &collection);
// Of the state that an edit led to; `inverse` undoes that edit. Of a CRDT document the view is made only if a rule looks at it.
Result<> checkState(const DocumentState &state, const Rules &rules, const Diff &inverse);
// Bounds the values of `latest` fields by the server's clock. A clock that went back is not trusted against what was stored before.
void boundTimes(Diff &diff, const Rules &rules, const DocumentLog &log, const Clock &clock);

} // namespace eventsync::eventlog
