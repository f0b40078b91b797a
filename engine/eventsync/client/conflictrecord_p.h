// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentparts_p.h>

// The permanent record of a decided conflict: `metadata.conflict` of the decision's event (docs/merging.md, Resolvers).
// Internal.
namespace eventsync::client {

json::Object conflictRecord(const ConflictView &view, const Resolution &resolution, const DocumentParts &document);
void truncateConflictRecord(json::Object &record); // for an event that would be too large with all three sides

} // namespace eventsync::client
