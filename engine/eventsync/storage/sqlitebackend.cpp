// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/sqlitebackend.h>

#include <eventsync/base/threadpriority.h>
#include <eventsync/storage/fileowner.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/logging.h>
#include <eventsync/storage/outputfile.h>
#include <eventsync/storage/sqlitebackup.h>
#include <eventsync/storage/sqliteview_p.h>
#include <eventsync/storage/sqlitewriter_p.h>
#include <eventsync/storage/storelock.h>
#include <eventsync/storage/walcheckpointer_p.h>

#include <sqlite3.h>

#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace eventsync::storage {

namespace {

using Work = SqliteWriter::Work;

const char *synchronousName(SqliteBackend::Durability durability)
{
    switch (durability) {
    case SqliteBackend::Durability::Full:
        return "FULL";
    case SqliteBackend::Durability::Normal:
        return "NORMAL";
    case SqliteBackend::Durability::Off:
        return "OFF";
    }
    return "FULL";
}

Result<> checkIntegrity(const SqliteConnection &connection, SqliteBackend::Integrity integrity)
{
    if (integrity == SqliteBackend::Integrity::None)
        return {};
    const bool full = integrity == SqliteBackend::Integrity::Full;
    EVENTSYNC_TRY(const std::string found,
                  connection.text(full ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)"));
    if (found != "ok")
        return failure(ErrorCode::Corrupt, "the store is damaged: " + found);
    return {};
}

// Checks the store's path before it is opened. SQLite would begin a new store in an empty file, and would discard a write-ahead
// log without a store.
Result<> checkFile(const std::string &path, const SqliteBackend::Options &options)
{
    struct stat file = {}, wal = {};
    const bool isThere = ::stat(path.c_str(), &file) == 0;
    const bool isEmpty = isThere && S_ISREG(file.st_mode) && file.st_size == 0;
    const bool hasLog = ::stat((path + "-wal").c_str(), &wal) == 0 && wal.st_size > 0;
    if (options.beginAnew)
        return {};
    if (isEmpty)
        return failure(ErrorCode::Corrupt, path + " has 0 bytes: what was in it is lost");
    if (!isThere && hasLog)
        return failure(ErrorCode::Corrupt, path + " is gone, its write-ahead log is there");
    return {};
}

// Makes a new store readable for its owner only, and gives one that root creates in the folder of a service to the service.
// SQLite creates the files beside it with the same owner and permissions.
Result<> makeFile(const std::string &path)
{
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return {}; // the file exists; opening it reports other errors
    ::close(file);
    return giveToFolderOwner(path);
}

Result<> setUp(SqliteConnection &connection, const SqliteBackend::Options &options)
{
    // Only for a new, empty store: the space of erased rows can then be given back in steps.
    EVENTSYNC_CHECK(connection.execute("PRAGMA auto_vacuum = INCREMENTAL"));
    EVENTSYNC_TRY(const std::string mode, connection.text("PRAGMA journal_mode = WAL"));
    if (mode != "wal")
        return failure(ErrorCode::IoError, "the file system cannot hold a SQLite store in WAL mode");
    EVENTSYNC_CHECK(connection.execute(std::string("PRAGMA synchronous = ") + synchronousName(options.durability)));
    EVENTSYNC_CHECK(connection.execute("PRAGMA journal_size_limit = " + std::to_string(limits::kWalKeepBytes)));
    EVENTSYNC_CHECK(connection.execute("PRAGMA wal_autocheckpoint = 0")); // see WalCheckpointer
    EVENTSYNC_CHECK(connection.execute("PRAGMA trusted_schema = OFF"));
    if (options.maxBytes > 0) {
        EVENTSYNC_TRY(const std::int64_t pageBytes, connection.integer("PRAGMA page_size"));
        EVENTSYNC_CHECK(connection.execute("PRAGMA max_page_count = " + std::to_string(options.maxBytes / pageBytes)));
    }
    return {};
}

// The answers of a group, one task for each executor, in the order of the batches.
void postAnswers(std::span<Work> group)
{
    struct Answer
    {
        Backend::CommitDone done;
        Result<Committed> result;
    };
    std::vector<std::pair<Executor *, std::shared_ptr<std::vector<Answer>>>> parcels;
    for (Work &work : group) {
        auto parcel = parcels.begin();
        while (parcel != parcels.end() && parcel->first != work.executor)
            ++parcel;
        if (parcel == parcels.end())
            parcel = parcels.insert(parcels.end(), {work.executor, std::make_shared<std::vector<Answer>>()});
        parcel->second->push_back({std::move(work.done), std::move(work.result)});
    }
    for (auto &[executor, answers] : parcels) {
        executor->post([answers = std::move(answers)] {
            for (Answer &answer : *answers)
                answer.done(std::move(answer.result));
        });
    }
}

// The committer's metrics; none without Metrics.
struct WriteMetrics
{
    explicit WriteMetrics(Metrics &metrics)
        : commits(metrics.counter("eventsync_store_commits_total", "Transactions committed by the store")),
          batches(metrics.histogram("eventsync_store_group_batches", "Batches committed in one transaction")),
          rows(metrics.histogram("eventsync_store_group_rows", "Steps of the batches committed in one transaction")),
          waiting(metrics.gauge("eventsync_store_queue_batches", "Batches that wait for the committer")),
          walBytes(metrics.gauge("eventsync_store_wal_bytes", "Size of the store's write-ahead log, at the last commit")),
          failing(metrics.gauge("eventsync_store_failing", "1 while the store takes no commits: /readyz says why"))
    {
    }
    Counter &commits;
    Histogram &batches;
    Histogram &rows;
    Gauge &waiting;
    Gauge &walBytes;
    Gauge &failing;
};

struct VacuumTask
{
    Vacuum how = Vacuum::Freed;
    Executor *executor = nullptr;
    std::function<void(Result<VacuumResult>)> done;
    VacuumResult sofar = {};
};

void answer(VacuumTask &task, Result<VacuumResult> result)
{
    task.executor->post([done = std::move(task.done), result = std::move(result)] { done(result); });
}

// The identity of the file that has this name now.
struct FileIdentity
{
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const FileIdentity &) const = default;
};

std::optional<FileIdentity> fileAt(const std::string &path)
{
    struct stat found = {};
    if (::stat(path.c_str(), &found) != 0)
        return std::nullopt;
    return FileIdentity{found.st_dev, found.st_ino};
}

} // namespace

