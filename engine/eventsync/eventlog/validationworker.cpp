// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/validationworker_p.h>

#include <algorithm>
#include <map>
#include <utility>

namespace eventsync::eventlog {

namespace {

constexpr auto kCostly = std::chrono::milliseconds(2);
constexpr std::size_t kCostlyCollections = 1'000;

// That a core without rules of its own may ask for.
void addCollections(const Job &job, std::set<CollectionName> &collections)
{
    if (const auto *push = std::get_if<PushedEvents>(&job.submission.work)) {
        for (const EventPtr &event : push->events)
            collections.insert(event->collection);
    } else {
        collections.insert(std::get<DocumentWrite>(job.submission.work).collection);
    }
}

} // namespace

bool ValidationWorker::wants(const DocumentCore &core, const std::vector<JobPtr> &jobs) const
{
    if (!m_state.options.worker)
        return false;
    std::size_t bytes = core.heldBytes();
    std::set<CollectionName> collections;
    for (const JobPtr &job : jobs) {
        if (const auto *push = std::get_if<PushedEvents>(&job->submission.work)) {
            bytes += push->bytes;
        } else {
            const auto &write = std::get<DocumentWrite>(job->submission.work);
            if (write.edit && !write.editsAnywhere)
                return false; // code that was promised this thread
            bytes += write.bytes;
        }
        if (!m_costly.empty() && !core.collection())
            addCollections(*job, collections);
    }
    if (bytes > m_state.options.lightBytes)
        return true;
    if (const auto collection = core.collection())
        return m_costly.contains(*collection);
    return std::any_of(collections.begin(), collections.end(), [this](const CollectionName &name) { return m_costly.contains(name); });
}

void ValidationWorker::noteCost(const DocumentCore &core, const std::vector<ValidatedJob> &jobs, std::chrono::milliseconds took)
{
    const bool isCostly = took >= kCostly;
    if (!m_state.options.worker || (!isCostly && m_costly.empty()))
        return;
    std::set<CollectionName> collections;
    if (const auto known = core.collection()) {
        collections.insert(*known);
    } else {
        for (const ValidatedJob &one : jobs)
            addCollections(*one.job, collections);
    }
    for (const CollectionName &collection : collections) {
        if (!isCostly)
            m_costly.erase(collection);
        else if (m_costly.size() < kCostlyCollections)
            m_costly.insert(collection);
    }
}

void ValidationWorker::validate(WorkPtr work, std::function<void(Work &)> done)
{
    std::map<CollectionName, RulesPtr> offered;
    if (!work->core->rules()) {
        std::set<CollectionName> collections;
        for (const JobPtr &job : work->jobs)
            addCollections(*job, collections);
        for (const CollectionName &collection : collections)
            offered.emplace(collection, m_state.rules.of(collection));
    }
    work->core->offerRules(std::move(offered));
    // Everything goes back with the answer: nothing of it may end on the worker's thread.
    m_state.options.worker->post([this, work = std::move(work), done = std::move(done), post = m_state.store.poster(), &clock = m_state.clock]() mutable {
        const auto begin = clock.steady();
        work->validated = eventlog::validate(*work->core, std::move(work->jobs), work->known, std::move(work->forked), work->limits);
        const auto took = clock.steady() - begin;
        post([this, work = std::move(work), done = std::move(done), took] {
            work->core->offerRules({});
            noteCost(*work->core, work->validated.done, took);
            done(*work);
        });
    });
}

} // namespace eventsync::eventlog
