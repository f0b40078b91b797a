// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentwriter.h>

#include <eventsync/json/normalizedpatch.h>

namespace eventsync::eventlog {

Result<> normalize(DocumentWrite &write)
{
    EVENTSYNC_CHECK(documentIdFrom(write.documentId.text()));
    EVENTSYNC_CHECK(collectionNameFrom(write.collection.text()));
    if (write.patch) {
        EVENTSYNC_TRY(write.patch, json::normalized(*write.patch));
    }
    return {};
}

} // namespace eventsync::eventlog
