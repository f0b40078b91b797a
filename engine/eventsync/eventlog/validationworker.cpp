// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/validationworker_p.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace eventsync::eventlog {

namespace {

// An edit that took so long costs its collection a point, or as many as make it costly; one that took less gives a point back.
constexpr auto kLong = std::chrono::milliseconds(2), kVeryLong = std::chrono::milliseconds(20);
constexpr int kCostlyPoints = 3, kMostPoints = 6;
constexpr std::size_t kCostlyCollections = 1'000;

constexpr std::int64_t kLightUnseen = 100; // events that a push is compared with

// The rules that a core without rules may need.
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
    // The last events, which every document in use has in memory, cost nothing but those that an author has not seen.
    std::size_t bytes = core.stateBytes();
    std::int64_t unseen = 0;
    std::set<CollectionName> collections;
    for (const JobPtr &job : jobs) {
        if (const auto *push = std::get_if<PushedEvents>(&job->submission.work)) {
            bytes += push->bytes;
            for (const EventPtr &event : push->events)
                unseen = std::max(unseen, core.log().head().serverSeq - event->baseSeq);
        } else {
            const auto &write = std::get<DocumentWrite>(job->submission.work);
            if (write.edit && !write.editsAnywhere)
                return false; // an edit function runs on the engine's thread, as documented
            bytes += write.bytes;
        }
        if (!m_cost.empty() && !core.log().collection())
            addCollections(*job, collections);
    }
    if (bytes > m_state.options.lightBytes || unseen > kLightUnseen)
        return true;
    if (const auto collection = core.log().collection())
        return isCostly(*collection);
    return std::any_of(collections.begin(), collections.end(), [this](const CollectionName &name) { return isCostly(name); });
}

bool ValidationWorker::isCostly(const CollectionName &collection) const
{
    const auto found = m_cost.find(collection);
    return found != m_cost.end() && found->second >= kCostlyPoints;
}

void ValidationWorker::noteCost(const DocumentCore &core, const std::vector<ValidatedJob> &jobs, std::chrono::milliseconds took)
{
    const int points = took >= kVeryLong ? kCostlyPoints : took >= kLong ? 1 : -1;
    if (!m_state.options.worker || (points < 0 && m_cost.empty()))
        return;
    std::set<CollectionName> collections;
    if (const auto known = core.log().collection()) {
        collections.insert(*known);
    } else {
        for (const ValidatedJob &one : jobs)
            addCollections(*one.job, collections);
    }
    for (const CollectionName &collection : collections) {
        const auto known = m_cost.find(collection);
        if (known == m_cost.end()) {
            if (points > 0 && m_cost.size() < kCostlyCollections)
                m_cost.emplace(collection, points);
        } else if ((known->second = std::min(known->second + points, kMostPoints)) <= 0) {
            m_cost.erase(known);
        }
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
    // All objects return with the answer: none may be destroyed on the worker's thread.
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
