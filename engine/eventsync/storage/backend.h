// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/base/executor.h>
#include <eventsync/base/result.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// \file
/// A Backend is a database as EventSync sees one: named record sets with typed columns, read in key order, changed by batches
/// that commit as one. Nothing here is SQL; SQLite, a MongoDB replica set and plain memory implement it alike.
namespace eventsync::storage {

/// raw bytes; a std::string cell is UTF-8 text
struct Blob
{
    Bytes bytes;
    auto operator<=>(const Blob &) const = default;
};

/// null < integers < texts (by bytes) < blobs (by bytes): the order of keys and scans on every backend.
using Cell = std::variant<std::monostate, std::int64_t, std::string, Blob>;
using Row = std::vector<Cell>;  ///< one cell per column, in the schema's order
using Key = std::vector<Cell>;  ///< the key columns' cells, or a prefix of them in a scan

enum class ColumnType { Integer, Text, Blob };

struct Column
{
    std::string name;
    ColumnType type = ColumnType::Text;
};

struct Index
{
    std::string name;
    std::vector<std::string> columns;
    bool unique = false; ///< among rows in which none of its columns is null
    /// For a column that nearly always is null: rows with a null in one of its columns may be left out of it. Nobody looks for
    /// null in such an index.
    bool sparse = false;
};

/// One record set. The first `keyColumns` columns are its primary key.
/// `appendOnly`: the key is one integer that the backend gives, larger than all before it (the order of arrival: architecture
/// decision 16); put a null there, and the commit's answer tells the number.
struct RecordSet
{
    std::string name;
    std::vector<Column> columns;
    std::size_t keyColumns = 1;
    std::vector<Index> indexes = {};
    bool appendOnly = false;
    /// A hint: rows of well under 200 bytes, which a database had better keep within the key's own tree. Sets whose columns
    /// outside the key are all integers are taken for such without it.
    bool smallRows = false;
};

/// The record sets that a program needs, and the version of their meaning (SQLite: user_version).
struct Schema
{
    int version = 1;
    std::vector<RecordSet> sets;
};

// What is put into a set must fit it: the cells' types, no null in a key (but for the one that the backend gives), sets and
// indexes of the schema. That is a programmer's business and asserts.

/// Several changes that commit as one, on any of the sets. They are carried out in order. A `require` that does not hold
/// fails the whole batch with VersionConflict and changes nothing; so does a step that breaks a unique index or inserts a key
/// twice, with Conflict, naming the set and the index. Value type, compiled once (backend.cpp) like protocol::Message.
class Batch
{
public:
    struct Put { std::string set; Row row; };                       ///< inserts or replaces by key
    struct Insert { std::string set; Row row; };                    ///< fails with Conflict if the key is there
    struct Erase { std::string set; Key key; };                     ///< a key, or a prefix: all rows below it
    struct Require { std::string set; Key key; std::size_t column; Cell expected; }; ///< null expected: no such row
    using Step = std::variant<Put, Insert, Erase, Require>;

    Batch();
    Batch(const Batch &other);
    Batch(Batch &&other) noexcept;
    Batch &operator=(const Batch &other);
    Batch &operator=(Batch &&other) noexcept;
    ~Batch();

