// SPDX-License-Identifier: Apache-2.0
#include "sqlitebackendtest.h"

#include "childprocess.h"

#include "support/failingsync.h"

#include <eventsync/storage/limits.h>
#include <eventsync/base/metrics.h>
#include <eventsync/storage/outputfile.h>
#include <eventsync/storage/sqlitebackend.h>
#include <eventsync/storage/sqlitebackup.h>
#include <eventsync/storage/sqliteconnection.h>
#include <eventsync/storage/storelock.h>

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QTest>
#include <QThread>

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

Q_DECLARE_METATYPE(eventsync::storage::Vacuum)

namespace eventsync::test {

using namespace storage;

namespace {

std::unique_ptr<SqliteBackend> open(const std::string &path, const Schema &schema = childSchema(),
                                    const SqliteBackend::Options &options = {})
{
    auto backend = SqliteBackend::open(path, schema, options);
    if (!backend) {
        qWarning("%s", backend.error().toString().c_str());
        return nullptr;
    }
    return std::move(*backend);
}

ErrorCode openError(const std::string &path, const Schema &schema = childSchema(), const SqliteBackend::Options &options = {})
{
    auto backend = SqliteBackend::open(path, schema, options);
    return backend ? ErrorCode::NotFound : backend.error().code;
}

Result<Committed> commit(Backend &backend, Batch batch)
{
    ManualExecutor executor;
    std::optional<Result<Committed>> answer;
    backend.commit(std::move(batch), executor, [&](Result<Committed> result) { answer = std::move(result); });
    if (!executor.runUntil([&] { return answer.has_value(); }))
        return failure(ErrorCode::Timeout, "the commit was not answered");
    return *answer;
}

std::size_t count(Backend &backend, const char *set)
{
    std::size_t rows = 0;
    auto view = backend.view();
    if (!view || !(*view)->scan({set}, [&](const Row &) { return ++rows > 0; }))
        return SIZE_MAX;
    return rows;
}

// Plain SQL on a file, for what a test wants to do behind the backend's back.
bool sql(const std::string &path, const std::string &text)
{
    sqlite3 *db = nullptr;
    const bool good = sqlite3_open(path.c_str(), &db) == SQLITE_OK
        && sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_close(db);
    return good;
}

class Child : public QProcess
{
public:
    Child(const char *what, const std::string &path)
    {
        setProcessChannelMode(ForwardedErrorChannel);
        start(QCoreApplication::applicationFilePath(),
              {QStringLiteral("--child"), QLatin1String(what), QString::fromStdString(path)});
    }
    ~Child() override
    {
        kill();
        waitForFinished();
    }
    QByteArray line()
    {
        while (!canReadLine()) {
            if (!waitForReadyRead(20'000))
                return {};
        }
        return readLine().trimmed();
    }
};

} // namespace

std::unique_ptr<Backend> SqliteBackendSuite::makeBackend(const Schema &schema)
{
    m_folder = std::make_unique<QTemporaryDir>();
    return reopen(schema);
}

std::unique_ptr<Backend> SqliteBackendSuite::reopen(const Schema &schema)
{
    return open(m_folder->filePath(QStringLiteral("store.db")).toStdString(), schema);
}

void SqliteBackendTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
}

std::string SqliteBackendTest::path(const char *name) const
{
    return m_folder->filePath(QLatin1String(name)).toStdString();
}

void SqliteBackendTest::secondProcessIsToldWhoHoldsTheStore()
{
    Child holder("hold", path());
    QCOMPARE(holder.line(), QByteArray("open"));
    auto backend = SqliteBackend::open(path(), childSchema());
    QVERIFY(!backend);
    QCOMPARE(backend.error().code, ErrorCode::StoreLocked);
    const std::string pid = std::to_string(holder.processId());
    QVERIFY2(backend.error().message.find(pid) != std::string::npos, backend.error().message.c_str());
}

void SqliteBackendTest::lockGoesWithItsProcess()
{
    Child holder("hold", path());
    QCOMPARE(holder.line(), QByteArray("open"));
    holder.kill();
    QVERIFY(holder.waitForFinished());
    auto backend = open(path());
    QVERIFY(backend);
    QCOMPARE(openError(path()), ErrorCode::StoreLocked); // a second time in one process, too
    backend.reset();
    QVERIFY(open(path()));
}

void SqliteBackendTest::readOnlyStoreReadsBesideAWriter()
{
    auto writer = open(path());
    QVERIFY(commit(*writer, Batch().put("numbers", {one(1), one("x")})));
    SqliteBackend::Options options;
    options.readOnly = true;
    auto reader = open(path(), childSchema(), options);
    QVERIFY(reader);
    QCOMPARE(count(*reader, "numbers"), std::size_t(1));
    QVERIFY(commit(*writer, Batch().put("numbers", {one(2), one("x")})));
    QCOMPARE(count(*reader, "numbers"), std::size_t(2));
    QCOMPARE(commit(*reader, Batch().put("numbers", {one(3), one("x")})).error().code, ErrorCode::StoreReadOnly);
    QCOMPARE(openError(path("none.db"), childSchema(), options), ErrorCode::IoError);
}

void SqliteBackendTest::fileOrFolderWithoutRightIsReadOnly()
{
    QVERIFY(commit(*open(path()), Batch().put("numbers", {one(1), one("x")})));
    const std::string folder = m_folder->path().toStdString();
    ::chmod(path("store.db.lock").c_str(), 0666);
    ::chmod(path().c_str(), 0444);
    for (const mode_t mode : {0555, 0777}) { // the folder; only the file
        ::chmod(folder.c_str(), mode);
        Child nobody("nobody", path());
        QCOMPARE(nobody.line(), QByteArray("StoreReadOnly"));
        QCOMPARE(nobody.line(), QByteArray("read"));
    }
    ::chmod(folder.c_str(), 0755);
}

void SqliteBackendTest::newStoreIsItsOwnersAlone()
{
    const mode_t before = ::umask(0022);
    const auto store = open(path());
    ::umask(before);
    QVERIFY(store);
    for (const char *name : {"store.db", "store.db-wal", "store.db-shm", "store.db.lock"}) {
        struct stat found = {};
        QVERIFY2(::stat(path(name).c_str(), &found) == 0, name);
        QVERIFY2((found.st_mode & 0777) == 0600, name);
    }
}

void SqliteBackendTest::newerSchemaIsTooNew()
{
    Schema newer = childSchema();
    newer.version = 7;
    QVERIFY(commit(*open(path(), newer), Batch().put("numbers", {one(1), one("x")})));
    auto backend = SqliteBackend::open(path(), childSchema());
    QVERIFY(!backend);
    QCOMPARE(backend.error().code, ErrorCode::StoreTooNew);
    QVERIFY2(backend.error().message.find('7') != std::string::npos, backend.error().message.c_str());
    QCOMPARE(count(*open(path(), newer), "numbers"), std::size_t(1));
}

void SqliteBackendTest::olderSchemaIsMigrated()
{
    QVERIFY(commit(*open(path()), Batch().put("numbers", {one(1), one("x")})));
    Schema newer = childSchema();
    newer.version = 3;
    newer.sets[0].columns[1].name = "words";
    QCOMPARE(openError(path(), newer), ErrorCode::Corrupt); // no migration renames it
    std::string order;
    SqliteBackend::Options options;
    options.migrations.push_back({3, [&](SqliteConnection &connection) {
                                      order += "3";
                                      return connection.execute("UPDATE numbers SET words = words || '!'");
                                  }});
    options.migrations.push_back({2, [&](SqliteConnection &connection) {
                                      order += "2";
                                      return connection.execute("ALTER TABLE numbers RENAME COLUMN text TO words");
                                  }});
    auto backend = open(path(), newer, options);
    QVERIFY(backend);
    QCOMPARE(order, "23");
    QCOMPARE(**(**backend->view()).get("numbers", {one(1)}), (Row{one(1), one("x!")}));
    backend.reset();
    backend = open(path(), newer, options);
    QCOMPARE(order, "23"); // once
}

void SqliteBackendTest::anOlderStoreGetsWhatWasAdded()
{
    QVERIFY(commit(*open(path()), Batch().put("numbers", {one(1), one("x")})));
    Schema newer = childSchema();
    newer.sets[0].columns.push_back({"size", ColumnType::Integer});
    newer.sets[0].indexes.push_back({"by_size", {"size"}});
    newer.sets.push_back({"more", {{"name", ColumnType::Text}}});
    QCOMPARE(openError(path(), newer), ErrorCode::Corrupt); // the version says that it has all columns
    newer.version = 2;
    auto backend = open(path(), newer);
    QVERIFY(backend);
    QCOMPARE(**(**backend->view()).get("numbers", {one(1)}), (Row{one(1), one("x"), null()}));
    QVERIFY(commit(*backend, Batch().put("numbers", {one(1), one("x"), one(7)})));
    QCOMPARE((**(*backend->view())->getBy("numbers", "by_size", {one(7)}))[0], one(1));
    QCOMPARE(count(*backend, "more"), std::size_t(0));
    backend.reset();
    QVERIFY(open(path(), newer));
}

void SqliteBackendTest::anOlderStoreIsReadAsItIsOrSaysWhatToDo()
{
    QVERIFY(commit(*open(path()), Batch().put("numbers", {one(1), one("x")})));
    Schema newer = childSchema();
    newer.version = 2;
    newer.sets[0].columns.push_back({"size", ColumnType::Integer});
    SqliteBackend::Options options{.readOnly = true};
    {
        const auto backend = SqliteBackend::open(path(), newer, options);
        QVERIFY2(backend, backend ? "" : backend.error().message.c_str());
        QCOMPARE(**(**(*backend)->view()).get("numbers", {one(1)}), (Row{one(1), one("x"), null()}));
    }
    QVERIFY(open(path())); // it is the older one still
    options.migrations.push_back({2, [](SqliteConnection &connection) { return connection.execute("UPDATE numbers SET text = 'y'"); }});
    const auto backend = SqliteBackend::open(path(), newer, options);
    QVERIFY(!backend);
    QCOMPARE(backend.error().code, ErrorCode::StoreReadOnly);
    QVERIFY2(backend.error().message.find("open it once for writing with this program") != std::string::npos, backend.error().message.c_str());
}

void SqliteBackendTest::failedMigrationLeavesTheFileAsItWas()
{
    QVERIFY(commit(*open(path()), Batch().put("numbers", {one(1), one("x")})));
    Schema newer = childSchema();
    newer.version = 2;
    SqliteBackend::Options options;
    options.migrations.push_back({2, [](SqliteConnection &connection) -> Result<> {
                                      EVENTSYNC_CHECK(connection.execute("DELETE FROM numbers"));
                                      return failure(ErrorCode::Invalid, "cannot");
                                  }});
    QCOMPARE(openError(path(), newer, options), ErrorCode::Invalid);
    auto backend = open(path());
    QVERIFY(backend);
    QCOMPARE(count(*backend, "numbers"), std::size_t(1));
}

void SqliteBackendTest::tablesOfAnotherShapeAreRefused()
{
    QVERIFY(open(path()));
    Schema other = childSchema();
    other.sets[0].columns[1].type = ColumnType::Blob;
    QCOMPARE(openError(path(), other), ErrorCode::Corrupt);
}

void SqliteBackendTest::foreignFileIsRefused_data()
{
    QTest::addColumn<bool>("isDatabase");
    QTest::newRow("a text") << false;
    QTest::newRow("another program's database") << true;
}

void SqliteBackendTest::foreignFileIsRefused()
{
    QFETCH(bool, isDatabase);
    if (isDatabase) {
        QVERIFY(sql(path(), "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)"));
    } else {
        QFile file(QString::fromStdString(path()));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray(8192, 'x'));
    }
    QCOMPARE(openError(path()), ErrorCode::Corrupt);
}

void SqliteBackendTest::damagedPageIsFoundAtOpening()
{
    {
        auto backend = open(path());
        for (int i = 0; i < 500; ++i)
            QVERIFY(commit(*backend, Batch().put("numbers", {one(i), std::string(100, 'x')})));
    }
    QFile file(QString::fromStdString(path()));
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.size() > 10 * 4096);
    file.seek(file.size() - 3 * 4096);
    file.write(QByteArray(4096, '\x5a'));
    file.close();
    QCOMPARE(openError(path()), ErrorCode::Corrupt);
    SqliteBackend::Options options;
    options.integrity = SqliteBackend::Integrity::Full;
    QCOMPARE(openError(path(), childSchema(), options), ErrorCode::Corrupt);
    // Opened without the check, the damage is an error where it is met, and no row is made up.
    options.integrity = SqliteBackend::Integrity::None;
    auto backend = open(path(), childSchema(), options);
    QVERIFY(backend);
    auto scanned = (*backend->view())->scan({"numbers"}, [](const Row &) { return true; });
    QVERIFY(!scanned);
    QCOMPARE(scanned.error().code, ErrorCode::Corrupt);
}

