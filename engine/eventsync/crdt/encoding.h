// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventsync::crdt {

// The encodings of a whole document, tombstones and clock included, byte for byte those of the reference implementation. All of
// them can be decoded and edited further. Decoders accept any bytes: a document, or InvalidValue, TooLarge, TooDeep.
//
//   binary    the smallest in one piece; for storing and sending
//   compact   JSON, arrays and relative ids; for channels that carry only JSON
//   verbose   JSON with every name written out; for debugging
//   indexed   one field per node, for stores that update a few nodes of a large document
//   sidecar   the plain view as CBOR, and the CRDT metadata beside it; for readers without a CRDT

Bytes encodeBinary(const Document &document);
Result<Document> decodeBinary(std::string_view bytes);

std::string encodeCompact(const Document &document);
Result<Document> decodeCompact(std::string_view json);

std::string encodeVerbose(const Document &document);
Result<Document> decodeVerbose(std::string_view json);

/// "c": the clock table, "r": the root's id, if any; then "<session row>_<time>" (base 36) -> the node.
using IndexedFields = std::vector<std::pair<std::string, Bytes>>;
IndexedFields encodeIndexed(const Document &document);
Result<Document> decodeIndexed(const IndexedFields &fields);

/// A document as its plain view in CBOR, and the CRDT metadata beside it.
struct Sidecar
{
    Bytes view;
    Bytes meta;
};
Result<Sidecar> encodeSidecar(const Document &document); ///< InvalidValue for a server clock: the format has none
Result<Document> decodeSidecar(const Sidecar &sidecar);

} // namespace eventsync::crdt
