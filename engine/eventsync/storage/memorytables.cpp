// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/memorytables_p.h>

#include <eventsync/storage/keyorder_p.h>

#include <algorithm>

namespace eventsync::storage {

namespace {

using RowPtr = MemoryTable::RowPtr;
using Rows = MemoryTable::Rows;

void appendColumns(std::string &out, const Row &row, const std::vector<std::size_t> &columns)
{
    for (std::size_t column : columns)
        appendOrdered(out, row[column]);
}

std::string orderedBy(const Row &row, const std::vector<std::size_t> &columns)
{
    std::string out;
    out.reserve(columns.size() * 24);
    appendColumns(out, row, columns);
    return out;
}

bool anyNull(const Row &row, const std::vector<std::size_t> &columns)
{
    return std::any_of(columns.begin(), columns.end(), [&](std::size_t c) { return row[c].index() == 0; });
}

// The first key that does not begin with `prefix`: its successor among strings of that length. A prefix is never all 0xff,
// since every cell begins with a tag of at most 3.
std::string after(std::string prefix)
{
    while (!prefix.empty() && prefix.back() == '\xff')
        prefix.pop_back();
    if (!prefix.empty())
        prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

struct Range
{
    Rows::const_iterator begin, end;
};

Range rangeOf(const Rows &rows, const Scan &scan)
{
    const std::string prefix = ordered(scan.prefix);
    std::string low = prefix;
    if (scan.from && scan.from->index() != 0)
        appendOrdered(low, *scan.from);
    else if (scan.until)
        low.push_back('\x01'); // a row with null there is in no range
    const auto begin = low.empty() ? rows.begin() : rows.lower_bound(low);
    auto end = rows.end();
    if (scan.until) {
        std::string high = prefix;
        appendOrdered(high, *scan.until);
        end = rows.lower_bound(high);
        if (high <= low)
            end = begin;
    } else if (!prefix.empty()) {
        end = rows.lower_bound(after(prefix));
    }
    return {begin, end};
}

} // namespace

MemoryWriter::MemoryWriter(std::shared_ptr<const SchemaMap> schema)
    : m_schema(std::move(schema)), m_tables(std::make_shared<MemoryTables>())
{
    for (const auto &set : m_schema->sets()) {
        auto table = std::make_shared<MemoryTable>();
        table->indexes.resize(set.indexes.size());
        m_tables->tables.push_back(std::move(table));
    }
}

void MemoryWriter::setTables(std::shared_ptr<const MemoryTables> tables)
{
    // A list of the writer's own; its tables stay shared until writable() copies one.
    m_tables = std::make_shared<MemoryTables>(*tables);
}

// use_count() is exact here: new owners come only through tables(), which is called under the same lock as apply().
MemoryTable &MemoryWriter::writable(std::size_t set)
{
    if (m_tables.use_count() > 1)
        m_tables = std::make_shared<MemoryTables>(*m_tables);
    auto &table = m_tables->tables[set];
    if (table.use_count() > 1)
        table = std::make_shared<MemoryTable>(*table);
    return *table;
}

void MemoryWriter::replace(std::size_t set, const std::string &key, RowPtr row, std::vector<Change> *changes)
{
    MemoryTable &table = writable(set);
    const auto &indexes = m_schema->at(set).indexes;
    auto found = table.rows.find(key);
    const RowPtr before = found == table.rows.end() ? nullptr : found->second;
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        if (before)
            table.indexes[i].erase(orderedBy(*before, indexes[i].order));
        if (row)
            table.indexes[i].emplace(orderedBy(*row, indexes[i].order), row);
    }
    if (!row) {
        if (before)
            table.rows.erase(found);
    } else if (before) {
        found->second = std::move(row);
    } else {
        table.rows.emplace(key, std::move(row));
    }
    if (changes)
        changes->push_back({set, key, before});
}

Result<> MemoryWriter::write(std::size_t set, Row row, bool mustBeNew, Committed &committed, std::vector<Change> &changes)
{
    m_schema->checkRow(set, row);
    const auto &entry = m_schema->at(set);
    const bool giveKey = entry.set.appendOnly && row[0].index() == 0;
    if (giveKey)
        row[0] = m_tables->tables[set]->lastPosition + 1;
    const std::string key = orderedBy(row, entry.keyOrder);
    const MemoryTable &table = *m_tables->tables[set];
    if (mustBeNew && table.rows.contains(key))
        return failure(keyExists(entry.set.name));
    for (std::size_t i = 0; i < entry.indexes.size(); ++i) {
        const auto &index = entry.indexes[i];
        if (!index.unique || anyNull(row, index.columns))
            continue;
        const std::string cells = orderedBy(row, index.columns);
        const auto other = table.indexes[i].lower_bound(cells);
        if (other != table.indexes[i].end() && other->first.starts_with(cells)
            && orderedBy(*other->second, entry.keyOrder) != key) {
            return failure(uniqueBroken(entry.set.name, index.name));
        }
    }
    if (entry.set.appendOnly) {
        const std::int64_t position = std::get<std::int64_t>(row[0]);
        MemoryTable &mine = writable(set);
        mine.lastPosition = std::max(mine.lastPosition, position);
        if (giveKey)
            committed.positions.push_back(position);
    }
    replace(set, key, std::make_shared<const Row>(std::move(row)), &changes);
    return {};
}

Result<> MemoryWriter::step(Batch::Put &put, Committed &committed, std::vector<Change> &changes)
{
    return write(m_schema->setNumber(put.set), std::move(put.row), false, committed, changes);
}

Result<> MemoryWriter::step(Batch::Insert &insert, Committed &committed, std::vector<Change> &changes)
{
    return write(m_schema->setNumber(insert.set), std::move(insert.row), true, committed, changes);
}

Result<> MemoryWriter::step(Batch::Erase &erase, Committed &, std::vector<Change> &changes)
{
    const std::size_t set = m_schema->setNumber(erase.set);
    m_schema->checkKey(set, erase.key, true);
    Scan below{erase.set};
    below.prefix = erase.key;
    const auto range = rangeOf(m_tables->tables[set]->rows, below);
    std::vector<std::string> keys;
    for (auto it = range.begin; it != range.end; ++it)
        keys.push_back(it->first);
    for (const std::string &key : keys)
        replace(set, key, nullptr, &changes);
    return {};
}

Result<> MemoryWriter::step(Batch::Require &require, Committed &, std::vector<Change> &)
{
    const std::size_t set = m_schema->setNumber(require.set);
    m_schema->checkRequire(set, require);
    const auto &rows = m_tables->tables[set]->rows;
    const auto found = rows.find(ordered(require.key));
    const bool wantsNone = require.expected.index() == 0;
    const bool holds = wantsNone ? found == rows.end()
                                 : found != rows.end() && (*found->second)[require.column] == require.expected;
    if (!holds)
        return failure(requireFailed(require.set, m_schema->at(set).set.columns[require.column].name));
    return {};
}

Result<Committed> MemoryWriter::apply(Batch &batch)
{
    Committed committed;
    std::vector<Change> changes;
    std::vector<std::int64_t> positions;
    for (const auto &table : m_tables->tables)
        positions.push_back(table->lastPosition);
    for (Batch::Step &step : batch.steps()) {
        auto result = std::visit([&](auto &one) { return this->step(one, committed, changes); }, step);
        if (result)
            continue;
        for (auto change = changes.rbegin(); change != changes.rend(); ++change)
            replace(change->set, change->key, change->before, nullptr);
        for (std::size_t set = 0; set < positions.size(); ++set) {
            if (m_tables->tables[set]->lastPosition != positions[set])
                writable(set).lastPosition = positions[set];
        }
        return failure(std::move(result).error());
    }
    return committed;
}

Result<std::optional<Row>> MemoryView::get(const std::string &set, const Key &key)
{
    const std::size_t number = m_schema->setNumber(set);
    m_schema->checkKey(number, key, false);
    const auto &rows = m_tables->tables[number]->rows;
    const auto found = rows.find(ordered(key));
    return found == rows.end() ? std::optional<Row>() : *found->second;
}

Result<std::optional<Row>> MemoryView::getBy(const std::string &set, const std::string &index, const Key &cells)
{
    std::optional<Row> first;
    Scan one{set, index, cells};
    one.limit = 1;
    EVENTSYNC_CHECK(scan(one, [&](const Row &row) {
        first = row;
        return false;
    }));
    return first;
}

Result<> MemoryView::scan(const Scan &scan, const std::function<bool(const Row &)> &visit)
{
    m_schema->checkScan(scan);
    const std::size_t number = m_schema->setNumber(scan.set);
    const MemoryTable &table = *m_tables->tables[number];
    const Rows &rows = scan.index.empty() ? table.rows : table.indexes[m_schema->indexNumber(number, scan.index)];
    auto [begin, end] = rangeOf(rows, scan);
    for (std::size_t left = scan.limit; left > 0 && begin != end; --left) {
        const auto at = scan.descending ? --end : begin++;
        if (!visit(*at->second))
            break;
    }
    return {};
}

} // namespace eventsync::storage
