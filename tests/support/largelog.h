// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/storage/backend.h>

namespace eventsync::test {

// The log of a document as a version of EventSync left it that did not measure what it logged: created, then given a text of
// `bytes`, which fits no frame, then changed a little. Its state is {"n": 1, "text": "xxx..."} at 3.
storage::Batch logWithALargeEvent(const DocumentId &id, const CollectionName &collection, std::int64_t number,
                                  std::size_t bytes = 3'000'000);

} // namespace eventsync::test
