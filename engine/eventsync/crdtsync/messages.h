// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/setcompare.h>
#include <eventsync/crdtsync/versionvector.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

/// \file
/// The messages between the nodes of one document (docs/crdt-sync.md). Every message may be lost, repeated or late.
namespace eventsync::crdtsync {

/// New patches, or requested ones.
struct PatchesMessage
{
    std::vector<NumberedPatch> patches;
    bool more = false; ///< more of the requested ones exist: request them again
    bool operator==(const PatchesMessage &) const = default;
};

/// The patches that the sender has. `vector` is left out if it would be long; then unequal fingerprints start a comparison.
struct StateMessage
{
    std::int64_t count = 0;
    Fingerprint fingerprint;
    std::optional<VersionVector> vector;
    bool operator==(const StateMessage &) const = default;
};

/// Asks a peer for patches.
struct RequestMessage
{
    std::vector<PatchRange> ranges;
    bool snapshot = true; ///< a snapshot may be sent instead
    bool operator==(const RequestMessage &) const = default;
};

/// The fingerprints of ranges of ids, to find out which patches differ.
struct CompareMessage
{
    Comparison ranges;
};

/// A whole document, and which patches are in it.
struct SnapshotMessage
{
    struct Row
    {
        PatchRange range; ///< 1 .. n of a replica
        PatchDigest sum;  ///< of those patches
        std::uint64_t time = 0; ///< the last logical time of that session in the document
        bool operator==(const Row &) const = default;
    };
    std::vector<Row> rows; ///< by replica
    Bytes document;        ///< crdt's binary encoding
    bool operator==(const SnapshotMessage &) const = default;
};

/// One message between two nodes, or from one node to all.
struct Message
{
    std::string from;    ///< a node's name
    std::string to = {}; ///< empty: everyone
    std::variant<PatchesMessage, StateMessage, RequestMessage, CompareMessage, SnapshotMessage> body;
};

/// The encodings of messages. JSON has patches in the verbose encoding of JSON CRDT Patch, for debugging; compact JSON has the
/// compact one, for text channels; binary is the smallest. Every node reads all three.
enum class EncodingFormat { Json, CompactJson, Binary };

Bytes encode(const Message &message, EncodingFormat format);

/// Decodes any bytes: InvalidMessage, UnknownMessage, InvalidValue, TooLarge. Memory is proportional to the number of bytes,
/// which is at most limits::kPubSubMessageBytes.
Result<Message> decode(std::string_view bytes);

} // namespace eventsync::crdtsync
