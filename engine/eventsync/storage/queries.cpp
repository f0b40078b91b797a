// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/queries.h>

#include <eventsync/storage/limits.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace eventsync::storage {

namespace {

constexpr char kWork[] = "the query";
constexpr std::chrono::milliseconds kLookEvery(100); // for waiting queries that are cancelled or past their deadline

std::size_t bytesOf(const Row &row)
{
    std::size_t bytes = 0;
    for (const Cell &cell : row) {
        if (const auto *text = std::get_if<std::string>(&cell))
            bytes += text->size();
        else if (const auto *blob = std::get_if<Blob>(&cell))
            bytes += blob->bytes.size();
    }
    return bytes;
}

// The reason why a waiting query must not begin any more. A check costs steps of the budget, so it is made on a copy.
std::optional<Error> whyOver(Budget budget)
{
    if (budget.charge(Budget::kProbeInterval))
        return std::nullopt;
    return budget.error(kWork);
}

class ChargedView final : public ReadView
{
public:
    ChargedView(ReadView &view, Budget &budget, Counter *rows) : m_view(view), m_budget(budget), m_rows(rows) {}

    Result<std::optional<Row>> get(const std::string &set, const Key &key) override
    {
        return charged([&] { return m_view.get(set, key); });
    }
    Result<std::optional<Row>> getBy(const std::string &set, const std::string &index, const Key &cells) override
    {
        return charged([&] { return m_view.getBy(set, index, cells); });
    }
    Result<> scan(const Scan &scan, const std::function<bool(const Row &)> &visit) override
    {
        EVENTSYNC_CHECK(m_budget.check(kWork));
        EVENTSYNC_CHECK(m_view.scan(scan, [&](const Row &row) { return charge(row) && visit(row); }));
        return m_budget.check(kWork);
    }

private:
    template<class Get>
    Result<std::optional<Row>> charged(const Get &get)
    {
        EVENTSYNC_CHECK(m_budget.check(kWork));
        EVENTSYNC_TRY(std::optional<Row> row, get());
        charge(row.value_or(Row()));
        EVENTSYNC_CHECK(m_budget.check(kWork));
        return row;
    }
    bool charge(const Row &row)
    {
        if (m_rows)
            m_rows->add();
        return m_budget.charge(limits::kRowSteps + bytesOf(row) / limits::kBytesPerStep);
    }

    ReadView &m_view;
    Budget &m_budget;
    Counter *const m_rows;
};

struct QueryMetrics
{
    explicit QueryMetrics(Metrics &all)
        : waiting(all.gauge("eventsync_queries_waiting", "queries that wait for a reader")),
          rows(all.counter("eventsync_query_rows_total", "rows read by queries")),
          timeout(cutOff(all, "Timeout")), tooLarge(cutOff(all, "TooLarge")), cancelled(cutOff(all, "Cancelled")),
          refused(cutOff(all, "Unavailable"))
    {
    }
    static Counter &cutOff(Metrics &all, const std::string &code)
    {
        return all.counter("eventsync_queries_cut_off_total", "queries that ended without their answer: by their deadline, their work, "
                           "with their connection, or because too many waited", "code=\"" + code + '"');
    }
    Counter &of(ErrorCode code)
    {
        switch (code) {
        case ErrorCode::Timeout: return timeout;
        case ErrorCode::Cancelled: return cancelled;
        case ErrorCode::TooLarge: return tooLarge;
        default: return refused;
        }
    }

    Gauge &waiting;
    Counter &rows;
    Counter &timeout, &tooLarge, &cancelled, &refused;
};

} // namespace

struct Queries::Parts : std::enable_shared_from_this<Parts>
{
    struct Waiting
    {
        std::string requester;
        Budget budget;
        Task task;
    };
    // One requester's share: the work that its queries have taken, as a time of the lane.
    struct Share
    {
        std::deque<Waiting> waiting = {};
        std::uint64_t finish = 0;
        std::uint64_t turn = 0; // the last one it had
        std::size_t running = 0;

