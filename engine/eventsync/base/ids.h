// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/base/strong.h>

#include <string_view>

namespace eventsync {

using DocumentId = StrongString<struct DocumentIdTag>;     ///< unique in the whole store: [A-Za-z0-9._~-]{1,128}
using CollectionName = StrongString<struct CollectionTag>; ///< [a-z][a-z0-9_-]{0,62}, except the names that the store uses itself
using ClientId = StrongString<struct ClientIdTag>;         ///< a replica or code author: [A-Za-z0-9._-]{1,64}
using BatchId = StrongNumber<struct BatchIdTag>;           ///< a client's number for one push
using ServerSeq = StrongNumber<struct ServerSeqTag>;       ///< position in a document's log, 1, 2, 3, ...; 0: before all
using ClientSeq = StrongNumber<struct ClientSeqTag>;       ///< position among a client's events of one document, from 1

/// Whether a new document may have this id: as documentIdFrom(), and neither "." nor "..", which no HTTP client can request because
/// they mean a folder in a path. InvalidValue. Logs of earlier versions may hold such documents, so they are read.
Result<> checkNewDocumentId(const DocumentId &id);

/// Makes an id from input. InvalidValue names the violated rule; a reserved collection name is InvalidValue too.
Result<DocumentId> documentIdFrom(std::string_view text);
Result<CollectionName> collectionNameFrom(std::string_view text);

/// A client id as a peer may name it in `hello`: ids with ':' and `server`, `external` are ClientIdReserved.
Result<ClientId> clientIdFrom(std::string_view text);

/// A client id as it may be in the log: the server's own ids (`server`, `external`, `rest:...`) are allowed as well.
Result<ClientId> authorIdFrom(std::string_view text);

} // namespace eventsync
