// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <cstddef>
#include <memory>

namespace eventsync::storage {

/// A Backend in memory, for tests, the simulation and servers without a store. It behaves like the durable ones, and has
/// additional functions for simulations: its durable state can be saved and restored, a crash loses batches in flight, and
/// faults can be requested. Deterministic: the same calls in the same order give the same rows, answers and positions.
///
/// States are shared, not copied: a view or an image costs one reference; the first change of a set after that copies the set's
/// maps (not its rows). Reads run at once, on the calling thread. Any thread.
class MemoryBackend final : public Backend
{
public:
    enum class Completion {
        AtOnce,   ///< commit() applies the batch, and posts `done`
        InFlight, ///< commit() keeps the batch in flight; a task posted to the executor applies it and calls `done`
    };
    /// The durable state at one moment. Value type, cheap to copy; it does not change while the backend does.
    class Image
    {
    public:
        Image() = default;

    private:
        friend class MemoryBackend;
        std::shared_ptr<const void> m_tables;
    };

    explicit MemoryBackend(Schema schema, Completion completion = Completion::AtOnce);
    ~MemoryBackend() override; ///< what is in flight is still applied and answered when its executor runs

    void commit(Batch batch, Executor &executor, CommitDone done) override;
    void read(ReadTask task) override;
    Result<std::unique_ptr<ReadView>> view() override;
    std::string durability() const override { return "memory"; }
    Result<> backup(const std::string &path, const BackupOptions &options) override; ///< Unavailable

    Image snapshot() const;
    /// Replaces the durable state; besides that the same as crash(). The image is one of a backend with the same schema.
    void restore(const Image &image);

    /// Simulates a crash of the program: the oldest `survivors` of the batches in flight become durable, the others are lost.
    /// No `done` is called any more, not even for batches that were applied.
    void crash(std::size_t survivors = 0);
    std::size_t inFlight() const;

    enum class Fault {
        Refused,  ///< nothing is changed, the error is returned
        Answered, ///< the batch is applied and the error is returned: a commit with an unknown result
    };
    /// The next `count` applied commits end with `error`.
    void failNextCommits(Error error, int count = 1, Fault fault = Fault::Refused);

private:
    struct Store;
    std::shared_ptr<Store> m_store;
};

} // namespace eventsync::storage
