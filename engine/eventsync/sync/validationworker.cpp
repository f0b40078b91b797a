// SPDX-License-Identifier: Apache-2.0
//
// What takes long (a large document compared with another, a costly schema, many events that the author of a push had not
// seen) is validated on the worker's thread, so that other documents' edits do not wait for it. Meanwhile the document's core is
// there and nowhere else: to the service it is a document that is being loaded, which everything already waits for.
#include <eventsync/sync/private.h>

#include <algorithm>

namespace eventsync::sync {

namespace {

constexpr auto kCostly = std::chrono::milliseconds(2);
constexpr std::size_t kCostlyCollections = 1'000;

// That a core without rules of its own may ask for.
std::set<CollectionName> collectionsOf(const std::vector<Job> &jobs)
{
    std::set<CollectionName> collections;
    for (const Job &job : jobs) {
        if (const auto *write = std::get_if<WriteJob>(&job.work))
            collections.insert(write->write.collection);
        else
            for (const EventPtr &event : std::get<PushJob>(job.work).events)
                collections.insert(event->collection);
    }
    return collections;
}

} // namespace

struct SyncService::Private::AwayDocument
{
    std::unique_ptr<eventlog::DocumentCore> core;
    std::vector<Job> jobs;
    eventlog::KnownEvents known;
    ForkedConnections forked;
    ValidationLimits limits;
    Validated validated = {};
    std::chrono::milliseconds took{};
};

bool SyncService::Private::isExpensive(const DocumentPtr &document, const std::vector<Job> &jobs) const
{
    if (!options.worker)
        return false;
    std::size_t bytes = document->core->heldBytes();
    for (const Job &job : jobs) {
        if (const auto *push = std::get_if<PushJob>(&job.work)) {
            bytes += push->charge->bytes();
        } else {
            const Write &write = std::get<WriteJob>(job.work).write;
            if (write.edit && !write.editsAnywhere)
                return false; // code that was promised this thread
            bytes += write.bytes;
        }
    }
    if (bytes > options.lightBytes)
        return true;
    if (costly.empty())
        return false;
    if (const auto collection = document->core->collection())
        return costly.contains(*collection);
    const std::set<CollectionName> named = collectionsOf(jobs);
    return std::any_of(named.begin(), named.end(), [this](const CollectionName &collection) { return costly.contains(collection); });
}

// A collection whose documents took long goes to the worker, until one did not.
void SyncService::Private::noteCost(const DocumentPtr &document, const std::vector<Job> &jobs, std::chrono::milliseconds took)
{
    const bool isCostly = took >= kCostly;
    if (!options.worker || (!isCostly && costly.empty()))
        return;
    const auto known = document->core->collection();
    for (const CollectionName &collection : known ? std::set<CollectionName>{*known} : collectionsOf(jobs)) {
        if (!isCostly)
            costly.erase(collection);
        else if (costly.size() < kCostlyCollections)
            costly.insert(collection);
    }
}

void SyncService::Private::validateOnWorker(const DocumentPtr &document, std::vector<Job> jobs, const eventlog::KnownEvents &known,
                                            ForkedConnections forked)
{
    if (document->flushing) { // what comes back from the store must find the core
        putBack(document, std::move(jobs));
        if (!document->whenIdle.empty())
            becameIdle(document);
        return; // flushEnded() comes back to it
    }
    std::map<CollectionName, eventlog::RulesPtr> offered;
    if (!document->core->rules()) {
        for (const CollectionName &collection : collectionsOf(jobs))
            offered.emplace(collection, rules.of(collection));
    }
    document->core->offerRules(std::move(offered));
    document->lookingUp = true;
    document->loading = true;
    document->away.emplace();
    if (document->core->isDirty())
        document->away->firstUnflushed = document->core->firstUnflushed();
    auto away = std::make_shared<AwayDocument>(AwayDocument{.core = std::move(document->core), .jobs = std::move(jobs), .known = known,
                                                            .forked = std::move(forked), .limits = validationLimits()});
    // Everything goes back with the answer: nothing of it may end on the worker's thread.
    options.worker->post([this, document, away, alive = std::weak_ptr<int>(life), posts = &executor, &time = clock]() mutable {
        const auto begin = time.steady();
        away->validated = validate(*away->core, std::move(away->jobs), away->known, std::move(away->forked), away->limits);
        away->took = time.steady() - begin;
        posts->post([this, document = std::move(document), away = std::move(away), alive] {
            if (!alive.expired())
                cameBack(document, *away);
        });
    });
}

void SyncService::Private::cameBack(const DocumentPtr &document, AwayDocument &away)
{
    document->core = std::move(away.core);
    document->core->offerRules({});
    document->loading = false;
    if (document->away->rulesChanged)
        document->core->rulesChanged();
    document->away.reset();
    noteCost(document, away.validated.jobs, away.took);
    for (auto &task : std::exchange(document->whenLoaded, {}))
        task({});
    document->lookingUp = false;
    accept(document, std::move(away.validated));
    if (!document->core)
        return; // is loaded anew
    for (const SessionId id : broker.followers(document->id)) {
        Session *subscriber = session(id);
        if (!subscriber)
            continue;
        const auto found = subscriber->subscriptions.find(document->id);
        if (found != subscriber->subscriptions.end() && found->second.stage == Subscription::Stage::CatchingUp)
            beginCatchUp(*subscriber, document->id);
    }
}

} // namespace eventsync::sync
