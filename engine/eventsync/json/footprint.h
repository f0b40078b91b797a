// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/digest.h>
#include <eventsync/json/pointer.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::json {

/// One path that a patch read or wrote, recorded while it was applied. docs/merging.md defines it; overlaps() is the only
/// implementation of the rules on that page, for server, client and tools. Value type.
struct FootprintEntry
{
    enum class Kind : unsigned char { Read, Write, Inc, Max };

    Pointer path;
    Kind kind = Kind::Write;
    bool guarded = false; ///< a `test` in the same patch reads this path
    bool inArray = false; ///< the path goes through, or is, an array: "same value" does not count there
    /// For a Write: the SHA-256 of the canonical value finally at `path`, where "same value" can count. nullopt: the path
    /// was removed ("absent"), was written by anything but one single add or replace, lies in an array, or above or below
    /// another write of the same patch (which then overlaps anyway).
    std::optional<Digest> value = {};

    bool operator==(const FootprintEntry &) const = default;
};

/// Value type; any thread when const. Invariant: sorted, so that overlaps() uses binary searches instead of comparing all
/// pairs.
class Footprint
{
public:
    Footprint() = default;
    static Footprint everything(); ///< create, delete, a replaced root: overlaps all, an empty footprint included
    static Footprint fromEntries(std::vector<FootprintEntry> entries); ///< in any order, at most one per path and kind

    bool isEverything() const { return m_everything; }
    bool isEmpty() const { return !m_everything && m_entries.empty(); }
    const std::vector<FootprintEntry> &entries() const { return m_entries; } ///< by path, then kind; one each
    void add(FootprintEntry entry); ///< joins the entry of the same path and kind, if there is one

    /// A compact form for the local column beside an event. Decoding refuses anything else as Corrupt.
    Bytes toBytes() const;
    static Result<Footprint> fromBytes(std::string_view bytes);

    bool operator==(const Footprint &) const = default;

private:
    bool m_everything = false;
    std::vector<FootprintEntry> m_entries;
};

/// Whether two patches, made without knowledge of each other, must not be merged silently. Symmetric.
bool overlaps(const Footprint &a, const Footprint &b);

} // namespace eventsync::json
