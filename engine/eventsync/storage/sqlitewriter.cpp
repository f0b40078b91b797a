// SPDX-License-Identifier: Apache-2.0

// Group commit. One fsync costs as much as hundreds of rows, so all waiting batches are written in one transaction. Yet a batch
// that fails must fail alone. The simple solution, a savepoint around every batch, costs two more statements each; most batches
// cannot need one. A batch can be undone without a savepoint
//   - if it stands alone in its transaction so far (the transaction is rolled back), or
//   - if nothing it does after its first change can fail by its own fault: `require`s and inserts first, then puts into sets
//     without unique indexes and erases. SQLite undoes a failing statement itself.
// Nearly every batch has this form (require the version, insert the event, put derived rows). If a batch fails nevertheless
// after a change, the group is rolled back and executed again with savepoints everywhere.
//
// A failure that is not the batch's own (disk full, I/O error) ends the whole group: SQLite may have rolled back the
// transaction by itself, and otherwise the writer does. Then nothing of the group is stored, and no batch was answered.
//
// An fsync that failed is worse: the kernel may have dropped the pages and will report the next fsync as good. So after a
// failed fsync the writer refuses further batches; opening the store again reads what is really on the disk.
#include <eventsync/storage/sqlitewriter_p.h>

#include <eventsync/storage/limits.h>
#include <eventsync/storage/logging.h>
#include <eventsync/storage/sqliteschema.h>

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace eventsync::storage {

namespace {

std::string keyCondition(const RecordSet &set, std::size_t cells)
{
    std::string sql;
    for (std::size_t i = 0; i < cells; ++i)
        sql += (i == 0 ? " WHERE " : " AND ") + sqlIdentifier(set.columns[i].name) + " = ?";
    return sql;
}

std::string insertSql(const RecordSet &set)
{
    std::string names, values;
    for (const Column &column : set.columns) {
        names += (names.empty() ? "" : ", ") + sqlIdentifier(column.name);
        values += values.empty() ? "?" : ", ?";
    }
    return "INSERT INTO " + sqlIdentifier(set.name) + " (" + names + ") VALUES (" + values + ")";
}

std::string putSql(const RecordSet &set)
{
    std::string key, changes;
    for (std::size_t i = 0; i < set.columns.size(); ++i) {
        const std::string name = sqlIdentifier(set.columns[i].name);
        if (i < set.keyColumns)
            key += (key.empty() ? "" : ", ") + name;
        else
            changes += (changes.empty() ? "" : ", ") + name + " = excluded." + name;
    }
    return insertSql(set) + " ON CONFLICT (" + key + ") DO " + (changes.empty() ? "NOTHING" : "UPDATE SET " + changes);
}

} // namespace

SqliteWriter::SqliteWriter(SqliteConnection connection, std::shared_ptr<const SchemaMap> schema)
    : m_connection(std::move(connection)), m_schema(std::move(schema))
{
}

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(SqliteConnection connection, std::shared_ptr<const SchemaMap> schema)
{
    std::unique_ptr<SqliteWriter> writer(new SqliteWriter(std::move(connection), std::move(schema)));
    EVENTSYNC_CHECK(writer->prepareAll());
    EVENTSYNC_CHECK(writer->loadPositions());
    return writer;
}

Result<> SqliteWriter::prepareAll()
{
    EVENTSYNC_TRY(m_begin, m_connection.prepare("BEGIN IMMEDIATE"));
    EVENTSYNC_TRY(m_commit, m_connection.prepare("COMMIT"));
    EVENTSYNC_TRY(m_savepoint, m_connection.prepare("SAVEPOINT batch"));
    EVENTSYNC_TRY(m_release, m_connection.prepare("RELEASE batch"));
    EVENTSYNC_TRY(m_rollBackTo, m_connection.prepare("ROLLBACK TO batch"));
    EVENTSYNC_TRY(m_storePosition,
                  m_connection.prepare("INSERT INTO \"eventsync_positions\" VALUES (?, ?) ON CONFLICT (\"set\") DO UPDATE SET "
                                       "\"position\" = max(\"position\", excluded.\"position\")"));
    for (const auto &entry : m_schema->sets()) {
        const RecordSet &set = entry.set;
        SetStatements statements;
        EVENTSYNC_TRY(statements.put, m_connection.prepare(putSql(set)));
        EVENTSYNC_TRY(statements.insert, m_connection.prepare(insertSql(set)));
        for (std::size_t cells = 0; cells <= set.keyColumns; ++cells) {
            EVENTSYNC_TRY(auto erase, m_connection.prepare("DELETE FROM " + sqlIdentifier(set.name) + keyCondition(set, cells)));
            statements.eraseByPrefix.push_back(std::move(erase));
        }
        for (const Column &column : set.columns) {
            EVENTSYNC_TRY(auto require, m_connection.prepare("SELECT " + sqlIdentifier(column.name) + " FROM " + sqlIdentifier(set.name)
                                                             + keyCondition(set, set.keyColumns)));
            statements.require.push_back(std::move(require));
        }
        m_statements.push_back(std::move(statements));
    }
    return {};
}

Result<> SqliteWriter::loadPositions()
{
    m_states.resize(m_schema->sets().size());
    for (std::size_t set = 0; set < m_states.size(); ++set) {
        const RecordSet &records = m_schema->at(set).set;
        if (!records.appendOnly)
            continue;
        EVENTSYNC_TRY(const std::int64_t largest,
                      m_connection.integer("SELECT max(" + sqlIdentifier(records.columns[0].name) + ") FROM " + sqlIdentifier(records.name)));
        EVENTSYNC_TRY(SqliteStatement kept,
                      m_connection.prepare("SELECT \"position\" FROM \"eventsync_positions\" WHERE \"set\" = ?"));
        const Cell name = records.name;
        kept.bind(1, name);
        const int code = kept.step();
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return failure(m_connection.error(code, "read the positions given so far"));
        const Cell mark = code == SQLITE_ROW ? kept.column(0) : Cell(std::int64_t{0});
        m_states[set].lastPosition = std::max(largest, std::get<std::int64_t>(mark));
    }
    m_committedStates = m_states;
    return {};
}

Result<> SqliteWriter::execute(SqliteStatement &statement, const char *during)
{
    const int code = statement.step();
    Result<> result;
    if (code != SQLITE_DONE) {
        result = failure(m_connection.error(code, during));
        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
            loseWrites();
    }
    statement.reset();
    return result;
}

void SqliteWriter::loseWrites()
{
    m_broken = Error{ErrorCode::IoError, "the disk failed to keep what was written (fsync): the store must be opened again"};
    m_syncFailed = true;
}

Result<std::int64_t> SqliteWriter::bytesOf(const char *pageCount) const
{
    EVENTSYNC_TRY(const std::int64_t count, m_connection.integer(std::string("PRAGMA ") + pageCount));
    EVENTSYNC_TRY(const std::int64_t bytes, m_connection.integer("PRAGMA page_size"));
    return count * bytes;
}

Result<bool> SqliteWriter::vacuumStep(Vacuum how, VacuumResult &vacuumed)
{
    if (m_broken)
        return failure(*m_broken);
    EVENTSYNC_TRY(const std::int64_t before, bytesOf("page_count"));
    if (how == Vacuum::Whole) {
        // VACUUM also enables giving back space in steps, for a store that was created without it.
        EVENTSYNC_CHECK(m_connection.execute("PRAGMA auto_vacuum = INCREMENTAL"));
        EVENTSYNC_CHECK(m_connection.execute("VACUUM"));
    } else {
        EVENTSYNC_CHECK(m_connection.execute("PRAGMA incremental_vacuum(" + std::to_string(limits::kVacuumPages) + ")"));
    }
    EVENTSYNC_TRY(const std::int64_t after, bytesOf("page_count"));
    EVENTSYNC_TRY(vacuumed.free, bytesOf("freelist_count"));
    vacuumed.bytes += before - after;
    const bool more = how == Vacuum::Freed && after < before && vacuumed.free > 0;
    // Space that was freed in the write-ahead log only is not freed in the file yet.
    if (!more && vacuumed.bytes > 0)
        sqlite3_wal_checkpoint_v2(m_connection.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return more;
}

bool SqliteWriter::needsSavepoint(const Batch &batch) const
{
    bool changed = false;
    for (const Batch::Step &step : batch.steps()) {
        bool mayFail = true, changes = true;
        if (std::holds_alternative<Batch::Require>(step))
            changes = false;
        else if (std::holds_alternative<Batch::Erase>(step))
            mayFail = false;
        else if (const auto *put = std::get_if<Batch::Put>(&step))
            mayFail = m_schema->at(m_schema->setNumber(put->set)).hasUniqueIndex;
        if (mayFail && changed)
            return true;
        changed = changed || changes;
    }
    return false;
}

void SqliteWriter::commit(std::vector<Work> &group, const More &more)
{
    if (m_broken) {
        for (Work &work : group)
            work.result = failure(*m_broken);
        return;
    }
    if (commitOnce(group, Savepoints::WhereNeeded, more) == Outcome::NeedsSavepoints)
        commitOnce(group, Savepoints::Everywhere, {});
}

// Rolls back the transaction. An error is the result of every batch of the group that has not failed by itself.
void SqliteWriter::rollBack(std::span<Work> group, const std::optional<Error> &error)
{
    if (m_connection.inTransaction()) {
        if (auto result = m_connection.execute("ROLLBACK"); !result)
            qCWarning(lcStorage) << "roll back:" << result.error().toString().c_str();
    }
    m_states = m_committedStates;
    if (!error)
        return;
    for (Work &work : group) {
        if (work.result || isStoreFailure(work.result.error()))
            work.result = failure(*error);
    }
}

SqliteWriter::Outcome SqliteWriter::commitOnce(std::vector<Work> &group, Savepoints savepoints, const More &more)
{
    if (auto begun = execute(m_begin, "begin to write"); !begun) {
        rollBack(group, begun.error());
        return Outcome::Done;
    }
    for (std::size_t next = 0; next < group.size() || (more && more(group)); ++next) {
        switch (writeOne(group, next, savepoints)) {
        case Written::Next:
            break;
        case Written::End:
            return Outcome::Done;
        case Written::Again:
            return Outcome::NeedsSavepoints;
        }
    }
    Result<> ended = storePositions();
    if (ended)
        ended = execute(m_commit, "commit");
    if (!ended) {
        rollBack(group, ended.error());
        return Outcome::Done;
    }
    m_committedStates = m_states;
    return Outcome::Done;
}

// One batch of the group. End: the transaction was rolled back, and every batch has a result. Again: it was rolled back,
// because a batch that failed alone had changed something.
SqliteWriter::Written SqliteWriter::writeOne(std::vector<Work> &group, std::size_t number, Savepoints savepoints)
{
    Work &work = group[number];
    work.result = Committed();
    const bool guarded = group.size() > 1 && (savepoints == Savepoints::Everywhere || needsSavepoint(work.batch));
    const std::vector<SetState> before = guarded ? m_states : std::vector<SetState>();
    bool changed = false;
    Result<> done;
    if (guarded)
        done = execute(m_savepoint, "set a savepoint");
    if (done)
        done = run(work.batch, *work.result, changed);
    if (done && guarded)
        done = execute(m_release, "release a savepoint");
    if (done)
        return Written::Next;
    const Error error = done.error();
    if (isStoreFailure(error) || !m_connection.inTransaction()) {
        rollBack(group, error);
        return Written::End;
    }
    work.result = failure(error);
    if (guarded) {
        auto undone = execute(m_rollBackTo, "roll back to a savepoint");
        if (undone)
            undone = execute(m_release, "release a savepoint");
        if (!undone) {
            rollBack(group, undone.error());
            return Written::End;
        }
        m_states = before;
    } else if (changed) {
        rollBack(group, std::nullopt);
        return group.size() == 1 ? Written::End : Written::Again;
    }
    return Written::Next;
}

Result<> SqliteWriter::storePositions()
{
    for (std::size_t set = 0; set < m_states.size(); ++set) {
        if (!m_states[set].erased)
            continue;
        const Cell name = m_schema->at(set).set.name;
        m_storePosition.bind(1, name);
        m_storePosition.bind(2, m_states[set].lastPosition);
        EVENTSYNC_CHECK(execute(m_storePosition, "store a position"));
        m_states[set].erased = false;
    }
    return {};
}

Result<> SqliteWriter::run(const Batch &batch, Committed &committed, bool &changed)
{
    for (const Batch::Step &one : batch.steps()) {
        EVENTSYNC_CHECK(std::visit([&](const auto &which) { return step(which, committed); }, one));
        changed = changed || !std::holds_alternative<Batch::Require>(one);
    }
    return {};
}

Result<> SqliteWriter::step(const Batch::Put &put, Committed &committed)
{
    return write(m_schema->setNumber(put.set), put.row, false, committed);
}

Result<> SqliteWriter::step(const Batch::Insert &insert, Committed &committed)
{
    return write(m_schema->setNumber(insert.set), insert.row, true, committed);
}

Result<> SqliteWriter::write(std::size_t set, const Row &row, bool mustBeNew, Committed &committed)
{
    m_schema->checkRow(set, row);
    const RecordSet &records = m_schema->at(set).set;
    SetState &state = m_states[set];
    const bool giveKey = records.appendOnly && row[0].index() == 0;
    SqliteStatement &statement = mustBeNew || giveKey ? m_statements[set].insert : m_statements[set].put;
    std::int64_t position = 0;
    if (records.appendOnly) {
        position = giveKey ? state.lastPosition + 1 : std::get<std::int64_t>(row[0]);
        statement.bind(1, position);
    } else {
        statement.bind(1, row[0]);
    }
    for (std::size_t i = 1; i < row.size(); ++i)
        statement.bind(static_cast<int>(i) + 1, row[i]);
    const int code = statement.step();
    if (code != SQLITE_DONE) {
        const bool constraint = (code & 0xff) == SQLITE_CONSTRAINT;
        Error error = constraint ? constraintError(set, code) : m_connection.error(code, "write " + records.name);
        statement.reset();
        return failure(std::move(error));
    }
    statement.reset();
    state.lastPosition = std::max(state.lastPosition, position);
    if (giveKey)
        committed.positions.push_back(position);
    return {};
}

// SQLite names the columns of the index that was broken ("UNIQUE constraint failed: events.id"); the error names the index.
Error SqliteWriter::constraintError(std::size_t set, int code) const
{
    const auto &entry = m_schema->at(set);
    if (code == SQLITE_CONSTRAINT_UNIQUE) {
        const char *message = sqlite3_errmsg(m_connection.handle());
        for (const auto &index : entry.indexes) {
            std::string columns;
            for (std::size_t column : index.columns)
                columns += (columns.empty() ? ": " : ", ") + entry.set.name + "." + entry.set.columns[column].name;
            const char *found = index.unique ? std::strstr(message, columns.c_str()) : nullptr;
            if (found && found[columns.size()] == '\0')
                return uniqueBroken(entry.set.name, index.name);
        }
        return keyExists(entry.set.name);
    }
    if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
        return keyExists(entry.set.name);
    Error error = m_connection.error(code, "write " + entry.set.name);
    error.code = ErrorCode::Internal; // rows are checked before: no other constraint can fail
    return error;
}

Result<> SqliteWriter::step(const Batch::Erase &erase, Committed &)
{
    const std::size_t set = m_schema->setNumber(erase.set);
    m_schema->checkKey(set, erase.key, true);
    SqliteStatement &statement = m_statements[set].eraseByPrefix[erase.key.size()];
    for (std::size_t i = 0; i < erase.key.size(); ++i)
        statement.bind(static_cast<int>(i) + 1, erase.key[i]);
    EVENTSYNC_CHECK(execute(statement, "erase rows"));
    if (m_schema->at(set).set.appendOnly)
        m_states[set].erased = true;
    return {};
}

Result<> SqliteWriter::step(const Batch::Require &require, Committed &)
{
    const std::size_t set = m_schema->setNumber(require.set);
    m_schema->checkRequire(set, require);
    const RecordSet &records = m_schema->at(set).set;
    SqliteStatement &statement = m_statements[set].require[require.column];
    for (std::size_t i = 0; i < require.key.size(); ++i)
        statement.bind(static_cast<int>(i) + 1, require.key[i]);
    const int code = statement.step();
    Result<> result;
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        result = failure(m_connection.error(code, "read " + records.name));
    } else {
        const bool wantsNone = require.expected.index() == 0;
        const bool holds = wantsNone ? code == SQLITE_DONE : code == SQLITE_ROW && statement.column(0) == require.expected;
        if (!holds)
            result = failure(requireFailed(records.name, records.columns[require.column].name));
    }
    statement.reset();
    return result;
}

} // namespace eventsync::storage
