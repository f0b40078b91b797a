// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/executors.h>
#include <support/fakeclock.h>

#include <eventsync/eventlog/eventsourcedstorage.h>
#include <eventsync/eventlog/documentengine.h>
#include <eventsync/storage/memorybackend.h>

#include <QTemporaryDir>

#include <memory>

namespace eventsync::test {

// A store with logs on one backend or another, with an engine and the storages over it, driven by hand.
class LogWorld
{
public:
    enum class Kind { Memory, InFlight, Sqlite }; // InFlight: memory whose commits a crash can lose
    explicit LogWorld(Kind kind, std::int64_t snapshotEvery = 0, CollectionPolicy policy = {},
                      DocumentKind documentKind = DocumentKind::Json);
    ~LogWorld();

    void open();  // a new engine on the same store: the program starts
    void close(); // the program ends; what waits is dropped
    void reopenStore();

    template<class T>
    Result<T> wait(QFuture<Result<T>> future)
    {
        for (int tries = 0; tries < 5'000; ++tries) { // a future that ends on a reader's thread wakes nobody here
            if (executor.runUntil([&] { return future.isFinished(); }, std::chrono::milliseconds(2)))
                return future.result();
        }
        return failure(ErrorCode::Timeout, "the future did not end");
    }
    void settle(); // until the derived rows are written
    Result<> change(storage::Batch batch); // behind everybody's back
    std::unique_ptr<storage::ReadView> view();
    std::vector<storage::Row> rows(const std::string &set);
    // The document `id` with `events` events of the clients a and b in turn: {"n": 1}, {"n": 2}, ...
    void write(const DocumentId &id, int events);
    Result<storage::EditResult> set(const DocumentId &id, const std::string &client, std::int64_t n);
    storage::MemoryBackend &memory() { return static_cast<storage::MemoryBackend &>(*backend); }

    eventlog::MaintenanceRules maintenance; // of the next engine
    const Kind kind;
    const CollectionName collection{"games"};
    FakeClock clock;
    SeededRandom random{7};
    ManualExecutor executor;
    std::unique_ptr<storage::Backend> backend;
    std::unique_ptr<eventlog::DocumentEngine> engine;
    std::unique_ptr<eventlog::EventSourcedStorage> documents;

private:
    QTemporaryDir m_folder;
    const std::int64_t m_snapshotEvery;
    const CollectionPolicy m_policy;
    const DocumentKind m_documentKind;
};

} // namespace eventsync::test

Q_DECLARE_METATYPE(eventsync::test::LogWorld::Kind)
