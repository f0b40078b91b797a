// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <cstddef>
#include <memory>

namespace eventsync::storage {

/// A Backend in memory, for tests, the simulation and servers that keep nothing. It has the meaning of the durable ones, and
/// beyond them what a simulation needs: its durable state can be kept and put back, a crash loses what was on its way, and
/// faults can be ordered. Deterministic: the same calls in the same order give the same rows, answers and positions.
///
/// States are shared, not copied: a view or an image costs one reference; the first change of a set after that copies the
/// set's maps (not its rows). Reads run at once, on the calling thread. Any thread.
class MemoryBackend final : public Backend
{
public:
    enum class Completion {
        AtOnce,   ///< commit() applies the batch, and posts `done`
        InFlight, ///< commit() keeps the batch on its way; a task posted to the executor applies it and calls `done`
    };
    /// The durable state of one moment. Value type, cheap to copy; holds for as long as anybody keeps it.
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

    /// The program died: of the batches in flight the oldest `survivors` became durable, the others are lost. No `done` that
    /// has not been called yet will be, those of batches already applied included.
    void crash(std::size_t survivors = 0);
    std::size_t inFlight() const;

    enum class Fault {
        Refused,  ///< nothing is changed, the error comes back
        Answered, ///< the batch is applied, the error comes back all the same: a result unknown to the caller
    };
    /// The next `count` commits that are applied end with `error`.
    void failNextCommits(Error error, int count = 1, Fault fault = Fault::Refused);

private:
    struct Store;
    std::shared_ptr<Store> m_store;
};

} // namespace eventsync::storage
