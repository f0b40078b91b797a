// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>
#include <eventsync/crdtsync/synccore.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <memory>

namespace eventsync::crdtsync {

/// The patches of one document that this node has, and the snapshot it began from, if it did. Any thread.
class PatchStore
{
public:
    using Done = std::function<void(Result<>)>;
    struct Page
    {
        std::vector<NumberedPatch> patches;
        bool more = false; ///< than fitted
    };
    using Read = std::function<void(Result<Page>)>;
    struct Stored
    {
        std::optional<SnapshotMessage> snapshot;
        std::vector<NumberedPatch> patches; ///< in the order in which they were stored
    };

    virtual ~PatchStore() = default;

    /// All of the steps or none. `done` is posted to `executor` when they are durable. Conflict: a patch of that id is there
    /// with other content (the same one again is no error); or an error of the store.
    virtual void store(std::vector<Effects::StoreStep> steps, Executor &executor, Done done) = 0;
    /// Those of the ranges that are there, in order, up to about `bytes` (at least one).
    virtual void read(std::vector<PatchRange> ranges, std::size_t bytes, Executor &executor, Read done) = 0;
    /// Every patch that the vector does not have.
    virtual void readBeyond(VersionVector vector, Executor &executor, Read done) = 0;
    virtual Result<Stored> load() = 0; ///< at the start; blocks
};

/// Over a storage::Backend that was opened with schema(). One backend per document.
class BackendPatchStore : public PatchStore
{
public:
    static storage::Schema schema();
    explicit BackendPatchStore(std::shared_ptr<storage::Backend> backend) : m_backend(std::move(backend)) {}

    void store(std::vector<Effects::StoreStep> steps, Executor &executor, Done done) override;
    void read(std::vector<PatchRange> ranges, std::size_t bytes, Executor &executor, Read done) override;
    void readBeyond(VersionVector vector, Executor &executor, Read done) override;
    Result<Stored> load() override;

private:
    std::shared_ptr<storage::Backend> m_backend;
};

/// In memory, for tests, and for nodes that fetch everything from others again (under a new session).
class MemoryPatchStore final : public BackendPatchStore
{
public:
    MemoryPatchStore();
};

/// In one SQLite file. Errors as SqliteBackend::open.
class SqlitePatchStore final : public BackendPatchStore
{
public:
    static Result<std::unique_ptr<SqlitePatchStore>> open(const std::string &path);

private:
    using BackendPatchStore::BackendPatchStore;
};

} // namespace eventsync::crdtsync
