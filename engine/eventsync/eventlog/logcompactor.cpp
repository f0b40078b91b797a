// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/logcompactor.h>

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/blockingcommit.h>
#include <eventsync/eventlog/documentcore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/logging.h>

#include <algorithm>

namespace eventsync::eventlog {

namespace {

using storage::Cell;

constexpr std::int64_t kEventsAtATime = 1'000; // per commit
constexpr std::int64_t kClientsAtATime = 500;

class UnusedRandom final : public Random // a compaction needs no random numbers
{
public:
    std::uint64_t next() override { return 0; }
};

Result<> checkRule(const CompactOptions &options)
{
    if (!options.keep && !options.before)
        return failure(ErrorCode::InvalidValue, "what is to be kept: a number of events, or those since a moment");
    return {};
}

// Of the log: its rows may lag.
Result<ServerSeq> headOf(storage::ReadView &view, const DocumentRow &row)
{
    ServerSeq head = row.horizon.previous();
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .index = "order", .prefix = {row.number}, .descending = true, .limit = 1, .columns = {event::Seq}},
                              [&](const storage::Row &event) {
                                  head = ServerSeq(integerOf(event, event::Seq).value_or(head.value()));
                                  return false;
                              }));
    return head;
}

// The first event that stays.
Result<ServerSeq> horizonFor(storage::ReadView &view, const DocumentRow &row, const CompactOptions &options)
{
    EVENTSYNC_TRY(const ServerSeq head, headOf(view, row));
    if (head < row.horizon)
        return row.horizon;
    ServerSeq high = options.keep ? std::max(row.horizon, head - std::max<std::int64_t>(*options.keep, 1) + 1) : head;
    high = std::min(high, head);
    if (!options.before)
        return high;
    EventStore store(view);
    for (ServerSeq low = row.horizon; low < high;) { // stored times do not fall along a log
        const ServerSeq middle((low.value() + high.value()) / 2);
        EVENTSYNC_TRY(const LoggedPtr event, store.eventAt(row.number, middle));
        if (!event)
            return failure(ErrorCode::Corrupt, "the log of " + row.documentId.text() + " lacks event " + std::to_string(middle.value()));
        if (event->event->storedAt < *options.before)
            low = middle.next();
        else
            high = middle;
    }
    return high;
}

class Compactor
{
public:
    Compactor(storage::Backend &backend, const Clock &clock, const CompactOptions &options)
        : m_backend(backend), m_clock(clock), m_options(options)
    {
    }

    Result<> document(const DocumentId &id)
    {
        ++m_progress.documents;
        bool more = true, any = false;
        while (more) {
            EVENTSYNC_TRY(const std::int64_t removed, step(id, more));
            any = any || removed > 0;
            m_report.events += removed;
        }
        m_report.documents += any ? 1 : 0;
        m_progress.events = m_report.events;
        if (m_options.progress)
            callListener(lcStorage(), "a progress callback", m_options.progress, m_progress);
        return {};
    }
    const CompactReport &report() const { return m_report; }

private:
    Result<std::int64_t> step(const DocumentId &id, bool &more)
    {
        more = false;
        storage::Batch batch;
        std::int64_t removedEvents = 0;
        {
            EVENTSYNC_TRY(const auto view, m_backend.view());
            EventStore store(*view);
            EVENTSYNC_TRY(auto loaded, store.load(id));
            if (!loaded)
                return failure(ErrorCode::NotFound, "there is no document " + id.text());
            EVENTSYNC_TRY(const ServerSeq horizon, horizonFor(*view, loaded->row, m_options));
            if (horizon <= loaded->row.horizon)
                return std::int64_t(0);
            const ServerSeq until = std::min(horizon, loaded->row.horizon + kEventsAtATime);
            EVENTSYNC_TRY(const Removal removal, store.removal(loaded->row, until.previous(), m_clock.wall()));
            removedEvents = static_cast<std::int64_t>(removal.events.size());
            for (const LoggedPtr &event : removal.events) {
                if (m_options.archive)
                    EVENTSYNC_CHECK(guarded(m_options.archive, loaded->row, *event));
            }
            more = until < horizon;
            DocumentCore core(id, std::move(loaded), [](const CollectionName &) { return std::make_shared<const Rules>(); },
                              m_clock, m_random);
            batch = core.compactBatch(removal);
        }
        EVENTSYNC_CHECK(commitAndWait(m_backend, std::move(batch)));
        return removedEvents;
    }