struct SqliteBackend::Parts
{
    std::string path;
    Options options;
    std::shared_ptr<const SchemaMap> schema;
    StoreLock lock;
    std::shared_ptr<SqliteReaderPool> pool;
    std::unique_ptr<SqliteWriter> writer; // used by the committer once it runs; none if read-only
    std::unique_ptr<WriteMetrics> metrics;
    FileIdentity file = {};
    std::unique_ptr<WalCheckpointer> checkpointer;
    int walPages = 0;    // after the last commit
    std::string walPath; // in the folder to which a symbolic link leads
    bool walIsLong = false; // and this was logged

    struct CommitQueue
    {
        std::mutex mutex; // of all of it
        std::condition_variable arrived;
        std::deque<Work> waiting;
        std::deque<VacuumTask> vacuuming;
        std::optional<Error> problem; // the error of the last commit
        bool syncFailed = false;
        std::size_t unanswered = 0;
        std::size_t openGroups = 0;
        bool ended = false;
    } commits;

    struct ReadQueue
    {
        std::mutex mutex; // of all of it
        std::condition_variable arrived;
        std::deque<ReadTask> waiting;
        bool ended = false;
    } reads;

    std::thread committer;
    std::vector<std::thread> readers;
    bool closed = false;

    bool take(std::vector<Work> &group, std::size_t &rows); // with the mutex
    void commitLoop();
    void commitGroup(std::vector<Work> &group, std::size_t &rows, bool open);
    void finish(std::vector<Work> &group, std::size_t rows);
    void reportProblem(const std::optional<Error> &problem);
    void checkpointRest();
    void watchWal();
    void vacuumStep();
    std::optional<Error> misplaced() const;
    void readLoop();
};

// Takes waiting batches, up to limits::kCommitRows steps in the group, but at least one batch. True if there was any.
bool SqliteBackend::Parts::take(std::vector<Work> &group, std::size_t &rows)
{
    std::size_t taken = 0;
    for (; taken < commits.waiting.size(); ++taken) {
        const std::size_t steps = commits.waiting[taken].batch.steps().size();
        if (!group.empty() && rows + steps > limits::kCommitRows)
            break;
        rows += steps;
        group.push_back(std::move(commits.waiting[taken]));
    }
    commits.waiting.erase(commits.waiting.begin(), commits.waiting.begin() + static_cast<std::ptrdiff_t>(taken));
    return taken > 0;
}