        bool isIdle() const { return waiting.empty() && running == 0; }
    };

    Parts(Backend &store, const Clock &time, Metrics *all) : backend(store), clock(time)
    {
        if (all)
            metrics.emplace(*all);
    }

    void reportCount() // with the mutex
    {
        if (metrics)
            metrics->waiting.set(static_cast<std::int64_t>(count));
    }
    std::optional<Waiting> add(Waiting query);
    Share &longest();
    std::vector<Waiting> takeEnded();
    void dropEnded();
    std::optional<Waiting> next();
    void finished(const Waiting &query);
    void startNext();
    void run(Waiting &query, Result<std::unique_ptr<ReadView>> view);
    void fail(Waiting &query, const Error &error);

    Backend &backend;
    const Clock &clock;
    std::optional<QueryMetrics> metrics;
    std::mutex mutex;
    std::map<std::string, Share> shares; // by requester; idle ones only as long as they are ahead
    std::uint64_t now = 0;               // the lane's time: the start of the query that was begun last
    std::uint64_t turns = 0;
    std::optional<std::string> lastRequester;
    std::chrono::milliseconds sharedUntil{}; // several requesters have asked lately
    std::chrono::milliseconds nextLook{};    // for queries that have ended
    std::size_t count = 0;               // of waiting queries
    std::size_t running = 0;
    bool ended = false;
};

// With the mutex, and one share at least.
Queries::Parts::Share &Queries::Parts::longest()
{
    return std::max_element(shares.begin(), shares.end(), [](const auto &a, const auto &b) {
        return a.second.waiting.size() < b.second.waiting.size();
    })->second;
}

// Returns the query that has no room: the last one of the requester with most waiting queries, this one included.
std::optional<Queries::Parts::Waiting> Queries::Parts::add(Waiting query)
{
    const std::lock_guard lock(mutex);
    if (ended)
        return query;
    if (lastRequester && *lastRequester != query.requester)
        sharedUntil = clock.steady() + limits::kLaneShared;
    lastRequester = query.requester;
    Share &share = shares[query.requester];
    if (share.isIdle())
        share.finish = std::max(share.finish, now); // what it did not use is not saved up
    share.waiting.push_back(std::move(query));
    std::optional<Waiting> refused;
    if (count >= limits::kWaitingQueries) {
        Share &most = longest();
        auto &queries = most.waiting.size() > share.waiting.size() ? most.waiting : share.waiting;
        refused = std::move(queries.back());
        queries.pop_back();
    } else {
        ++count;
    }
    reportCount();
    return refused;
}

// Takes out queries that are cancelled or past their deadline. All of them are looked at only now and then: a thread of low
// priority that is suspended meanwhile would hold the mutex for which the owner of all documents waits.
std::vector<Queries::Parts::Waiting> Queries::Parts::takeEnded()
{
    std::vector<Waiting> over;
    const std::lock_guard lock(mutex);
    const auto time = clock.steady();
    if (time < nextLook && count < limits::kWaitingQueries)
        return over;
    nextLook = time + kLookEvery;
    for (auto &[requester, share] : shares) {
        auto &queries = share.waiting;
        const auto kept = std::stable_partition(queries.begin(), queries.end(), [](const Waiting &query) { return !whyOver(query.budget); });
        std::move(kept, queries.end(), std::back_inserter(over));
        queries.erase(kept, queries.end());
    }
    count -= over.size();
    reportCount();
    return over;
}

void Queries::Parts::dropEnded()
{
    for (Waiting &query : takeEnded())
        fail(query, *whyOver(query.budget));
}

