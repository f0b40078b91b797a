// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/memorybackend.h>

#include <eventsync/storage/memorytables_p.h>

#include <deque>
#include <map>
#include <mutex>
#include <optional>

namespace eventsync::storage {

// Shared with posted tasks, so that a task that runs after the backend was destroyed finds its answer, and one that runs after
// a crash detects that it belongs to the time before.
struct MemoryBackend::Store : std::enable_shared_from_this<MemoryBackend::Store>
{
    struct Pending
    {
        std::uint64_t number;
        Batch batch;
        CommitDone done;
    };
    struct Answer
    {
        CommitDone done;
        Result<Committed> result;
    };

    Store(Schema schema, Completion how)
        : writer(std::make_shared<const SchemaMap>(std::move(schema))), completion(how)
    {
    }

    Result<Committed> apply(Batch &batch)
    {
        if (faults == 0)
            return writer.apply(batch);
        --faults;
        if (fault == Fault::Answered) {
            if (auto applied = writer.apply(batch); !applied)
                return applied;
        }
        return failure(faultError);
    }

    // The batches are applied in the order of commit(), on any executors: a task whose batch is not the oldest applies the
    // older ones first. Their own tasks call `done`, because it belongs to its caller's executor.
    std::optional<Answer> answer(std::uint64_t number)
    {
        while (!pending.empty() && pending.front().number <= number) {
            Pending oldest = std::move(pending.front());
            pending.pop_front();
            auto result = apply(oldest.batch);
            answers.emplace(oldest.number, Answer{std::move(oldest.done), std::move(result)});
        }
        auto own = answers.extract(number);
        return own ? std::optional(std::move(own.mapped())) : std::nullopt;
    }

    void loseInFlight()
    {
        ++life;
        pending.clear();
        answers.clear();
    }

    mutable std::mutex mutex;
    MemoryWriter writer;
    const Completion completion;
    std::deque<Pending> pending;
    std::map<std::uint64_t, Answer> answers; // of batches that the task of a later one applied
    std::uint64_t commits = 0;
    std::uint64_t life = 0;
    int faults = 0;
    Fault fault = Fault::Refused;
    Error faultError;
};

MemoryBackend::MemoryBackend(Schema schema, Completion completion)
    : m_store(std::make_shared<Store>(std::move(schema), completion))
{
}

MemoryBackend::~MemoryBackend() = default;

void MemoryBackend::commit(Batch batch, Executor &executor, CommitDone done)
{
    const std::lock_guard lock(m_store->mutex);
    const std::uint64_t life = m_store->life;
    if (m_store->completion == Completion::AtOnce) {
        auto result = m_store->apply(batch);
        executor.post([store = m_store, life, done = std::move(done), result = std::move(result)]() mutable {
            {
                const std::lock_guard inner(store->mutex);
                if (store->life != life)
                    return;
            }
            done(std::move(result));
        });
        return;
    }
    const std::uint64_t number = ++m_store->commits;
    m_store->pending.push_back({number, std::move(batch), std::move(done)});
    executor.post([store = m_store, life, number] {
        std::unique_lock inner(store->mutex);
        if (store->life != life)
            return;
        auto answer = store->answer(number);
        inner.unlock();
        if (answer)
            answer->done(std::move(answer->result));
    });
}

void MemoryBackend::read(ReadTask task)
{
    task(view());
}

Result<std::unique_ptr<ReadView>> MemoryBackend::view()
{
    const std::lock_guard lock(m_store->mutex);
    auto tables = m_store->writer.tables();
    // Released under the mutex as well, because the writer checks whether it is the only owner and then changes the tables in
    // place.
    const MemoryTables *const raw = tables.get();
    std::shared_ptr<const MemoryTables> guarded(raw, [store = m_store, tables = std::move(tables)](auto *) mutable {
        const std::lock_guard inner(store->mutex);
        tables.reset();
    });
    return std::unique_ptr<ReadView>(std::make_unique<MemoryView>(m_store->writer.sharedSchema(), std::move(guarded)));
}

Result<> MemoryBackend::backup(const std::string &, const BackupOptions &)
{
    return failure(ErrorCode::Unavailable, "a store in memory has no file to copy");
}

MemoryBackend::Image MemoryBackend::snapshot() const
{
    const std::lock_guard lock(m_store->mutex);
    Image image;
    image.m_tables = m_store->writer.tables();
    return image;
}

void MemoryBackend::restore(const Image &image)
{
    const std::lock_guard lock(m_store->mutex);
    m_store->loseInFlight();
    m_store->writer.setTables(std::static_pointer_cast<const MemoryTables>(image.m_tables));
}

void MemoryBackend::crash(std::size_t survivors)
{
    const std::lock_guard lock(m_store->mutex);
    for (; survivors > 0 && !m_store->pending.empty(); --survivors) {
        // The result is not reported any more.
        static_cast<void>(m_store->apply(m_store->pending.front().batch));
        m_store->pending.pop_front();
    }
    m_store->loseInFlight();
}

std::size_t MemoryBackend::inFlight() const
{
    const std::lock_guard lock(m_store->mutex);
    return m_store->pending.size();
}

void MemoryBackend::failNextCommits(Error error, int count, Fault fault)
{
    const std::lock_guard lock(m_store->mutex);
    m_store->faultError = std::move(error);
    m_store->faults = count;
    m_store->fault = fault;
}

} // namespace eventsync::storage