// Edits committed to a file that has no name any more would be lost with the process.
std::optional<Error> SqliteBackend::Parts::misplaced() const
{
    const std::optional<FileIdentity> found = fileAt(path);
    if (!found)
        return Error{ErrorCode::IoError, path + " is gone from its place while it is in use"};
    if (*found != file)
        return Error{ErrorCode::IoError, path + " is another file than the one in use"};
    return std::nullopt;
}

// Space is given back between two groups, so that an edit waits for one step only.
void SqliteBackend::Parts::commitLoop()
{
    std::vector<Work> group;
    for (;;) {
        group.clear();
        std::size_t rows = 0;
        bool open = false;
        bool isVacuuming = false;
        {
            std::unique_lock guard(commits.mutex);
            commits.arrived.wait(guard, [this] { return !commits.waiting.empty() || !commits.vacuuming.empty() || commits.ended; });
            if (commits.waiting.empty() && (commits.ended || commits.vacuuming.empty()))
                return;
            take(group, rows);
            open = commits.openGroups > 0;
            isVacuuming = !commits.vacuuming.empty();
        }
        if (!group.empty())
            commitGroup(group, rows, open);
        if (isVacuuming)
            vacuumStep();
    }
}

// A group consists of the batches that waited at its start, and of batches that arrived while it was written, if they belong to
// a BatchGroup that had begun by then. At the end it is checked whether the file still has its name, so that every acknowledged
// batch is in the store's file.
void SqliteBackend::Parts::commitGroup(std::vector<Work> &group, std::size_t &rows, bool open)
{
    if (const auto reason = misplaced()) // writes to a file that was moved away are lost
        writer->breakOff(*reason);
    writer->commit(group, [&](std::vector<Work> &all) {
        if (!open || rows >= limits::kCommitRows)
            return false;
        std::unique_lock guard(commits.mutex);
        commits.arrived.wait(guard, [this] { return !commits.waiting.empty() || commits.openGroups == 0 || commits.ended; });
        open = commits.openGroups > 0;
        return take(all, rows);
    });
    if (const auto reason = misplaced()) {
        writer->breakOff(*reason);
        for (Work &work : group)
            work.result = failure(*reason);
    }
    finish(group, rows);
    checkpointRest();
}

// After the answers: they do not wait for it.
void SqliteBackend::Parts::checkpointRest()
{
    const bool isMine = checkpointer->logHas(walPages);
    if ((isMine && WalCheckpointer::checkpoint(writer->connection()).lostWrites) || checkpointer->lostWrites())
        writer->loseWrites();
}

void SqliteBackend::Parts::finish(std::vector<Work> &group, std::size_t rows)
{
    if (metrics) {
        metrics->commits.add();
        metrics->batches.observe(group.size());
        metrics->rows.observe(rows);
    }
    watchWal();
    const bool lostWrites = writer->syncFailed();
    std::optional<Error> met;
    for (const Work &work : group) {
        if (!work.result && isStoreFailure(work.result.error()))
            met = work.result.error();
    }
    {
        const std::lock_guard guard(commits.mutex);
        commits.unanswered -= group.size();
        if (metrics)
            metrics->waiting.set(static_cast<std::int64_t>(commits.unanswered));
        commits.syncFailed = lostWrites;
        reportProblem(met);
    }
    postAnswers(group);
}

// With the mutex. Logs one line when a problem begins and one when it ends, however many edits fail.
void SqliteBackend::Parts::reportProblem(const std::optional<Error> &met)
{
    if (met && (!commits.problem || commits.problem->code != met->code))
        qCCritical(lcStorage) << "the store takes no edits:" << met->toString().c_str();
    else if (!met && commits.problem)
        qCInfo(lcStorage) << "the store takes edits again";
    commits.problem = met;
    if (metrics)
        metrics->failing.set(met ? 1 : 0);
}

// The write-ahead log is truncated when all of it is in the database and no reader uses an older snapshot.
void SqliteBackend::Parts::watchWal()
{
    struct stat wal = {};
    const std::int64_t bytes = ::stat(walPath.c_str(), &wal) == 0 ? wal.st_size : 0;
    if (metrics)
        metrics->walBytes.set(bytes);
    if (bytes > limits::kWalWarnBytes && !std::exchange(walIsLong, true))
        qCWarning(lcStorage) << "the write-ahead log of" << path.c_str() << "has" << bytes << "bytes: something has been reading the store for long";
    else if (bytes <= limits::kWalKeepBytes)
        walIsLong = false;
}

