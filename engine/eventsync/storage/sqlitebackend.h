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

/// A store in one SQLite file (WAL). One committer thread owns the only write connection: it takes everything that waits, carries
/// it out in one transaction, commits once, then posts the answers, one task per executor. Reads run on a pool of threads, each
/// view on a connection of its own, and neither wait for the writer nor make it wait. A new file is 0600. Any thread.
///
/// Errors of open(): StoreLocked (naming the process that has it open), StoreReadOnly, StoreFull, StoreTooNew, Corrupt, IoError.
class SqliteBackend final : public Backend
{
public:
    enum class Durability {
        Full,   ///< an answered commit survives power loss: one fsync per group
        Normal, ///< it survives a crash of the program; power loss may take the last ones back, never tear them
        Off,    ///< as Normal, and power loss may damage the file
    };
    enum class Integrity { None, Quick, Full }; ///< PRAGMA quick_check, integrity_check

    struct Options
    {
        Durability durability = Durability::Full;
        std::size_t readers = 2;     ///< threads for read()
        bool readOnly = false;       ///< commits fail with StoreReadOnly; another process may have the store open
        bool lock = true;            ///< against a second process; never taken by a read-only one
        Integrity integrity = Integrity::Quick;
        /// A file of 0 bytes is what a damaged file system leaves of a store. It is Corrupt, as is a write-ahead log without
        /// its store, unless this says that the store may begin anew.
        bool beginAnew = false;
        std::vector<SqliteMigration> migrations = {};
        std::int64_t maxBytes = 0;   ///< the file's largest size: above it StoreFull; 0: what the disk has
        Metrics *metrics = nullptr;  ///< outlives the backend
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
    /// What the last commit met, until one succeeds. For good: an fsync that failed, which wants reopening; the store's file
    /// gone from its place, or another one there, which does not: a new store would begin, and what is open can still be read.
    Health health() override;
    void vacuum(Vacuum how, Executor &executor, std::function<void(Result<VacuumResult>)> done) override;

    /// Commits and answers what waits, runs the reads that wait, cuts the WAL, lets the lock go. After it commits and reads fail
    /// with ShuttingDown. Views have ended before. Not from a `done` or a read task.
    void close();

private:
    struct Parts;
    explicit SqliteBackend(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> m_parts;
};

} // namespace eventsync::storage