    Batch &put(std::string set, Row row);
    Batch &insert(std::string set, Row row);
    Batch &erase(std::string set, Key key);
    Batch &require(std::string set, Key key, std::size_t column, Cell expected);
    Batch &add(Step step);
    Batch &append(Batch other); ///< its steps, after these
    const std::vector<Step> &steps() const { return m_steps; }
    std::vector<Step> &steps() { return m_steps; }
    bool isEmpty() const { return m_steps.empty(); }

private:
    std::vector<Step> m_steps;
};

/// Whether a batch failed because somebody else's came first: on what is in the store now the same edit may do.
inline bool isRace(const Error &error)
{
    return error.code == ErrorCode::Conflict || error.code == ErrorCode::VersionConflict;
}

/// Whether the store failed, and not the batch by its own fault.
inline bool isStoreFailure(const Error &error)
{
    return !isRace(error) && error.code != ErrorCode::TooLarge;
}

/// What a commit did: the keys that append-only sets gave, in the order of the batch's steps that asked for one.
struct Committed
{
    std::vector<std::int64_t> positions;
};

/// Rows in the order of the key, or of an index' columns and then the key's (those that are not among them): these are the
/// columns that prefix, from and until speak of.
struct Scan
{
    std::string set = {};
    std::string index = {};          ///< empty: by primary key
    Key prefix = {};                 ///< cells of the first columns that must be equal (null equals null)
    std::optional<Cell> from = {};   ///< the next column: from this value, included (null: from the start) ...
    std::optional<Cell> until = {};  ///< ... to before this one. A row with null there lies in no range
    bool descending = false;
    std::size_t limit = SIZE_MAX;
    std::vector<std::size_t> columns = {}; ///< that are looked at; the cells of others may be null. Empty: all are
};

/// A consistent snapshot of the store at one moment: nothing committed later shows. Used on one thread, and not for long.
class ReadView
{
public:
    virtual ~ReadView() = default;
    virtual Result<std::optional<Row>> get(const std::string &set, const Key &key) = 0;
    /// The first row of that index with these cells.
    virtual Result<std::optional<Row>> getBy(const std::string &set, const std::string &index, const Key &cells) = 0;
    /// Calls visit(row) in order until it returns false. `visit` may read through this view, nested scans included.
    virtual Result<> scan(const Scan &scan, const std::function<bool(const Row &)> &visit) = 0;
};

struct BackupOptions
{
    bool replace = false; ///< an older file of that name
    std::function<void(int percent)> progress = {};
};

enum class Vacuum {
    Freed, ///< gives back what erased rows left free, a little at a time between commits
    Whole, ///< writes the whole store anew: commits wait for it, and it needs the space of a second store meanwhile
};

struct VacuumResult
{
    std::int64_t bytes = 0; ///< given back to the system
    std::int64_t free = 0;  ///< still free inside of the store, for rows to come
};

/// Whether commits can succeed, as far as is known.
struct Health
{
    std::optional<Error> problem = {}; ///< why not
    bool wantsReopening = false;       ///< nothing but opening the store again helps: its process had better begin anew
};

class Backend
{
public:
    using CommitDone = std::function<void(Result<Committed>)>;
    using ReadTask = std::function<void(Result<std::unique_ptr<ReadView>>)>;

    virtual ~Backend() = default;

    /// Queues the batch; `done` is posted to `executor` once it is durable (as the backend's durability says) or has failed.
    /// Batches of one caller commit in the order given. Batches that wait together may commit as one (group commit), but each
    /// fails alone - unless the store itself failed: then all that were in that group fail and nothing of them is there.
    /// StoreFull, StoreReadOnly, IoError, Corrupt, VersionConflict, Conflict; QueueFull above limits::kQueuedBatches. Any
    /// thread. The executor outlives the commit.
    virtual void commit(Batch batch, Executor &executor, CommitDone done) = 0;

    /// A hint: between these two the caller is about to hand over more batches that may commit with those before. A backend that
    /// commits in groups may then write what it has and keep its transaction open for the rest. Never for long, and not while
    /// waiting for an answer of this backend; see BatchGroup. Any thread, nested as often as wanted.
    virtual void beginGroup() {}
    virtual void endGroup() {}

    /// Runs `task` with a view, on a reader's thread or at once; it may block there. Any thread.
    virtual void read(ReadTask task) = 0;

    /// A view for this thread, now. May block on disk: for tools, start-up and tests, not for the engine thread.
    virtual Result<std::unique_ptr<ReadView>> view() = 0;

    /// "full", "normal", "off", "memory", "majority": announced in `welcome`.
    virtual std::string durability() const = 0;

    /// A copy of the whole store as one file, taken while it is in use, that takes its name only when it is whole. Conflict if
    /// there is a file of that name; Invalid for a file of the store itself; Unavailable where the backend has its own means.
    virtual Result<> backup(const std::string &path, const BackupOptions &options = {}) = 0;

    /// A full or failing disk, a file that was removed under the running program. Cheap enough for once a second. Any thread.
    virtual Health health() { return {}; }

    /// Makes the store smaller. `done` is posted to `executor`, which outlives it. Any thread.
    virtual void vacuum(Vacuum, Executor &executor, std::function<void(Result<VacuumResult>)> done)
    {
        executor.post([done = std::move(done)] { done(VacuumResult()); });
    }
};

/// Everything committed during its life may share one transaction, and is written while the rest is still being made.
class BatchGroup
{
public:
    explicit BatchGroup(Backend &backend) : m_backend(backend) { m_backend.beginGroup(); }
    BatchGroup(const BatchGroup &) = delete;
    BatchGroup &operator=(const BatchGroup &) = delete;
    ~BatchGroup() { m_backend.endGroup(); }

private:
    Backend &m_backend;
};

} // namespace eventsync::storage
