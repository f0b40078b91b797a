// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/guardedbackend.h>

#include <eventsync/base/guard.h>
#include <eventsync/storage/logging.h>

#include <atomic>

namespace eventsync::storage {

namespace {

class GuardedView final : public ReadView
{
public:
    explicit GuardedView(std::unique_ptr<ReadView> view) : m_view(std::move(view)) {}

    Result<std::optional<Row>> get(const std::string &set, const Key &key) override
    {
        return guarded([&] { return m_view->get(set, key); });
    }
    Result<std::optional<Row>> getBy(const std::string &set, const std::string &index, const Key &cells) override
    {
        return guarded([&] { return m_view->getBy(set, index, cells); });
    }
    Result<> scan(const Scan &scan, const std::function<bool(const Row &)> &visit) override
    {
        return guarded([&] { return m_view->scan(scan, visit); });
    }

private:
    std::unique_ptr<ReadView> m_view;
};

Result<std::unique_ptr<ReadView>> guardedView(Result<std::unique_ptr<ReadView>> view)
{
    if (!view)
        return failure(view.error());
    return std::unique_ptr<ReadView>(std::make_unique<GuardedView>(std::move(*view)));
}

// A callback that is called at most once, although a backend may throw after it has accepted the request.
template<class Answer>
class AnswerOnce
{
public:
    explicit AnswerOnce(std::function<void(Answer)> answer) : m_answer(std::move(answer)) {}
    void operator()(Answer answer)
    {
        if (!m_given.exchange(true))
            m_answer(std::move(answer));
    }

private:
    std::function<void(Answer)> m_answer;
    std::atomic<bool> m_given{false};
};

} // namespace

void GuardedBackend::commit(Batch batch, Executor &executor, CommitDone done)
{
    const auto once = std::make_shared<AnswerOnce<Result<Committed>>>(std::move(done));
    const auto called = guarded([&] {
        m_backend.commit(std::move(batch), executor, [once](Result<Committed> committed) { (*once)(std::move(committed)); });
    });
    if (!called)
        executor.post([once, error = called.error()] { (*once)(failure(error)); });
}

void GuardedBackend::read(ReadTask task)
{
    const auto once = std::make_shared<AnswerOnce<Result<std::unique_ptr<ReadView>>>>(std::move(task));
    const auto called = guarded([&] {
        m_backend.read([once](Result<std::unique_ptr<ReadView>> view) { (*once)(guardedView(std::move(view))); });
    });
    if (!called)
        (*once)(failure(called.error()));
}

Result<std::unique_ptr<ReadView>> GuardedBackend::view()
{
    return guardedView(guarded([&] { return m_backend.view(); }));
}

void GuardedBackend::beginGroup()
{
    callListener(lcStorage(), "the backend's beginGroup", [&] { m_backend.beginGroup(); });
}

void GuardedBackend::endGroup()
{
    callListener(lcStorage(), "the backend's endGroup", [&] { m_backend.endGroup(); });
}

std::string GuardedBackend::durability() const
{
    return guarded([&] { return m_backend.durability(); }).value_or(std::string());
}

Result<> GuardedBackend::backup(const std::string &path, const BackupOptions &options)
{
    return guarded([&] { return m_backend.backup(path, options); });
}

Health GuardedBackend::health()
{
    auto health = guarded([&] { return m_backend.health(); });
    return health ? std::move(*health) : Health{.problem = health.error()};
}

void GuardedBackend::vacuum(Vacuum how, Executor &executor, std::function<void(Result<VacuumResult>)> done)
{
    const auto once = std::make_shared<AnswerOnce<Result<VacuumResult>>>(std::move(done));
    const auto called = guarded([&] {
        m_backend.vacuum(how, executor, [once](Result<VacuumResult> vacuumed) { (*once)(std::move(vacuumed)); });
    });
    if (!called)
        executor.post([once, error = called.error()] { (*once)(failure(error)); });
}

} // namespace eventsync::storage
