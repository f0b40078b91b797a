// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/storage/storage.h>

namespace eventsync::eventlog {

/// One page of a collection from one view: rows that lag the log are folded forward first, so the list shows one moment (G5).
/// Engine fields are set by the policy. InvalidValue for an invalid page token; Corrupt.
Result<storage::FindPage> findDocuments(storage::ReadView &view, const CollectionName &collection,
                                        const storage::FindOptions &options, const CollectionPolicy &policy);

/// A document as a storage returns it; NotFound for a tombstone.
Result<storage::StoredDocument> storedDocument(DocumentRecord record, const CollectionPolicy &policy);

} // namespace eventsync::eventlog
