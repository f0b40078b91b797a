// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <memory>

namespace eventsync::storage {

/// A backend as the engine calls it. Backends may be written by the user of the library, and may throw (base/guard.h): what is
/// thrown is the answer `Invalid` of that one commit or read. Owns its backend or not; any thread.
class GuardedBackend final : public Backend
{
public:
    explicit GuardedBackend(Backend &backend) : m_backend(backend) {}
    explicit GuardedBackend(std::unique_ptr<Backend> backend) : m_owned(std::move(backend)), m_backend(*m_owned) {}

    void commit(Batch batch, Executor &executor, CommitDone done) override;
    void beginGroup() override;
    void endGroup() override;
    void read(ReadTask task) override;
    Result<std::unique_ptr<ReadView>> view() override;
    std::string durability() const override;
    Result<> backup(const std::string &path, const BackupOptions &options) override;
    Health health() override;
    void vacuum(Vacuum how, Executor &executor, std::function<void(Result<VacuumResult>)> done) override;

private:
    std::unique_ptr<Backend> m_owned;
    Backend &m_backend;
};

} // namespace eventsync::storage
