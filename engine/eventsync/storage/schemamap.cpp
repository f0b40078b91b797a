// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/schemamap.h>

#include <eventsync/base/assert.h>

#include <algorithm>

namespace eventsync::storage {

namespace {

constexpr std::size_t kMaxColumns = 32, kMaxOrder = 8; // of a set, and of an order: backends store selections as bits

bool fits(const Cell &cell, ColumnType type)
{
    switch (type) {
    case ColumnType::Integer:
        return cell.index() <= 1;
    case ColumnType::Text:
        return cell.index() == 0 || cell.index() == 2;
    case ColumnType::Blob:
        return cell.index() == 0 || cell.index() == 3;
    }
    return false;
}

bool isNull(const Cell &cell)
{
    return cell.index() == 0;
}

std::size_t columnNumber(const RecordSet &set, std::string_view name)
{
    for (std::size_t i = 0; i < set.columns.size(); ++i) {
        if (set.columns[i].name == name)
            return i;
    }
    EVENTSYNC_ASSERT(!"an index names a column that its set does not have");
}

} // namespace

SchemaMap::SchemaMap(Schema schema) : m_version(schema.version)
{
    EVENTSYNC_ASSERT(schema.version > 0);
    for (RecordSet &set : schema.sets) {
        SetEntry entry;
        EVENTSYNC_ASSERT(set.keyColumns > 0 && set.keyColumns <= set.columns.size() && set.columns.size() <= kMaxColumns);
        EVENTSYNC_ASSERT(!set.appendOnly || (set.keyColumns == 1 && set.columns[0].type == ColumnType::Integer));
        for (std::size_t i = 0; i < set.keyColumns; ++i)
            entry.keyOrder.push_back(i);
        for (const Index &index : set.indexes) {
            IndexEntry one{index.name, {}, {}, index.unique, index.sparse};
            for (const std::string &column : index.columns)
                one.columns.push_back(columnNumber(set, column));
            one.order = one.columns;
            for (std::size_t key : entry.keyOrder) {
                if (std::find(one.columns.begin(), one.columns.end(), key) == one.columns.end())
                    one.order.push_back(key);
            }
            EVENTSYNC_ASSERT(one.order.size() <= kMaxOrder);
            entry.hasUniqueIndex |= index.unique;
            entry.indexes.push_back(std::move(one));
        }
        entry.set = std::move(set);
        m_sets.push_back(std::move(entry));
    }
}

std::size_t SchemaMap::setNumber(std::string_view name) const
{
    // There are about a dozen sets: comparing names is faster than hashing one.
    for (std::size_t i = 0; i < m_sets.size(); ++i) {
        if (m_sets[i].set.name == name)
            return i;
    }
    EVENTSYNC_ASSERT(!"no such record set in the schema");
}

std::size_t SchemaMap::indexNumber(std::size_t set, std::string_view name) const
{
    const auto &indexes = m_sets[set].indexes;
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        if (indexes[i].name == name)
            return i;
    }
    EVENTSYNC_ASSERT(!"no such index in the record set");
}

const std::vector<std::size_t> &SchemaMap::order(std::size_t set, std::string_view index) const
{
    return index.empty() ? m_sets[set].keyOrder : m_sets[set].indexes[indexNumber(set, index)].order;
}

void SchemaMap::checkRow(std::size_t set, const Row &row) const
{
    const RecordSet &records = m_sets[set].set;
    EVENTSYNC_ASSERT(row.size() == records.columns.size());
    for (std::size_t i = 0; i < row.size(); ++i)
        EVENTSYNC_ASSERT(fits(row[i], records.columns[i].type));
    if (!records.appendOnly) {
        for (std::size_t i = 0; i < records.keyColumns; ++i)
            EVENTSYNC_ASSERT(!isNull(row[i]));
    }
}

void SchemaMap::checkKey(std::size_t set, const Key &key, bool prefixAllowed) const
{
    const RecordSet &records = m_sets[set].set;
    EVENTSYNC_ASSERT(key.size() == records.keyColumns || (prefixAllowed && key.size() < records.keyColumns));
    for (std::size_t i = 0; i < key.size(); ++i)
        EVENTSYNC_ASSERT(!isNull(key[i]) && fits(key[i], records.columns[i].type));
}

void SchemaMap::checkRequire(std::size_t set, const Batch::Require &step) const
{
    checkKey(set, step.key, false);
    EVENTSYNC_ASSERT(step.column < m_sets[set].set.columns.size());
    EVENTSYNC_ASSERT(fits(step.expected, m_sets[set].set.columns[step.column].type));
}

void SchemaMap::checkScan(const Scan &scan) const
{
    const auto &columns = order(setNumber(scan.set), scan.index);
    EVENTSYNC_ASSERT(scan.prefix.size() <= columns.size());
    EVENTSYNC_ASSERT((!scan.from && !scan.until) || scan.prefix.size() < columns.size());
    if (!scan.index.empty()) {
        const std::size_t set = setNumber(scan.set);
        const IndexEntry &index = m_sets[set].indexes[indexNumber(set, scan.index)];
        EVENTSYNC_ASSERT(!index.sparse || (std::none_of(scan.prefix.begin(), scan.prefix.end(), isNull)
                                           && scan.prefix.size() + (scan.from || scan.until ? 1 : 0) >= index.columns.size()));
    }
    for (const std::size_t column : scan.columns)
        EVENTSYNC_ASSERT(column < m_sets[setNumber(scan.set)].set.columns.size());
}

Error keyExists(const std::string &set)
{
    return {ErrorCode::Conflict, set + ": a row with this key exists"};
}

Error uniqueBroken(const std::string &set, const std::string &index)
{
    return {ErrorCode::Conflict, set + ": another row has this value in the unique index " + index};
}

Error requireFailed(const std::string &set, const std::string &column)
{
    return {ErrorCode::VersionConflict, set + ": " + column + " is not what the batch requires"};
}

} // namespace eventsync::storage
