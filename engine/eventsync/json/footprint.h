// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/digest.h>
#include <eventsync/json/pointer.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::json {

// What one patch read and wrote, found while it was applied. docs/merging.md defines it; overlaps() below is the only
// implementation of that page's rules, for the server, the client and the tools. Value type.
struct FootprintEntry
{
    enum class Kind : unsigned char { Read, Write, Inc, Max };

    Pointer path;
    Kind kind = Kind::Write;
    bool guarded = false; // a `test` in the same patch reads this path
    bool inArray = false; // the path goes through, or is, an array: "same value" does not count there
    // For a Write: the SHA-256 of the canonical value finally at `path`; nullopt: the path was removed ("absent"), or is
    // no add or replace.
    std::optional<Digest> value = {};

    bool operator==(const FootprintEntry &) const = default;
};

class Footprint
{
public:
    Footprint() = default;
    static Footprint everything(); // create, delete, a replaced root: overlaps all

    bool isEverything() const { return m_everything; }
    bool isEmpty() const { return !m_everything && m_entries.empty(); }
    const std::vector<FootprintEntry> &entries() const { return m_entries; }
    void add(FootprintEntry entry);

    // A compact form for the local column beside an event. Decoding refuses anything else as Corrupt.
    Bytes toBytes() const;
    static Result<Footprint> fromBytes(std::string_view bytes);

    bool operator==(const Footprint &) const = default;

private:
    bool m_everything = false;
    std::vector<FootprintEntry> m_entries;
};

// Whether two patches, made without knowledge of each other, must not be merged silently. Symmetric.
bool overlaps(const Footprint &a, const Footprint &b);

} // namespace eventsync::json
