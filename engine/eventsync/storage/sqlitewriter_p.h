// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/schemamap.h>
#include <eventsync/storage/sqliteconnection.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace eventsync::storage {

// The one write connection of a SQLite store: carries out groups of batches, each group in one transaction. Owner only (the
// committer's thread).
class SqliteWriter
{
public:
    struct Work
    {
        Batch batch;
        Executor *executor = nullptr;
        Backend::CommitDone done;
        Result<Committed> result;
    };

    static Result<std::unique_ptr<SqliteWriter>> open(SqliteConnection connection, std::shared_ptr<const SchemaMap> schema);

    // Commits all batches that can be committed and sets every `result`. If `more` appends batches when the group is written,
    // these are added to the same transaction. The source explains the algorithm.
    using More = std::function<bool(std::vector<Work> &group)>;
    void commit(std::vector<Work> &group, const More &more);
    SqliteConnection &connection() { return m_connection; }
    void breakOff(Error reason) { m_broken = std::move(reason); } // permanently: nothing more is written
    void loseWrites();                                            // an fsync failed: nothing more is written
    bool syncFailed() const { return m_syncFailed; }              // then nothing more is written

    // One step of a vacuum. True while there is more to do; adds to `vacuumed`.
    Result<bool> vacuumStep(Vacuum how, VacuumResult &vacuumed);

private:
    struct SetStatements
    {
        SqliteStatement put, insert;
        std::vector<SqliteStatement> eraseByPrefix; // by the number of cells
        std::vector<SqliteStatement> require;       // by column
    };
    struct SetState
    {
        std::int64_t lastPosition = 0;
        bool erased = false; // rows of this append-only set, in this transaction
    };
    enum class Savepoints { WhereNeeded, Everywhere };
    enum class Outcome { Done, NeedsSavepoints };

    SqliteWriter(SqliteConnection connection, std::shared_ptr<const SchemaMap> schema);
    Result<> prepareAll();
    Result<> loadPositions();
    Outcome commitOnce(std::vector<Work> &group, Savepoints savepoints, const More &more);
    enum class Written { Next, End, Again };
    Written writeOne(std::vector<Work> &group, std::size_t number, Savepoints savepoints);
    Result<> execute(SqliteStatement &statement, const char *during);
    Result<std::int64_t> bytesOf(const char *pageCount) const; // a PRAGMA that counts pages
    bool needsSavepoint(const Batch &batch) const;
    void rollBack(std::span<Work> group, const std::optional<Error> &error);
    Result<> storePositions();

    Result<> run(const Batch &batch, Committed &committed, bool &changed);
    Result<> step(const Batch::Put &put, Committed &committed);
    Result<> step(const Batch::Insert &insert, Committed &committed);
    Result<> step(const Batch::Erase &erase, Committed &committed);
    Result<> step(const Batch::Require &require, Committed &committed);
    Result<> write(std::size_t set, const Row &row, bool mustBeNew, Committed &committed);
    Error constraintError(std::size_t set, int code) const;

    SqliteConnection m_connection;
    std::shared_ptr<const SchemaMap> m_schema;
    SqliteStatement m_begin, m_commit, m_savepoint, m_release, m_rollBackTo, m_storePosition;
    std::vector<SetStatements> m_statements; // by set
    std::vector<SetState> m_states;          // by set
    std::vector<SetState> m_committedStates;
    std::optional<Error> m_broken; // why nothing more is written
    bool m_syncFailed = false;     // the disk may have lost written data
};

} // namespace eventsync::storage
