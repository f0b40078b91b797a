// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <string_view>

namespace eventsync::storage {

/// A Schema prepared for backends: sets by name, the columns of indexes by position, and the order of rows by an index or by
/// the key. Wrong arguments (an unknown set, a cell of the wrong type) are programmer errors and fail an assertion. Immutable;
/// any thread.
class SchemaMap
{
public:
    struct IndexEntry
    {
        std::string name;
        std::vector<std::size_t> columns;
        /// The columns by which rows are ordered: those of the index, then the key's other columns.
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
    /// The columns that order a scan.
    const std::vector<std::size_t> &order(std::size_t set, std::string_view index) const;

    /// Asserts that every column has a cell of its type or null, and that the key's cells are not null, except one that the
    /// backend assigns.
    void checkRow(std::size_t set, const Row &row) const;
    void checkKey(std::size_t set, const Key &key, bool prefixAllowed) const;
    void checkRequire(std::size_t set, const Batch::Require &step) const;
    void checkScan(const Scan &scan) const;

private:
    int m_version;
    std::vector<SetEntry> m_sets;
};

/// Errors that all backends report with the same text.
Error keyExists(const std::string &set);
Error uniqueBroken(const std::string &set, const std::string &index);
Error requireFailed(const std::string &set, const std::string &column);

} // namespace eventsync::storage
