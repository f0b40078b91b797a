// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <string_view>

namespace eventsync::storage {

/// A Schema made ready for backends: sets by name, the columns of indexes by position, and the order in which an index (or
/// the key) puts rows. What a caller gets wrong here (an unknown set, a cell of the wrong type) is a programmer's error and
/// asserts. Immutable; any thread.
class SchemaMap
{
public:
    struct IndexEntry
    {
        std::string name;
        std::vector<std::size_t> columns;
        /// The columns that rows lie ordered by: those of the index, then those of the key that are not among them.
        std::vector<std::size_t> order;
        bool unique = false, sparse = false;
    };
    struct SetEntry
    {
        RecordSet set;
        std::vector<IndexEntry> indexes;
        std::vector<std::size_t> keyOrder; ///< 0, 1, ... keyColumns - 1
        bool hasUniqueIndex = false;
    };

    explicit SchemaMap(Schema schema);

    int version() const { return m_version; }
    const std::vector<SetEntry> &sets() const { return m_sets; }
    const SetEntry &at(std::size_t number) const { return m_sets[number]; }
    std::size_t setNumber(std::string_view name) const;
    std::size_t indexNumber(std::size_t set, std::string_view name) const;
    /// The columns a scan runs along.
    const std::vector<std::size_t> &order(std::size_t set, std::string_view index) const;

    /// Every column has its cell, of its type or null; the key's cells are not null, except the one that the backend gives.
    void checkRow(std::size_t set, const Row &row) const;
    void checkKey(std::size_t set, const Key &key, bool prefixAllowed) const;
    void checkRequire(std::size_t set, const Batch::Require &step) const;
    void checkScan(const Scan &scan) const;

private:
    int m_version;
    std::vector<SetEntry> m_sets;
};

/// The texts of what every backend answers alike.
Error keyExists(const std::string &set);
Error uniqueBroken(const std::string &set, const std::string &index);
Error requireFailed(const std::string &set, const std::string &column);

} // namespace eventsync::storage