void SqliteBackendTest::missingFolderIsAnIoError()
{
    QCOMPARE(openError(path("no/such/folder/store.db")), ErrorCode::IoError);
}

void SqliteBackendTest::groupIsOneTransactionAndNothingOfItShowsBefore()
{
    Metrics metrics;
    SqliteBackend::Options options;
    options.metrics = &metrics;
    auto backend = open(path(), childSchema(), options);
    QVERIFY(backend);
    const Counter &commits = metrics.counter("eventsync_store_commits_total", "");
    const std::uint64_t before = commits.value();
    ManualExecutor executor;
    int answered = 0;
    const auto hand = [&](int number) {
        backend->commit(Batch().put("numbers", {one(number), std::string("x")}), executor,
                        [&](const Result<Committed> &result) { answered += result ? 1 : 1'000; });
    };
    {
        const BatchGroup group(*backend);
        hand(0);
        const BatchGroup inner(*backend);
        for (int number = 1; number < 50; ++number) {
            hand(number);
            if (number % 10 == 0)
                QThread::msleep(2); // lets the committer write what it has, and look for more
        }
        QVERIFY(!executor.runOne());
        QCOMPARE(count(*backend, "numbers"), std::size_t(0));
    }
    QVERIFY(executor.runUntil([&] { return answered == 50; }));
    QCOMPARE(count(*backend, "numbers"), std::size_t(50));
    QCOMPARE(commits.value() - before, std::uint64_t(1));
    QVERIFY(commit(*backend, Batch().put("numbers", {one(50), std::string("x")})));
}

void SqliteBackendTest::batchOfAGroupFailsAlone_data()
{
    QTest::addColumn<int>("bad");
    for (int bad : {0, 1, 4})
        QTest::addRow("number %d", bad) << bad;
}

void SqliteBackendTest::batchOfAGroupFailsAlone()
{
    QFETCH(int, bad);
    auto backend = open(path());
    QVERIFY(backend);
    QVERIFY(commit(*backend, Batch().put("numbers", {one(100), std::string("there")})));
    ManualExecutor executor;
    std::map<int, Result<Committed>> answers;
    {
        const BatchGroup group(*backend);
        for (int number = 0; number < 5; ++number) {
            Batch batch;
            batch.insert("numbers", {one(number), std::string("x")});
            if (number == bad)
                batch.insert("numbers", {one(100), std::string("again")});
            backend->commit(std::move(batch), executor,
                            [&, number](Result<Committed> result) { answers.emplace(number, std::move(result)); });
            QThread::msleep(2);
        }
    }
    QVERIFY(executor.runUntil([&] { return answers.size() == 5; }));
    auto view = *backend->view();
    for (const auto &[number, answer] : answers) {
        QCOMPARE(answer.has_value(), number != bad);
        QCOMPARE((*view->get("numbers", {one(number)})).has_value(), number != bad);
    }
    QCOMPARE(answers.at(bad).error().code, ErrorCode::Conflict);
    QCOMPARE(std::get<std::string>((**view->get("numbers", {one(100)}))[1]), std::string("there"));
}

void SqliteBackendTest::fullStoreFailsTheGroupAndLosesNothing()
{
    SqliteBackend::Options options;
    options.maxBytes = 200 * 1024;
    auto backend = open(path(), childSchema(), options);
    ManualExecutor executor;
    int answered = 0;
    std::vector<int> good;
    std::set<ErrorCode> errors;
    for (int i = 0; i < 400; ++i) {
        backend->commit(Batch().put("numbers", {one(i), std::string(1000, 'x')}), executor, [&, i](Result<Committed> result) {
            ++answered;
            if (result)
                good.push_back(i);
            else
                errors.insert(result.error().code);
        });
        if (i < 50) // some groups of one, then large ones
            QVERIFY(executor.runUntil([&] { return answered == i + 1; }));
    }
    QVERIFY(executor.runUntil([&] { return answered == 400; }));
    QCOMPARE(errors, std::set<ErrorCode>{ErrorCode::StoreFull});
    QVERIFY(good.size() >= 50 && good.size() < 400);
    QCOMPARE(count(*backend, "numbers"), good.size());
    QVERIFY(commit(*backend, Batch().erase("numbers", {one(0)}))); // making room is still possible
    backend.reset();
    backend = open(path());
    QCOMPARE(count(*backend, "numbers"), good.size() - 1);
    QVERIFY(commit(*backend, Batch().put("numbers", {one(1000), std::string(100'000, 'x')})));
}

void SqliteBackendTest::fullDiskRecoversWhenThereIsSpace()
{
    Child child("fill", path());
    const QList<QByteArray> words = child.line().split(' ');
    QCOMPARE(words.size(), 4);
    QCOMPARE(words[0], QByteArray("StoreFull"));
    const int whenFull = words[1].toInt(), atEnd = words[2].toInt(), acknowledged = words[3].toInt();
    QVERIFY2(whenFull > 10, words.join(' ').constData());
    QCOMPARE(atEnd, acknowledged);
    QCOMPARE(atEnd, whenFull + 100);
    QVERIFY(child.waitForFinished());
    QCOMPARE(count(*open(path()), "numbers"), static_cast<std::size_t>(acknowledged));
}

void SqliteBackendTest::killedProcessKeepsWhatItAcknowledged() // G1, G5
{
    int last = 0;
    for (int round = 0; round < 5; ++round) {
        const std::string file = path(("store" + std::to_string(round) + ".db").c_str());
        std::vector<int> acknowledged;
        {
            Child child("commit", file);
            while (acknowledged.size() < static_cast<std::size_t>(200 + 150 * round))
                acknowledged.push_back(child.line().toInt());
            child.kill();
            child.waitForFinished();
            while (child.canReadLine())
                acknowledged.push_back(child.readLine().trimmed().toInt());
        }
        SqliteBackend::Options options;
        options.integrity = SqliteBackend::Integrity::Full;
        auto backend = open(file, childSchema(), options);
        QVERIFY(backend);
        auto view = *backend->view();
        for (int number : acknowledged) {
            QVERIFY(number > 0);
            auto row = *view->get("numbers", {one(number)});
            QVERIFY2(row.has_value(), std::to_string(number).c_str());
            QCOMPARE(std::get<std::string>((*row)[1]).size(), static_cast<std::size_t>(number % 700));
            last = std::max(last, number);
        }
        QCOMPARE(count(*backend, "numbers"), count(*backend, "log")); // both halves of a batch, or none
    }
    QVERIFY(last >= 200);
}

void SqliteBackendTest::closingAnswersEverythingThatWaits() // G18
{
    ManualExecutor executor;
    int good = 0, shutDown = 0;
    auto backend = open(path());
    for (int i = 0; i < 3000; ++i)
        backend->commit(Batch().put("numbers", {one(i), one("x")}), executor, [&](Result<Committed> r) { good += r ? 1 : 0; });
    backend->close();
    backend->commit(Batch().put("numbers", {one(-1), one("x")}), executor, [&](Result<Committed> r) {
        shutDown += !r && r.error().code == ErrorCode::ShuttingDown ? 1 : 0;
    });
    backend->read([&](Result<std::unique_ptr<ReadView>> r) { shutDown += !r && r.error().code == ErrorCode::ShuttingDown ? 1 : 0; });
    executor.runAll();
    QCOMPARE(good, 3000);
    QCOMPARE(shutDown, 2);
    QVERIFY(!QFileInfo::exists(QString::fromStdString(path("store.db-wal"))));
    QCOMPARE(count(*open(path()), "numbers"), std::size_t(3000));
}

void SqliteBackendTest::backupIsOneMomentOfAStoreInUse()
{
    auto backend = open(path());
    for (int i = 0; i < 40; ++i) {
        Batch batch;
        for (int j = 0; j < 100; ++j)
            batch.put("numbers", {one(i * 100 + j), std::string(1000, 'x')});
        QVERIFY(commit(*backend, std::move(batch)));
    }
    std::vector<int> told;
    const auto progress = [&](int percent) {
        told.push_back(percent);
        // Two rows in one batch, while the copy is made: both or none of them are in it.
        const int n = 100'000 + static_cast<int>(told.size()) * 2;
        if (!commit(*backend, Batch().put("numbers", {one(n), one("x")}).put("numbers", {one(n + 1), one("x")})))
            told.push_back(-1);
    };
    QVERIFY(backend->backup(path("copy.db"), {.progress = progress}));
    QVERIFY(told.size() > 2);
    QVERIFY(std::is_sorted(told.begin(), told.end()));
    QCOMPARE(told.back(), 100);
    QCOMPARE(count(*open(path("copy.db")), "numbers"), std::size_t(4000));
    QVERIFY(QDir(m_folder->path()).entryList({QStringLiteral("*.part-*")}).isEmpty());
    QCOMPARE(backend->backup(path("no/folder/copy.db")).error().code, ErrorCode::NotFound);
    QCOMPARE(count(*backend, "numbers"), 4000 + 2 * told.size());
}

void SqliteBackendTest::backupNeverTakesThePlaceOfAFileOfTheStore_data()
{
    QTest::addColumn<QString>("target");
    for (const char *name : {"store.db", "store.db-wal", "store.db-shm", "store.db-journal", "store.db.lock", "x/../store.db",
                             "hard", "soft", "softer", "x/soft-wal"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void SqliteBackendTest::backupNeverTakesThePlaceOfAFileOfTheStore()
{
    QFETCH(QString, target);
    auto backend = open(path());
    QVERIFY(commit(*backend, Batch().put("numbers", {one(1), one("x")})));
    QVERIFY(QDir(m_folder->path()).mkdir(QStringLiteral("x")));
    QCOMPARE(::link(path().c_str(), path("hard").c_str()), 0);
    QCOMPARE(::symlink("store.db", path("soft").c_str()), 0);
    QCOMPARE(::symlink(path("soft").c_str(), path("softer").c_str()), 0);
    QCOMPARE(::symlink("../store.db-wal", path("x/soft-wal").c_str()), 0);
    const auto refused = backend->backup(path(target.toUtf8().constData()), {.replace = true});
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::Invalid);
    QVERIFY(commit(*backend, Batch().put("numbers", {one(2), one("x")})));
    backend.reset();
    QCOMPARE(count(*open(path()), "numbers"), std::size_t(2));
}

void SqliteBackendTest::backupTakesThePlaceOfAnotherFileOnlyWhenTold()
{
    auto backend = open(path());
    QFile older(QString::fromStdString(path("older")));
    QVERIFY(older.open(QIODevice::WriteOnly) && older.write("mine") == 4);
    older.close();
    QCOMPARE(::chmod(path("older").c_str(), 0640), 0);
    QCOMPARE(backend->backup(path("older")).error().code, ErrorCode::Conflict);
    QVERIFY(older.open(QIODevice::ReadOnly));
    QCOMPARE(older.readAll(), QByteArray("mine"));
    QVERIFY(backend->backup(path("older"), {.replace = true}));
    QVERIFY(open(path("older")));
    struct stat found = {};
    QCOMPARE(::stat(path("older").c_str(), &found), 0);
    QCOMPARE(found.st_mode & 0777, mode_t(0640));
}

void SqliteBackendTest::backupThroughALinkLeavesTheLink()
{
    auto backend = open(path());
    QVERIFY(backend->backup(path("real.db")));
    QCOMPARE(::symlink("real.db", path("link.db").c_str()), 0);
    QVERIFY(backend->backup(path("link.db"), {.replace = true}));
    QVERIFY(QFileInfo(QString::fromStdString(path("link.db"))).isSymLink());
    QVERIFY(open(path("real.db")));
}

// A process that was killed leaves a log beside its store; what was acknowledged lies there.
void SqliteBackendTest::copyHoldsWhatLiesInTheWriteAheadLog()
{
    Child child("commit", path());
    int acknowledged = 0;
    while (acknowledged < 50)
        acknowledged = child.line().toInt();
    child.kill();
    child.waitForFinished();
    QVERIFY(QFileInfo(QString::fromStdString(path("store.db-wal"))).size() > 0);
    auto copy = OutputFile::create(path("copy.db"), {});
    QVERIFY(copy);
    QVERIFY(copySqliteStore(path(), *copy, {}));
    QVERIFY(copy->commit());
    QVERIFY((*open(path("copy.db"))->view())->get("numbers", {one(acknowledged)}).value().has_value());
}

void SqliteBackendTest::emptyFileIsCorruptUnlessTheStoreMayBeginAnew()
{
    QVERIFY(commit(*open(path()), Batch().put("numbers", {one(1), one("x")})));
    QCOMPARE(::truncate(path().c_str(), 0), 0);
    QCOMPARE(openError(path()), ErrorCode::Corrupt);
    SqliteBackend::Options options;
    options.readOnly = true;
    QCOMPARE(openError(path(), childSchema(), options), ErrorCode::Corrupt);
    options.readOnly = false;
    options.beginAnew = true;
    QCOMPARE(count(*open(path(), childSchema(), options), "numbers"), std::size_t(0));
    QCOMPARE(count(*open(path()), "numbers"), std::size_t(0));
}

void SqliteBackendTest::writeAheadLogWithoutItsStoreIsKept()
{
    Child child("commit", path());
    while (child.line().toInt() < 50) {
    }
    child.kill();
    child.waitForFinished();
    const QString wal = QString::fromStdString(path("store.db-wal"));
    const qint64 bytes = QFileInfo(wal).size();
    QCOMPARE(::rename(path().c_str(), path("elsewhere").c_str()), 0);
    QCOMPARE(openError(path()), ErrorCode::Corrupt);
    QCOMPARE(QFileInfo(wal).size(), bytes);
    QCOMPARE(::rename(path("elsewhere").c_str(), path().c_str()), 0);
    QVERIFY(count(*open(path()), "numbers") >= 50);
}

void SqliteBackendTest::lostFileTakesNoEdits_data()
{
    QTest::addColumn<bool>("replaced");
    QTest::newRow("removed") << false;
    QTest::newRow("replaced by a copy") << true;
}

void SqliteBackendTest::lostFileTakesNoEdits()
{
    QFETCH(bool, replaced);
    Metrics metrics;
    SqliteBackend::Options options;
    options.metrics = &metrics;
    auto backend = open(path(), childSchema(), options);
    QVERIFY(commit(*backend, Batch().put("numbers", {one(1), one("x")})));
    QVERIFY(!backend->health().problem);
    QCOMPARE(count(*backend, "numbers"), std::size_t(1)); // by a connection that stays open
    if (replaced) {
        QVERIFY(backend->backup(path("copy.db")));
        QCOMPARE(::rename(path("copy.db").c_str(), path().c_str()), 0);
    } else {
        QCOMPARE(::unlink(path().c_str()), 0);
    }
    QCOMPARE(backend->health().problem.value().code, ErrorCode::IoError); // before anybody writes
    QVERIFY(!backend->health().wantsReopening);
    QVERIFY2(metrics.toPrometheus().find("eventsync_store_failing 1") != std::string::npos, metrics.toPrometheus().c_str());
    const auto refused = commit(*backend, Batch().put("numbers", {one(2), one("x")}));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::IoError);
    QCOMPARE(commit(*backend, Batch().put("numbers", {one(3), one("x")})).error().code, ErrorCode::IoError);
    QVERIFY((*backend->view())->get("numbers", {one(1)}).value().has_value()); // what is there can still be read
}

void SqliteBackendTest::healthSaysWhyCommitsFail()
{
    SqliteBackend::Options options;
    options.maxBytes = 256 * 1024;
    auto backend = open(path(), childSchema(), options);
    QVERIFY(!backend->health().problem);
    QCOMPARE(commit(*backend, Batch().put("numbers", {one(1), std::string(400'000, 'x')})).error().code, ErrorCode::StoreFull);
    QCOMPARE(backend->health().problem.value().code, ErrorCode::StoreFull);
    QVERIFY(commit(*backend, Batch().put("numbers", {one(1), one("x")})));
    QVERIFY(!backend->health().problem);
    // What a batch brings upon itself says nothing of the store.
    QCOMPARE(commit(*backend, Batch().insert("numbers", {one(1), one("x")})).error().code, ErrorCode::Conflict);
    QVERIFY(!backend->health().problem);
}

// The kernel may report the next fsync as good although it dropped what the failed one was for.
void SqliteBackendTest::failedFsyncTakesNoMoreEdits()
{
    FailingSync disk;
    auto backend = open(path());
    QVERIFY(commit(*backend, Batch().put("numbers", {one(1), one("x")})));
    disk.fails = true;
    QCOMPARE(commit(*backend, Batch().put("numbers", {one(2), one("x")})).error().code, ErrorCode::IoError);
    disk.fails = false;
    QCOMPARE(commit(*backend, Batch().put("numbers", {one(3), one("x")})).error().code, ErrorCode::IoError);
    QCOMPARE(backend->health().problem.value().code, ErrorCode::IoError);
    QVERIFY(backend->health().wantsReopening);
    backend.reset();
    backend = open(path());
    QVERIFY(commit(*backend, Batch().put("numbers", {one(3), one("x")})));
    QVERIFY(!backend->health().problem);
}

void SqliteBackendTest::spaceOfErasedRowsIsGivenBack_data()
{
    QTest::addColumn<bool>("older"); // made before a store could give back a part at a time
    QTest::addColumn<Vacuum>("how");
    QTest::addColumn<bool>("smaller");
    QTest::newRow("a part at a time") << false << Vacuum::Freed << true;
    QTest::newRow("older store") << true << Vacuum::Freed << false;
    QTest::newRow("older store, written anew") << true << Vacuum::Whole << true;
}

void SqliteBackendTest::spaceOfErasedRowsIsGivenBack()
{
    QFETCH(bool, older);
    QFETCH(Vacuum, how);
    QFETCH(bool, smaller);
    auto backend = open(path());
    for (int i = 0; i < 20; ++i) {
        Batch batch;
        for (int j = 0; j < 20; ++j)
            batch.put("numbers", {one(i * 20 + j), std::string(50'000, 'x')});
        QVERIFY(commit(*backend, std::move(batch)));
    }
    if (older) {
        backend.reset();
        auto connection = SqliteConnection::open(path(), SqliteConnection::Access::ReadWrite);
        QVERIFY(connection && connection->execute("PRAGMA journal_mode = DELETE") && connection->execute("PRAGMA auto_vacuum = NONE")
                && connection->execute("VACUUM"));
        *connection = SqliteConnection();
        backend = open(path());
    }
    QVERIFY(commit(*backend, Batch().erase("numbers", {})));
    ManualExecutor executor;
    std::optional<Result<VacuumResult>> vacuumed;
    backend->vacuum(how, executor, [&](Result<VacuumResult> result) { vacuumed = std::move(result); });
    QVERIFY(commit(*backend, Batch().put("numbers", {one(7), one("x")}))); // commits go between
    QVERIFY(executor.runUntil([&] { return vacuumed.has_value(); }));
    QVERIFY2(vacuumed->has_value(), vacuumed->has_value() ? "" : vacuumed->error().toString().c_str());
    QCOMPARE((*vacuumed)->bytes > 15'000'000, smaller);
    QCOMPARE((*vacuumed)->free > 15'000'000, !smaller);
    backend.reset();
    const qint64 bytes = QFileInfo(QString::fromStdString(path())).size();
    QVERIFY2((bytes < 1'000'000) == smaller, QByteArray::number(bytes).constData());
    QCOMPARE(count(*open(path()), "numbers"), std::size_t(1));
}

void SqliteBackendTest::writeAheadLogIsMeasured()
{
    Metrics metrics;
    SqliteBackend::Options options;
    options.metrics = &metrics;
    auto backend = open(path(), childSchema(), options);
    const auto reader = backend->view(); // keeps the log from being cut back
    for (int i = 0; i < 10; ++i)
        QVERIFY(commit(*backend, Batch().put("numbers", {one(i), std::string(100'000, 'x')})));
    const qint64 bytes = QFileInfo(QString::fromStdString(path("store.db-wal"))).size();
    QVERIFY(bytes > 1'000'000);
    const std::string line = "eventsync_store_wal_bytes " + std::to_string(bytes) + '\n';
    QVERIFY2(metrics.toPrometheus().find(line) != std::string::npos, metrics.toPrometheus().c_str());
}

// The log begins anew while the store is in use, although commits never pause.
void SqliteBackendTest::writeAheadLogIsBroughtIntoTheStoreMeanwhile()
{
    const auto backend = open(path());
    constexpr std::int64_t kPage = 4'096, kBytes = 3 * limits::kWalLongestPages * kPage;
    for (std::int64_t written = 0, i = 0; written < kBytes; written += 1'000'000, ++i)
        QVERIFY(commit(*backend, Batch().put("numbers", {one(i % 20), std::string(1'000'000, 'x')})));
    const auto bytesOf = [this](const char *name) { return QFileInfo(QString::fromStdString(path(name))).size(); };
    QVERIFY2(bytesOf("store.db-wal") <= limits::kWalLongestPages * kPage + 8'000'000, QByteArray::number(bytesOf("store.db-wal")).constData());
    QVERIFY(bytesOf("store.db") > 10'000'000);
    QCOMPARE(count(*backend, "numbers"), std::size_t(20));
}

void SqliteBackendTest::fileMadeByRootBelongsToTheFoldersOwner()
{
    if (::geteuid() != 0)
        QSKIP("only root makes files for others");
    constexpr uid_t kSomebody = 54'321;
    QCOMPARE(::chown(m_folder->path().toUtf8().constData(), kSomebody, kSomebody), 0);
    auto backend = open(path());
    QVERIFY(commit(*backend, Batch().put("numbers", {one(1), one("x")})));
    for (const char *name : {"store.db", "store.db-wal", "store.db-shm", "store.db.lock"}) {
        struct stat found = {};
        QCOMPARE(::stat(path(name).c_str(), &found), 0);
        QCOMPARE(found.st_uid, kSomebody);
        QCOMPARE(found.st_gid, gid_t(kSomebody));
    }
}

void SqliteBackendTest::durabilityIsNamed()
{
    const std::pair<SqliteBackend::Durability, const char *> all[] = {{SqliteBackend::Durability::Full, "full"},
                                                                      {SqliteBackend::Durability::Normal, "normal"},
                                                                      {SqliteBackend::Durability::Off, "off"}};
    for (const auto &[durability, name] : all) {
        SqliteBackend::Options options;
        options.durability = durability;
        auto backend = open(path(), childSchema(), options);
        QCOMPARE(backend->durability(), name);
        QVERIFY(commit(*backend, Batch().put("numbers", {one(1), one("x")})));
    }
}

// The statements of sqliteview.cpp in the form that it gives them, over the layouts of sqliteschema.cpp: SQLite must answer
// each from an index in order. A sort would make the first row of a long scan as dear as all of them.
void SqliteBackendTest::scansNeverSort()
{
    using enum ColumnType;
    const Schema schema{1, {{"plain", {{"a", Text}, {"b", Integer}, {"c", Text}, {"d", Blob}}, 2, {{"by_c", {"c"}}}},
                            {"small", {{"a", Text}, {"b", Integer}, {"c", Integer}}, 2, {{"by_c", {"c"}}}},
                            {"log", {{"n", Integer}, {"c", Text}, {"e", Integer}}, 1, {{"by_c", {"c", "e"}, true}}, true}}};
    auto backend = open(path(), schema);
    QVERIFY(backend);
    backend.reset();
    const char *statements[] = {
        "SELECT * FROM plain INDEXED BY plain__key ORDER BY a, b",
        "SELECT * FROM plain INDEXED BY plain__key WHERE a = ? AND b >= ? ORDER BY b DESC",
        "SELECT * FROM plain INDEXED BY plain__by_c WHERE c IS ? ORDER BY a, b",
        "SELECT * FROM plain INDEXED BY plain__by_c ORDER BY c, a, b",
        "SELECT * FROM small ORDER BY a, b",
        "SELECT * FROM small INDEXED BY small__by_c WHERE c IS ? AND a >= ? ORDER BY a, b",
        "SELECT * FROM log WHERE n >= ? ORDER BY n",
        "SELECT * FROM log INDEXED BY log__by_c WHERE c IS ? AND e >= ? ORDER BY e, n",
    };
    sqlite3 *db = nullptr;
    QCOMPARE(sqlite3_open(path().c_str(), &db), SQLITE_OK);
    for (const char *statement : statements) {
        sqlite3_stmt *plan = nullptr;
        QCOMPARE(sqlite3_prepare_v2(db, (std::string("EXPLAIN QUERY PLAN ") + statement).c_str(), -1, &plan, nullptr), SQLITE_OK);
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const QByteArray line(reinterpret_cast<const char *>(sqlite3_column_text(plan, 3)));
            QVERIFY2(!line.startsWith("USE TEMP B-TREE FOR ORDER BY"), (statement + QByteArray(": ") + line).constData());
        }
        sqlite3_finalize(plan);
    }
    sqlite3_close(db);
}

} // namespace eventsync::test
