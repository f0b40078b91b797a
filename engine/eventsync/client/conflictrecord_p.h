// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentparts_p.h>

// What a decision says of its conflict, for good: metadata.conflict of its event (docs/merging.md, Resolvers). Internal.
namespace eventsync::client {

json::Object conflictRecord(const ConflictView &view, const Resolution &resolution, const DocumentParts &document);
void truncateConflictRecord(json::Object &record); // the three sides have no room beside the edit

} // namespace eventsync::client