    storage::Backend &m_backend;
    const Clock &m_clock;
    const CompactOptions &m_options;
    UnusedRandom m_random;
    CompactProgress m_progress;
    CompactReport m_report;
};

} // namespace

Result<ServerSeq> keptFrom(storage::ReadView &view, const DocumentRow &row, std::int64_t keep)
{
    return horizonFor(view, row, {.keep = keep});
}

Result<CompactPlan> planCompaction(storage::ReadView &view, const CompactOptions &options)
{
    EVENTSYNC_CHECK(checkRule(options));
    CompactPlan plan;
    const auto add = [&](const storage::Row &cells) -> Result<> {
        EVENTSYNC_TRY(const DocumentRow row, DocumentRow::fromRow(cells, false));
        EVENTSYNC_TRY(const ServerSeq horizon, horizonFor(view, row, options));
        if (horizon > row.horizon)
            plan.steps.push_back({row.documentId, row.horizon, horizon});
        return {};
    };
    if (options.document) {
        EVENTSYNC_TRY(const auto cells, view.get(sets::kDocuments, {options.document->text()}));
        if (!cells)
            return failure(ErrorCode::NotFound, "there is no document " + options.document->text());
        EVENTSYNC_CHECK(add(*cells));
        return plan;
    }
    Result<> good;
    EVENTSYNC_CHECK(view.scan({.set = sets::kDocuments}, [&](const storage::Row &cells) {
        if (const auto added = add(cells); !added && added.error().code == ErrorCode::Corrupt)
            plan.unreadable.push_back({DocumentId(std::string(textOf(cells, document::Id).value_or(""))), added.error()});
        else
            good = added;
        return good.has_value();
    }));
    EVENTSYNC_CHECK(good);
    return plan;
}

Result<CompactReport> compactLogs(storage::Backend &backend, const Clock &clock, const CompactOptions &options)
{
    EVENTSYNC_CHECK(checkRule(options));
    Compactor compactor(backend, clock, options);
    if (options.document) {
        EVENTSYNC_CHECK(compactor.document(*options.document));
        return compactor.report();
    }
    CompactPlan plan;
    {
        EVENTSYNC_TRY(const auto view, backend.view());
        EVENTSYNC_TRY(plan, planCompaction(*view, options));
    }
    for (const CompactStep &step : plan.steps) {
        const auto compacted = compactor.document(step.documentId);
        if (!compacted && compacted.error().code == ErrorCode::Corrupt)
            plan.unreadable.push_back({step.documentId, compacted.error()});
        else
            EVENTSYNC_CHECK(compacted);
    }
    CompactReport report = compactor.report();
    report.unreadable = std::move(plan.unreadable);
    return report;
}

Result<std::int64_t> expireClients(storage::Backend &backend, Timestamp before)
{
    std::int64_t expired = 0;
    for (;;) {
        storage::Batch batch;
        std::int64_t found = 0;
        {
            EVENTSYNC_TRY(const auto view, backend.view());
            Result<> good;
            EVENTSYNC_CHECK(view->scan({.set = sets::kClients, .index = "seen", .prefix = {Cell(std::int64_t(0))},
                                        .until = Cell(before.value())},
                                       [&](const storage::Row &cells) {
                                           if (textOf(cells, client::Kind).value_or("") != "replica")
                                               return true;
                                           storage::Row row = cells;
                                           row[client::Expired] = std::int64_t(1);
                                           batch.put(sets::kClients, row);
                                           good = view->scan({.set = sets::kStateVectors, .index = "client", .prefix = {cells[client::Id]}},
                                                             [&](const storage::Row &vector) {
                                                                 batch.erase(sets::kStateVectors, {vector[statevector::Document], cells[client::Id]});
                                                                 return true;
                                                             });
                                           return good.has_value() && ++found < kClientsAtATime;
                                       }));
            EVENTSYNC_CHECK(good);
        }
        if (found == 0)
            return expired;
        EVENTSYNC_CHECK(commitAndWait(backend, std::move(batch)));
        expired += found;
    }
}

} // namespace eventsync::eventlog
