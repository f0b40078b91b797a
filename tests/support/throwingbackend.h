// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/memorybackend.h>

#include <stdexcept>

namespace eventsync::test {

// A backend as its user might have written it: it throws where it should answer.
class ThrowingBackend final : public storage::Backend
{
public:
    explicit ThrowingBackend(storage::Schema schema) : m_memory(std::move(schema)) {}

    bool throwsAtCommit = false, throwsAtRead = false;

    void commit(storage::Batch batch, Executor &executor, CommitDone done) override
    {
        if (throwsAtCommit)
            throw std::runtime_error("no disk");
        m_memory.commit(std::move(batch), executor, std::move(done));
    }
    void read(ReadTask task) override
    {
        if (throwsAtRead)
            throw std::runtime_error("no disk");
        m_memory.read(std::move(task));
    }
    Result<std::unique_ptr<storage::ReadView>> view() override
    {
        if (throwsAtRead)
            throw std::runtime_error("no disk");
        return m_memory.view();
    }
    std::string durability() const override { return m_memory.durability(); }
    Result<> backup(const std::string &path, const storage::BackupOptions &options) override
    {
        return m_memory.backup(path, options);
    }

private:
    storage::MemoryBackend m_memory;
};

} // namespace eventsync::test
