// SPDX-License-Identifier: Apache-2.0
#include <server/control/operations.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/jsonfields.h>

#include <QFileInfo>

#include <algorithm>

namespace eventsync::server {

namespace {

using eventlog::EventStore;

void snapshotOf(EngineThread &engine, const DocumentId &id, const OperationCalls &calls)
{
    engine.ask<Result<Snapshot>>(
        [id](sync::SyncService &service, auto done) { service.snapshot(id, done); },
        [id, done = calls.done](Result<Snapshot> snapshot) {
            if (!snapshot)
                return done(failure(snapshot.error()));
            done(json::Object{{"documentId", id.text()},
                              {"serverSeq", snapshot->position.serverSeq.value()},
                              {"chain", snapshot->position.chain.toHex()},
                              {"bytes", static_cast<std::int64_t>(snapshot->state.size())}});
        });
}

// ---- compact

struct CompactRule
{
    std::optional<std::int64_t> keep = {};    // the last events of each document
    std::optional<Timestamp> before = {};     // those stored since
    std::optional<DocumentId> document = {};  // all
    bool dryRun = false;
};

struct CompactStep
{
    DocumentId id;
    ServerSeq from, to; // horizons
};

Result<CompactRule> compactRuleFrom(FieldReader &read)
{
    CompactRule rule{.keep = read.optionalInteger("keep", 1), .dryRun = read.optionalBoolean("dryRun").value_or(false)};
    if (read.has("before"))
        rule.before = read.timestamp("before");
    if (read.has("documentId"))
        rule.document = read.documentId("documentId");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    if (rule.keep.has_value() == rule.before.has_value())
        return failure(ErrorCode::InvalidMessage, "compact needs either a number of events to keep or a time");
    return rule;
}

Result<ServerSeq> headOf(storage::ReadView &view, const eventlog::DocumentRow &row)
{
    ServerSeq head = row.horizon.previous();
    EVENTSYNC_CHECK(view.scan({.set = eventlog::sets::kEvents, .index = "order", .prefix = {row.number}, .descending = true, .limit = 1},
                              [&](const storage::Row &event) {
                                  head = ServerSeq(eventlog::integerOf(event, eventlog::event::Seq).value_or(head.value()));
                                  return false;
                              }));
    return head;
}

// The first event that stays. The last one always does.
Result<ServerSeq> horizonFor(storage::ReadView &view, const eventlog::DocumentRow &row, const CompactRule &rule)
{
    EVENTSYNC_TRY(const ServerSeq head, headOf(view, row));
    if (head < row.horizon)
        return row.horizon;
    if (rule.keep)
        return std::max(row.horizon, ServerSeq(head.value() - *rule.keep + 1));
    EventStore store(view);
    ServerSeq low = row.horizon, high = head; // stored times do not fall along a log
    while (low < high) {
        const ServerSeq middle((low.value() + high.value()) / 2);
        EVENTSYNC_TRY(const eventlog::LoggedPtr event, store.eventAt(row.number, middle));
        if (!event)
            return failure(ErrorCode::Corrupt, "the log of " + row.documentId.text() + " lacks event " + std::to_string(middle.value()));
        if (event->event->storedAt < *rule.before)
            low = middle.next();
        else
            high = middle;
    }
    return low;
}

Result<std::vector<CompactStep>> compactSteps(storage::ReadView &view, const CompactRule &rule)
{
    std::vector<CompactStep> steps;
    std::optional<Error> error;
    const auto look = [&](const storage::Row &cells) {
        const auto row = eventlog::DocumentRow::fromRow(cells, false);
        const auto horizon = row ? horizonFor(view, *row, rule) : Result<ServerSeq>(failure(row.error()));
        if (!horizon) {
            error = horizon.error();
            return false;
        }
        if (*horizon > row->horizon)
            steps.push_back({row->documentId, row->horizon, *horizon});
        return true;
    };
    if (rule.document) {
        EVENTSYNC_TRY(const auto cells, view.get(eventlog::sets::kDocuments, {rule.document->text()}));
        if (!cells)
            return failure(ErrorCode::NotFound, "there is no document " + rule.document->text());
        look(*cells);
    } else {
        EVENTSYNC_CHECK(view.scan({.set = eventlog::sets::kDocuments}, look));
    }
    if (error)
        return failure(*error);
    return steps;
}

// One document after the other: compaction is nobody's hurry, and edits go between.
class Compaction : public std::enable_shared_from_this<Compaction>
{
public:
    Compaction(EngineThread &engine, std::vector<CompactStep> steps, OperationCalls calls)
        : m_engine(engine), m_steps(std::move(steps)), m_calls(std::move(calls))
    {
    }
    void next()
    {
        if (m_done == m_steps.size())
            return m_calls.done(json::Object{{"documents", static_cast<std::int64_t>(m_done)}, {"events", m_events}});
        const CompactStep &step = m_steps[m_done];
        m_engine.ask<Result<ServerSeq>>(
            [step](sync::SyncService &service, auto done) { service.compact(step.id, step.to, done); },
            [self = shared_from_this(), step](Result<ServerSeq> horizon) {
                if (!horizon)
                    return self->m_calls.done(failure(horizon.error()));
                self->m_events += *horizon - step.from;
                ++self->m_done;
                self->m_calls.progress({{"done", static_cast<std::int64_t>(self->m_done)},
                                        {"of", static_cast<std::int64_t>(self->m_steps.size())},
                                        {"documentId", step.id.text()}});
                self->next();
            });
    }

private:
    EngineThread &m_engine;
    std::vector<CompactStep> m_steps;
    OperationCalls m_calls;
    std::size_t m_done = 0;
    std::int64_t m_events = 0;
};

void compactLogs(EngineThread &engine, const CompactRule &rule, OperationCalls calls)
{
    engine.read<std::vector<CompactStep>>(
        [rule](storage::ReadView &view) { return compactSteps(view, rule); },
        [&engine, rule, calls = std::move(calls)](Result<std::vector<CompactStep>> steps) {
            if (!steps)
                return calls.done(failure(steps.error()));
            if (!rule.dryRun)
                return std::make_shared<Compaction>(engine, std::move(*steps), calls)->next();
            std::int64_t events = 0;
            for (const CompactStep &step : *steps) {
                events += step.to - step.from;
                calls.progress({{"documentId", step.id.text()}, {"events", step.to - step.from}, {"horizon", step.to.value()}});
            }
            calls.done(json::Object{{"documents", static_cast<std::int64_t>(steps->size())}, {"events", events}});
        });
}

// ---- backup

// Not on a reader of the pool, which would be gone for minutes.
void backUp(EngineThread &engine, const std::string &file, const OperationCalls &calls)
{
    const auto progress = engine.homeward<int>([report = calls.progress](int percent) { report({{"percent", percent}}); });
    const auto ended = engine.homeward<Result<>>([file, done = calls.done](Result<> result) {
        if (!result)
            return done(failure(result.error()));
        done(json::Object{{"file", file}, {"bytes", static_cast<std::int64_t>(QFileInfo(QString::fromStdString(file)).size())}});
    });
    engine.runBeside([file, progress, ended](storage::Backend &backend) { ended(backend.backup(file, progress)); });
}

} // namespace

void runOperation(EngineThread &engine, const json::Value &request, OperationCalls calls)
{
    FieldReader read(request);
    const std::string command = read.text("command");
    if (command == "ping")
        return calls.done(json::Object());
    if (command == "snapshot") {
        const DocumentId id = read.documentId("documentId");
        if (auto fine = read.finish(UnknownFields::Ignore); !fine)
            return calls.done(failure(fine.error()));
        return snapshotOf(engine, id, calls);
    }
    if (command == "compact") {
        const auto rule = compactRuleFrom(read);
        if (!rule)
            return calls.done(failure(rule.error()));
        return compactLogs(engine, *rule, std::move(calls));
    }
    if (command == "backup") {
        const std::string file = read.text("file");
        if (auto fine = read.finish(UnknownFields::Ignore); !fine)
            return calls.done(failure(fine.error()));
        return backUp(engine, file, calls);
    }
    calls.done(failure(ErrorCode::UnknownMessage, "there is no command \"" + command + '"'));
}

} // namespace eventsync::server
