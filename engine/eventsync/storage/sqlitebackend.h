// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/metrics.h>
#include <eventsync/storage/backend.h>
#include <eventsync/storage/sqliteschema.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace eventsync::storage {

/// A store in one SQLite file (WAL). One committer thread owns the only write connection: it executes all waiting batches in
/// one transaction, commits once, then posts the answers, one task per executor. Reads run on a pool of threads, each view on a
/// connection of its own, and neither wait for the writer nor make it wait. A new file is 0600. Any thread.
///
/// Errors of open(): StoreLocked (naming the process that has it open), StoreReadOnly, StoreFull, StoreTooNew, Corrupt,
/// IoError.
class SqliteBackend final : public Backend
{
public:
    enum class Durability {
        Full,   ///< an answered commit survives power loss: one fsync per group
        Normal, ///< it survives a crash of the program; power loss may undo the last ones, but never in part
        Off,    ///< like Normal, and power loss may damage the file
    };
    enum class Integrity { None, Quick, Full }; ///< PRAGMA quick_check, integrity_check

    struct Options
    {
        Durability durability = Durability::Full;
        std::size_t readers = 2;     ///< threads for read()
        bool readOnly = false;       ///< commits fail with StoreReadOnly; another process may have the store open
        bool lock = true;            ///< lock the store against a second process; a read-only backend takes no lock
        Integrity integrity = Integrity::Quick;
        /// A file of 0 bytes may be the rest of a store after damage of the file system. It is Corrupt, like a write-ahead log
        /// without its store, unless this permits to begin a new store.
        bool beginAnew = false;
        std::vector<SqliteMigration> migrations = {};
        std::int64_t maxBytes = 0;   ///< the file's largest size: above it StoreFull; 0: no limit but the disk
        Metrics *metrics = nullptr;  ///< must outlive the backend
    };

    static Result<std::unique_ptr<SqliteBackend>> open(const std::string &path, Schema schema, const Options &options);
    static Result<std::unique_ptr<SqliteBackend>> open(const std::string &path, Schema schema);
    ~SqliteBackend() override; ///< close()

    void commit(Batch batch, Executor &executor, CommitDone done) override;
    void beginGroup() override;
    void endGroup() override;
    void read(ReadTask task) override;
    Result<std::unique_ptr<ReadView>> view() override;
    std::string durability() const override;
    Result<> backup(const std::string &path, const BackupOptions &options = {}) override;
    /// The error of the last commit, until one succeeds. Permanent are a failed fsync, after which the store must be opened
    /// again, and a store's file that was moved or replaced: then opening again would begin another store, and the open one can
    /// still be read.
    Health health() override;
    void vacuum(Vacuum how, Executor &executor, std::function<void(Result<VacuumResult>)> done) override;

    /// Commits and answers waiting batches, runs waiting reads, truncates the WAL and releases the lock. Later commits and
    /// reads fail with ShuttingDown. All views must have ended. Not from a `done` or a read task.
    void close();

private:
    struct Parts;
    explicit SqliteBackend(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> m_parts;
};

} // namespace eventsync::storage
