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

// The reason why a query that has not begun must not begin any more. Looking costs steps, so it is done on a copy.
std::optional<Error> whyOver(Budget budget)
{
    if (budget.charge(Budget::kLookEvery))
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
        Budget budget;
        Task task;
    };

    Parts(Backend &store, const Clock &time, Metrics *all) : backend(store), clock(time)
    {
        if (all)
            metrics.emplace(*all);
    }

    void tellCount() // with the mutex
    {
        if (metrics)
            metrics->waiting.set(static_cast<std::int64_t>(count));
    }
    bool add(const std::string &requester, Waiting &query);
    void dropEnded();
    std::optional<Waiting> next();
    void startNext();
    void run(Waiting &query, Result<std::unique_ptr<ReadView>> view);
    void fail(Waiting &query, const Error &error);

    Backend &backend;
    const Clock &clock;
    std::optional<QueryMetrics> metrics;
    std::mutex mutex;
    std::map<std::string, std::deque<Waiting>> waiting; // by requester; no queue is empty
    std::string lastRequester;                          // the one served last
    std::size_t count = 0;                              // of those that wait
    std::size_t running = 0;
    bool ended = false;
};

// False: there is no room.
bool Queries::Parts::add(const std::string &requester, Waiting &query)
{
    const std::lock_guard lock(mutex);
    if (ended || count >= limits::kWaitingQueries)
        return false;
    waiting[requester].push_back(std::move(query));
    ++count;
    tellCount();
    return true;
}

// Removes queries that are cancelled or past their deadline.
void Queries::Parts::dropEnded()
{
    std::vector<Waiting> dropped;
    {
        const std::lock_guard lock(mutex);
        for (auto requester = waiting.begin(); requester != waiting.end();) {
            auto &queries = requester->second;
            const auto kept = std::stable_partition(queries.begin(), queries.end(), [](const Waiting &query) { return !whyOver(query.budget); });
            std::move(kept, queries.end(), std::back_inserter(dropped));
            queries.erase(kept, queries.end());
            requester = queries.empty() ? waiting.erase(requester) : std::next(requester);
        }
        count -= dropped.size();
        tellCount();
    }
    for (Waiting &query : dropped)
        fail(query, *whyOver(query.budget));
}

std::optional<Queries::Parts::Waiting> Queries::Parts::next()
{
    const std::lock_guard lock(mutex);
    if (waiting.empty() || running >= limits::kRunningQueries)
        return std::nullopt;
    auto requester = waiting.upper_bound(lastRequester);
    if (requester == waiting.end())
        requester = waiting.begin();
    lastRequester = requester->first;
    Waiting query = std::move(requester->second.front());
    requester->second.pop_front();
    if (requester->second.empty())
        waiting.erase(requester);
    --count;
    ++running;
    tellCount();
    return query;
}

// A backend may read at once, within the call; the loop that made the call then goes on, not one inside of it.
void Queries::Parts::startNext()
{
    static thread_local bool isStarting = false;
    if (std::exchange(isStarting, true))
        return;
    dropEnded();
    while (auto query = next()) {
        backend.read([parts = shared_from_this(), query = std::make_shared<Waiting>(std::move(*query))](Result<std::unique_ptr<ReadView>> view) {
            parts->run(*query, std::move(view));
            {
                const std::lock_guard lock(parts->mutex);
                --parts->running;
            }
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
    decltype(m_parts->waiting) left;
    {
        const std::lock_guard lock(m_parts->mutex);
        m_parts->ended = true;
        m_parts->count = 0;
        left.swap(m_parts->waiting);
    }
    for (auto &[requester, queries] : left) {
        for (Parts::Waiting &query : queries)
            query.task(failure(ErrorCode::ShuttingDown, "the store is closed"), query.budget);
    }
}

void Queries::ask(const Requester &requester, Task task)
{
    Parts::Waiting query{Budget(limits::kQuerySteps), std::move(task)};
    query.budget.until(m_parts->clock.steady() + limits::kQueryTime, m_parts->clock).unless(requester.gone);
    if (!m_parts->add(requester.name, query))
        return m_parts->fail(query, {ErrorCode::Unavailable, "too many queries wait"});
    m_parts->startNext();
}

} // namespace eventsync::storage
