// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/storage/storage.h>

namespace eventsync::eventlog {

/// One page of a collection out of one view: rows that lag the log are folded forward first, so the list is that of one moment
/// (G5). Engine fields are set as the policy says. InvalidValue for a page token that is none; Corrupt.
Result<storage::FindPage> findDocuments(storage::ReadView &view, const CollectionName &collection,
                                        const storage::FindOptions &options, const CollectionPolicy &policy);

/// A document as storages give it out; NotFound for a tombstone.
Result<storage::StoredDocument> storedDocument(DocumentRecord record, const CollectionPolicy &policy);

} // namespace eventsync::eventlog