std::optional<Queries::Parts::Waiting> Queries::Parts::next()
{
    const std::lock_guard lock(mutex);
    if (running >= limits::kRunningQueries)
        return std::nullopt;
    // While others use the lane, too, the one that takes most of it has one thread only.
    std::uint64_t largest = clock.steady() < sharedUntil ? 0 : UINT64_MAX;
    for (const auto &[requester, share] : shares)
        largest = std::max(largest, share.finish);
    Share *first = nullptr;
    for (auto &[requester, share] : shares) {
        const std::size_t most = share.finish == largest ? 1 : limits::kRunningQueriesOfOne;
        if (share.waiting.empty() || share.running >= most)
            continue;
        if (!first || std::pair(share.finish, share.turn) < std::pair(first->finish, first->turn))
            first = &share;
    }
    if (!first)
        return std::nullopt;
    now = std::max(now, first->finish);
    first->finish += limits::kLeastQuerySteps;
    first->turn = ++turns;
    ++first->running;
    Waiting query = std::move(first->waiting.front());
    first->waiting.pop_front();
    --count;
    ++running;
    reportCount();
    return query;
}

void Queries::Parts::finished(const Waiting &query)
{
    const std::lock_guard lock(mutex);
    --running;
    Share &share = shares[query.requester];
    --share.running;
    const std::uint64_t steps = limits::kQuerySteps - query.budget.stepsLeft();
    share.finish += std::max(steps, limits::kLeastQuerySteps) - limits::kLeastQuerySteps;
    const bool areMany = shares.size() > limits::kWaitingQueries; // addresses are invented easily
    std::erase_if(shares, [&](const auto &one) { return one.second.isIdle() && (areMany || one.second.finish <= now); });
}

// A backend may read at once, within the call; then the calling loop continues, instead of a nested one.
void Queries::Parts::startNext()
{
    static thread_local bool isStarting = false;
    if (std::exchange(isStarting, true))
        return;
    dropEnded();
    while (auto query = next()) {
        backend.read([parts = shared_from_this(), query = std::make_shared<Waiting>(std::move(*query))](Result<std::unique_ptr<ReadView>> view) {
            parts->run(*query, std::move(view));
            parts->finished(*query);
            parts->startNext();
        });
        dropEnded();
    }
    isStarting = false;
}

void Queries::Parts::run(Waiting &query, Result<std::unique_ptr<ReadView>> view)
{
    if (!view)
        return query.task(failure(view.error()), query.budget);
    if (const auto over = whyOver(query.budget))
        return fail(query, *over);
    ChargedView charged(**view, query.budget, metrics ? &metrics->rows : nullptr);
    query.task(&charged, query.budget);
    if (metrics && query.budget.isExhausted())
        metrics->of(query.budget.error(kWork).code).add();
}

void Queries::Parts::fail(Waiting &query, const Error &error)
{
    if (metrics)
        metrics->of(error.code).add();
    query.task(failure(error), query.budget);
}

Queries::Queries(Backend &backend, const Clock &clock, Metrics *metrics)
    : m_parts(std::make_shared<Parts>(backend, clock, metrics))
{
}

Queries::~Queries()
{
    std::vector<Parts::Waiting> left;
    {
        const std::lock_guard lock(m_parts->mutex);
        m_parts->ended = true;
        m_parts->count = 0;
        for (auto &[requester, share] : m_parts->shares) {
            std::move(share.waiting.begin(), share.waiting.end(), std::back_inserter(left));
            share.waiting.clear();
        }
    }
    for (Parts::Waiting &query : left)
        query.task(failure(ErrorCode::ShuttingDown, "the store is closed"), query.budget);
}

void Queries::ask(const Requester &requester, Task task)
{
    Parts::Waiting query{requester.name, Budget(limits::kQuerySteps), std::move(task)};
    query.budget.until(m_parts->clock.steady() + limits::kQueryTime, m_parts->clock).unless(requester.gone);
    if (auto refused = m_parts->add(std::move(query)))
        m_parts->fail(*refused, {ErrorCode::Unavailable, "too many queries wait"});
    m_parts->startNext();
}

} // namespace eventsync::storage