void SqliteBackend::Parts::vacuumStep()
{
    VacuumTask task;
    {
        const std::lock_guard guard(commits.mutex);
        task = std::move(commits.vacuuming.front());
        commits.vacuuming.pop_front();
    }
    const Result<bool> more = writer->vacuumStep(task.how, task.sofar);
    if (!more)
        return answer(task, failure(more.error()));
    if (!*more)
        return answer(task, task.sofar);
    const std::lock_guard guard(commits.mutex);
    commits.vacuuming.push_front(std::move(task));
}

void SqliteBackend::Parts::readLoop()
{
    lowerThreadPriority();
    for (;;) {
        ReadTask task;
        {
            std::unique_lock guard(reads.mutex);
            reads.arrived.wait(guard, [this] { return !reads.waiting.empty() || reads.ended; });
            if (reads.waiting.empty())
                return;
            task = std::move(reads.waiting.front());
            reads.waiting.pop_front();
        }
        task(SqliteView::open(pool));
    }
}

SqliteBackend::SqliteBackend(std::unique_ptr<Parts> parts) : m_parts(std::move(parts)) {}

SqliteBackend::~SqliteBackend()
{
    close();
}

Result<std::unique_ptr<SqliteBackend>> SqliteBackend::open(const std::string &path, Schema schema)
{
    return open(path, std::move(schema), Options());
}

Result<std::unique_ptr<SqliteBackend>> SqliteBackend::open(const std::string &path, Schema schema, const Options &options)
{
    auto parts = std::make_unique<Parts>();
    parts->path = path;
    parts->options = options;
    parts->schema = std::make_shared<const SchemaMap>(std::move(schema));
    if (options.metrics)
        parts->metrics = std::make_unique<WriteMetrics>(*options.metrics);
    EVENTSYNC_CHECK(checkFile(path, options));
    SqliteColumnCounts columns;
    if (options.readOnly) {
        EVENTSYNC_TRY(SqliteConnection connection, SqliteConnection::open(path, SqliteConnection::Access::ReadOnly));
        EVENTSYNC_CHECK(checkIntegrity(connection, options.integrity));
        EVENTSYNC_TRY(columns, checkSqliteSchema(connection, *parts->schema, options.migrations));
    } else {
        if (options.lock) {
            EVENTSYNC_TRY(parts->lock, StoreLock::take(path));
        }
        EVENTSYNC_CHECK(makeFile(path));
        EVENTSYNC_TRY(SqliteConnection connection, SqliteConnection::open(path, SqliteConnection::Access::ReadWrite));
        EVENTSYNC_CHECK(setUp(connection, options));
        EVENTSYNC_CHECK(checkIntegrity(connection, options.integrity));
        EVENTSYNC_CHECK(prepareSqliteSchema(connection, *parts->schema, options.migrations));
        parts->walPath = std::string(sqlite3_db_filename(connection.handle(), "main")) + "-wal";
        EVENTSYNC_TRY(parts->writer, SqliteWriter::open(std::move(connection), parts->schema));
        const auto noteWalPages = [](void *pages, sqlite3 *, const char *, int now) {
            *static_cast<int *>(pages) = now;
            return SQLITE_OK;
        };
        sqlite3_wal_hook(parts->writer->connection().handle(), noteWalPages, &parts->walPages);
        EVENTSYNC_TRY(parts->checkpointer, WalCheckpointer::open(path, synchronousName(options.durability)));
    }
    parts->file = fileAt(path).value_or(FileIdentity());
    parts->pool = std::make_shared<SqliteReaderPool>(path, parts->schema, std::move(columns), options.readers + 1);
    std::unique_ptr<SqliteBackend> backend(new SqliteBackend(std::move(parts)));
    Parts &running = *backend->m_parts;
    if (running.writer)
        running.committer = std::thread([&running] { running.commitLoop(); });
    for (std::size_t i = 0; i < options.readers; ++i)
        running.readers.emplace_back([&running] { running.readLoop(); });
    return backend;
}

void SqliteBackend::commit(Batch batch, Executor &executor, CommitDone done)
{
    Error refused;
    {
        const std::lock_guard guard(m_parts->commits.mutex);
        if (m_parts->options.readOnly) {
            refused = {ErrorCode::StoreReadOnly, m_parts->path + " is open for reading only"};
        } else if (m_parts->commits.ended) {
            refused = {ErrorCode::ShuttingDown, m_parts->path + " is closed"};
        } else if (m_parts->commits.unanswered >= limits::kQueuedBatches) {
            refused = {ErrorCode::QueueFull, "too many batches wait to be committed"};
        } else {
            ++m_parts->commits.unanswered;
            m_parts->commits.waiting.push_back({std::move(batch), &executor, std::move(done), Committed()});
            if (m_parts->commits.waiting.size() == 1)
                m_parts->commits.arrived.notify_one();
            return;
        }
    }
    executor.post([done = std::move(done), refused = std::move(refused)] { done(failure(refused)); });
}

