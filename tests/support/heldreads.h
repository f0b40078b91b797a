// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <deque>
#include <utility>

namespace eventsync::test {

// Another backend, whose readers are busy until the test lets them read. Owner only.
class HeldReads final : public storage::Backend
{
public:
    explicit HeldReads(storage::Backend &backend) : m_backend(backend) {}

    void commit(storage::Batch batch, Executor &executor, CommitDone done) override
    {
        m_backend.commit(std::move(batch), executor, std::move(done));
    }
    void read(ReadTask task) override { m_held.push_back(std::move(task)); }
    Result<std::unique_ptr<storage::ReadView>> view() override { return m_backend.view(); }
    std::string durability() const override { return m_backend.durability(); }
    Result<> backup(const std::string &path, const storage::BackupOptions &options) override { return m_backend.backup(path, options); }

    std::size_t held() const { return m_held.size(); }
    void readOne()
    {
        const ReadTask task = std::move(m_held.front());
        m_held.pop_front();
        m_backend.read(task);
    }
    void readAll() // what they lead to included
    {
        while (!m_held.empty())
            readOne();
    }

private:
    storage::Backend &m_backend;
    std::deque<ReadTask> m_held;
};

} // namespace eventsync::test
