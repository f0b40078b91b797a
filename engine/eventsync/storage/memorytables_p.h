// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/schemamap.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eventsync::storage {

// The rows of one record set in memory: by key, and by every index, in the order of keyorder.h.
struct MemoryTable
{
    using RowPtr = std::shared_ptr<const Row>;
    using Rows = std::map<std::string, RowPtr, std::less<>>;

    Rows rows;
    std::vector<Rows> indexes;
    std::int64_t lastPosition = 0; // of an append-only set; never decreases, also after rows were erased
};

// All sets of a store at one moment. Immutable once it has a second owner (see MemoryWriter).
struct MemoryTables
{
    std::vector<std::shared_ptr<MemoryTable>> tables;
};

// Applies batches to the newest MemoryTables; copies tables that views still use. Owner only.
class MemoryWriter
{
public:
    explicit MemoryWriter(std::shared_ptr<const SchemaMap> schema);

    const SchemaMap &schema() const { return *m_schema; }
    const std::shared_ptr<const SchemaMap> &sharedSchema() const { return m_schema; }
    std::shared_ptr<const MemoryTables> tables() const { return m_tables; }
    void setTables(std::shared_ptr<const MemoryTables> tables);

    Result<Committed> apply(Batch &batch);

private:
    struct Change
    {
        std::size_t set;
        std::string key;
        MemoryTable::RowPtr before; // null: there was none
    };

    MemoryTable &writable(std::size_t set);
    void replace(std::size_t set, const std::string &key, MemoryTable::RowPtr row, std::vector<Change> *changes);
    Result<> step(Batch::Put &put, Committed &committed, std::vector<Change> &changes);
    Result<> step(Batch::Insert &insert, Committed &committed, std::vector<Change> &changes);
    Result<> step(Batch::Erase &erase, Committed &committed, std::vector<Change> &changes);
    Result<> step(Batch::Require &require, Committed &committed, std::vector<Change> &changes);
    Result<> write(std::size_t set, Row row, bool mustBeNew, Committed &committed, std::vector<Change> &changes);

    std::shared_ptr<const SchemaMap> m_schema;
    std::shared_ptr<MemoryTables> m_tables;
};

// A view of immutable tables.
class MemoryView final : public ReadView
{
public:
    MemoryView(std::shared_ptr<const SchemaMap> schema, std::shared_ptr<const MemoryTables> tables)
        : m_schema(std::move(schema)), m_tables(std::move(tables))
    {
    }
    Result<std::optional<Row>> get(const std::string &set, const Key &key) override;
    Result<std::optional<Row>> getBy(const std::string &set, const std::string &index, const Key &cells) override;
    Result<> scan(const Scan &scan, const std::function<bool(const Row &)> &visit) override;

private:
    std::shared_ptr<const SchemaMap> m_schema;
    std::shared_ptr<const MemoryTables> m_tables;
};

} // namespace eventsync::storage