void SqliteBackend::beginGroup()
{
    const std::lock_guard guard(m_parts->commits.mutex);
    ++m_parts->commits.openGroups;
}

void SqliteBackend::endGroup()
{
    const std::lock_guard guard(m_parts->commits.mutex);
    if (--m_parts->commits.openGroups == 0)
        m_parts->commits.arrived.notify_one();
}

void SqliteBackend::read(ReadTask task)
{
    if (m_parts->options.readers == 0) {
        task(view());
        return;
    }
    Error refused;
    {
        const std::lock_guard guard(m_parts->reads.mutex);
        if (m_parts->reads.ended) {
            refused = {ErrorCode::ShuttingDown, m_parts->path + " is closed"};
        } else if (m_parts->reads.waiting.size() >= limits::kQueuedReads) {
            refused = {ErrorCode::QueueFull, "too many reads wait"};
        } else {
            m_parts->reads.waiting.push_back(std::move(task));
            m_parts->reads.arrived.notify_one();
            return;
        }
    }
    task(failure(refused));
}

Result<std::unique_ptr<ReadView>> SqliteBackend::view()
{
    return SqliteView::open(m_parts->pool);
}

std::string SqliteBackend::durability() const
{
    switch (m_parts->options.durability) {
    case Durability::Full:
        return "full";
    case Durability::Normal:
        return "normal";
    case Durability::Off:
        return "off";
    }
    return "full";
}

Result<> SqliteBackend::backup(const std::string &path, const BackupOptions &options)
{
    EVENTSYNC_TRY(OutputFile target, OutputFile::create(path, {.replace = options.replace, .reserved = sqliteStoreFiles(m_parts->path)}));
    EVENTSYNC_TRY(auto reader, m_parts->pool->borrow());
    EVENTSYNC_CHECK(reader->begin());
    Result<> copied = copySqliteDatabase(reader->connection(), target, options.progress);
    reader->end();
    m_parts->pool->giveBack(std::move(reader));
    if (copied)
        copied = target.commit();
    return copied;
}

Health SqliteBackend::health()
{
    Parts &parts = *m_parts;
    if (parts.options.readOnly)
        return {};
    const std::optional<Error> lost = parts.misplaced();
    const std::lock_guard guard(parts.commits.mutex);
    if (lost && !parts.commits.ended)
        parts.reportProblem(lost);
    return {.problem = parts.commits.problem, .wantsReopening = parts.commits.syncFailed};
}

void SqliteBackend::vacuum(Vacuum how, Executor &executor, std::function<void(Result<VacuumResult>)> done)
{
    VacuumTask task{how, &executor, std::move(done)};
    const std::lock_guard guard(m_parts->commits.mutex);
    if (m_parts->options.readOnly)
        return answer(task, failure(ErrorCode::StoreReadOnly, m_parts->path + " is open for reading only"));
    if (m_parts->commits.ended)
        return answer(task, failure(ErrorCode::ShuttingDown, m_parts->path + " is closed"));
    m_parts->commits.vacuuming.push_back(std::move(task));
    m_parts->commits.arrived.notify_one();
}

void SqliteBackend::close()
{
    Parts &parts = *m_parts;
    if (std::exchange(parts.closed, true))
        return;
    {
        const std::scoped_lock guard(parts.commits.mutex, parts.reads.mutex);
        parts.commits.ended = parts.reads.ended = true;
    }
    parts.commits.arrived.notify_all();
    parts.reads.arrived.notify_all();
    if (parts.committer.joinable())
        parts.committer.join();
    for (VacuumTask &task : parts.commits.vacuuming)
        answer(task, failure(ErrorCode::ShuttingDown, parts.path + " is closed"));
    parts.commits.vacuuming.clear();
    for (std::thread &reader : parts.readers)
        reader.join();
    parts.pool->close();
    parts.checkpointer.reset();
    if (parts.writer) {
        sqlite3 *const db = parts.writer->connection().handle();
        if (sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) != SQLITE_OK)
            qCInfo(lcStorage) << "the WAL stays behind for the next opening:" << sqlite3_errmsg(db);
        parts.writer.reset();
    }
    parts.lock = StoreLock();
}

} // namespace eventsync::storage
