// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/setcompare.h>
#include <eventsync/crdtsync/versionvector.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

/// \file
/// What the nodes of one document say to each other (docs/crdt-sync.md). Every message may be lost, repeated or late.
namespace eventsync::crdtsync {

/// New patches, or those that somebody asked for.
struct PatchesMessage
{
    std::vector<NumberedPatch> patches;
    bool more = false; ///< there are more of those asked for: ask again
    bool operator==(const PatchesMessage &) const = default;
};

/// What the sender has. `vector` is left out when it would be long; then unequal fingerprints begin a comparison.
struct StateMessage
{
    std::int64_t count = 0;
    Fingerprint fingerprint;
    std::optional<VersionVector> vector;
    bool operator==(const StateMessage &) const = default;
};

struct RequestMessage
{
    std::vector<PatchRange> ranges;
    bool snapshot = true; ///< a snapshot will do
    bool operator==(const RequestMessage &) const = default;
};

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

struct Message
{
    std::string from;    ///< a node's name
    std::string to = {}; ///< empty: everyone
    std::variant<PatchesMessage, StateMessage, RequestMessage, CompareMessage, SnapshotMessage> body;
};

/// How messages are written. JSON has the patches in the verbose encoding of JSON CRDT Patch, for people; compact JSON in the
/// compact one, for channels of text; binary is the smallest. Every node reads all three.
enum class EncodingFormat { Json, CompactJson, Binary };

Bytes encode(const Message &message, EncodingFormat format);

/// Any bytes: a message, or InvalidMessage, UnknownMessage, InvalidValue, TooLarge. Memory stays in proportion to the bytes,
/// which are at most limits::kPubSubMessageBytes.
Result<Message> decode(std::string_view bytes);

} // namespace eventsync::crdtsync
