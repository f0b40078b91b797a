// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <memory>

namespace eventsync::storage {

/// Calls a backend inside the exception boundary (base/guard.h). A user of the library may write a backend, and it may throw:
/// the commit or read then fails with `Invalid`. Owns its backend or refers to it. Any thread.
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
