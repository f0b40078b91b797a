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
/// A Backend is a database with named record sets of typed columns, which are read in key order and changed by batches that
/// commit as one. The interface is not SQL: SQLite, a MongoDB replica set and plain memory can implement it.
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

/// What the cells of a column hold; every column may hold null, apart from the key.
enum class ColumnType { Integer, Text, Blob };

/// One column of a record set.
struct Column
{
    std::string name;
    ColumnType type = ColumnType::Text;
};

/// An additional order of a record set.
struct Index
{
    std::string name;
    std::vector<std::string> columns;
    bool unique = false; ///< among rows in which none of its columns is null
    /// For a column that is nearly always null: a backend may leave rows with a null in one of its columns out of the index.
    /// Such an index is never searched for null.
    bool sparse = false;
};

/// One record set. The first `keyColumns` columns are its primary key. `appendOnly`: the key is one integer that the backend
/// assigns, larger than all before it (the order of arrival). The row has a null there, and the commit's answer contains the
/// number.
struct RecordSet
{
    std::string name;
    std::vector<Column> columns;
    std::size_t keyColumns = 1;
    std::vector<Index> indexes = {};
    bool appendOnly = false;
    /// A hint: the rows have well under 200 bytes, so a database should store them in the tree of the key. Sets whose columns
    /// outside the key are all integers are treated so without the hint.
    bool smallRows = false;
};

/// The record sets of a program, and the version of their format (SQLite: user_version).
struct Schema
{
    int version = 1;
    std::vector<RecordSet> sets;
};

// A row must fit its set: the types of its cells, no null in a key (except the one that the backend assigns), sets and indexes
// of the schema. Violations are programmer errors and fail an assertion.

/// Several changes that commit as one, on any of the sets. The steps are carried out in order. A `require` that does not hold
/// fails the whole batch with VersionConflict and changes nothing; so does a step that breaks a unique index or inserts a key
/// twice, with Conflict, naming the set and the index. Value type, compiled once (backend.cpp) like protocol::Message.
class Batch
{
public:
    struct Put { std::string set; Row row; };                       ///< inserts or replaces by key
    struct Insert { std::string set; Row row; };                    ///< fails with Conflict if the key is there
    struct Erase { std::string set; Key key; };                     ///< a key, or a prefix of one: erases all rows with it
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

/// Whether a batch failed because another one was committed first: computed again on the current content of the store, it may
/// succeed.
inline bool isRace(const Error &error)
{
    return error.code == ErrorCode::Conflict || error.code == ErrorCode::VersionConflict;
}

/// Whether the store failed, and not this batch only.
inline bool isStoreFailure(const Error &error)
{
    return !isRace(error) && error.code != ErrorCode::TooLarge;
}

/// The result of a commit: the keys that append-only sets assigned, in the order of the steps.
struct Committed
{
    std::vector<std::int64_t> positions;
};

/// A range of rows, in the order of the key, or of an index's columns followed by the key's other columns. `prefix`, `from` and
/// `until` refer to these columns.
struct Scan
{
    std::string set = {};
    std::string index = {};          ///< empty: by primary key
    Key prefix = {};                 ///< cells of the first columns that must be equal (null equals null)
    std::optional<Cell> from = {};   ///< the next column: from this value on (null: from the start) ...
    std::optional<Cell> until = {};  ///< ... up to this one, exclusive. A row with null there is in no range
    bool descending = false;
    std::size_t limit = SIZE_MAX;
    std::vector<std::size_t> columns = {}; ///< the columns that are needed; the cells of others may be null. Empty: all
};

/// A read snapshot: the store at one moment, without later commits. Used on one thread, and not for long.
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

/// How a backup is written.
struct BackupOptions
{
    bool replace = false; ///< replaces an existing file of that name
    std::function<void(int percent)> progress = {};
};

/// How much of the free space is given back.
enum class Vacuum {
    Freed, ///< gives back the space of erased rows, a little at a time between commits
    Whole, ///< rewrites the whole store: commits wait for it, and it needs the space of a second store meanwhile
};

/// What a vacuum did, in bytes.
struct VacuumResult
{
    std::int64_t bytes = 0; ///< given back to the system
    std::int64_t free = 0;  ///< free space that remains in the store, for later rows
};

/// Whether commits can succeed, as far as the backend knows.
struct Health
{
    std::optional<Error> problem = {}; ///< the reason why not
    bool wantsReopening = false;       ///< the store must be opened again: the process should restart
};

/// A database. Commits and reads are asynchronous; their order and threads are described at each function.
class Backend
{
public:
    using CommitDone = std::function<void(Result<Committed>)>;
    using ReadTask = std::function<void(Result<std::unique_ptr<ReadView>>)>;

    virtual ~Backend() = default;

    /// Queues the batch; `done` is posted to `executor` once it is durable (as the backend's durability says) or has failed.
    /// Batches of one caller commit in the order given. Batches that wait together may commit as one (group commit), but each
    /// fails alone. If the store itself fails, all batches of the group fail and nothing of them is stored. StoreFull,
    /// StoreReadOnly, IoError, Corrupt, VersionConflict, Conflict; QueueFull above limits::kQueuedBatches. Any thread. The
    /// executor outlives the commit.
    virtual void commit(Batch batch, Executor &executor, CommitDone done) = 0;

    /// A hint: between these two calls the caller will hand over more batches that may commit together. A backend that commits
    /// in groups may write the batches that it has and keep its transaction open for the rest. Not for long, and not while
    /// waiting for an answer of this backend; see BatchGroup. Any thread; calls may be nested.
    virtual void beginGroup() {}
    virtual void endGroup() {}

    /// Calls `task` with a view, on a reader's thread or at once; the task may block. Any thread.
    virtual void read(ReadTask task) = 0;

    /// A view for this thread. May block on the disk: for tools, start-up and tests, not for the engine thread.
    virtual Result<std::unique_ptr<ReadView>> view() = 0;

    /// "full", "normal", "off", "memory", "majority": announced in `welcome`.
    virtual std::string durability() const = 0;

    /// Writes a copy of the whole store into one file, while the store is in use. The file gets its name only when it is
    /// complete. Conflict if there is a file of that name; Invalid for a file of the store itself; Unavailable if the backend
    /// has means of its own.
    virtual Result<> backup(const std::string &path, const BackupOptions &options = {}) = 0;

    /// Reports a full or failing disk, or a file that was removed while it is in use. Cheap enough to be called once a second.
    /// Any thread.
    virtual Health health() { return {}; }

    /// Makes the store smaller. `done` is posted to `executor`, which must outlive the call. Any thread.
    virtual void vacuum(Vacuum, Executor &executor, std::function<void(Result<VacuumResult>)> done)
    {
        executor.post([done = std::move(done)] { done(VacuumResult()); });
    }
};

/// The scope of a batch group: batches that are committed while this object exists may share one transaction, and the first
/// ones are written while later ones are still being prepared.
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
