// SPDX-License-Identifier: Apache-2.0
#include <server/control/operations.h>

#include <eventsync/eventlog/logcompactor.h>
#include <eventsync/model/jsonfields.h>

#include <algorithm>
#include <set>

namespace eventsync::server {

namespace {

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

struct CompactRequest
{
    eventlog::CompactOptions options = {};
    bool dryRun = false;
    storage::Vacuum vacuum = storage::Vacuum::Freed; // afterwards
};

Result<CompactRequest> compactRequestFrom(FieldReader &read)
{
    CompactRequest request{.options = {.keep = read.optionalInteger("keep", 1)}, .dryRun = read.optionalBoolean("dryRun").value_or(false)};
    if (read.optionalBoolean("vacuum").value_or(false))
        request.vacuum = storage::Vacuum::Whole;
    if (read.has("before"))
        request.options.before = read.timestamp("before");
    if (read.has("documentId"))
        request.options.document = read.documentId("documentId");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    if (request.options.keep.has_value() == request.options.before.has_value())
        return failure(ErrorCode::InvalidMessage, "compact needs either a number of events to keep or a time");
    return request;
}

// The result of a compaction; if a single document was named and is damaged, its error.
json::Object compacted(const eventlog::CompactPlan &plan, std::int64_t events)
{
    std::set<DocumentId> unreadable;
    json::Array errors;
    for (const eventlog::UnreadableDocument &one : plan.unreadable) {
        unreadable.insert(one.documentId);
        errors.push_back(json::Object{{"documentId", one.documentId.text()}, {"code", errorName(one.error.code)}, {"message", one.error.message}});
    }
    const auto documents = std::count_if(plan.steps.begin(), plan.steps.end(),
                                         [&](const eventlog::CompactStep &step) { return !unreadable.contains(step.documentId); });
    json::Object answer{{"documents", static_cast<std::int64_t>(documents)}, {"events", events}};
    if (!errors.empty())
        answer["unreadable"] = std::move(errors);
    return answer;
}

// One document after the other, so that edits are processed in between.
class Compaction : public std::enable_shared_from_this<Compaction>
{
public:
    Compaction(EngineThread &engine, eventlog::CompactPlan plan, storage::Vacuum vacuum, OperationCalls calls)
        : m_engine(engine), m_plan(std::move(plan)), m_vacuum(vacuum), m_calls(std::move(calls))
    {
    }
    void next()
    {
        if (m_next == m_plan.steps.size())
            return vacuum();
        const eventlog::CompactStep &step = m_plan.steps[m_next];
        m_engine.ask<Result<ServerSeq>>(
            [step](sync::SyncService &service, auto done) { service.compact(step.documentId, step.to, done); },
            [self = shared_from_this(), step](Result<ServerSeq> horizon) {
                ++self->m_next;
                if (!horizon && horizon.error().code == ErrorCode::Corrupt)
                    self->m_plan.unreadable.push_back({step.documentId, horizon.error()});
                else if (!horizon)
                    return self->m_calls.done(failure(horizon.error()));
                else
                    self->m_events += *horizon - step.from;
                self->m_calls.progress({{"done", static_cast<std::int64_t>(self->m_next)},
                                        {"of", static_cast<std::int64_t>(self->m_plan.steps.size())},
                                        {"documentId", step.documentId.text()}});
                self->next();
            });
    }

private:
    void vacuum()
    {
        const auto end = [self = shared_from_this()](const Result<storage::VacuumResult> &vacuumed) {
            if (!vacuumed)
                return self->m_calls.done(failure(vacuumed.error()));
            json::Object answer = compacted(self->m_plan, self->m_events);
            answer["givenBack"] = vacuumed->bytes;
            answer["free"] = vacuumed->free;
            self->m_calls.done(std::move(answer));
        };
        m_engine.backend().vacuum(m_vacuum, m_engine.callerThread(), end);
    }

    EngineThread &m_engine;
    eventlog::CompactPlan m_plan; // documents whose steps fail are added to the unreadable ones
    const storage::Vacuum m_vacuum;
    OperationCalls m_calls;
    std::size_t m_next = 0;
    std::int64_t m_events = 0;
};

void compactLogs(EngineThread &engine, const CompactRequest &request, OperationCalls calls)
{
    engine.read<eventlog::CompactPlan>(
        [options = request.options](storage::ReadView &view) { return eventlog::planCompaction(view, options); },
        [&engine, dryRun = request.dryRun, vacuum = request.vacuum, calls = std::move(calls)](Result<eventlog::CompactPlan> plan) {
            if (!plan)
                return calls.done(failure(plan.error()));
            if (!dryRun)
                return std::make_shared<Compaction>(engine, std::move(*plan), vacuum, calls)->next();
            std::int64_t events = 0;
            for (const eventlog::CompactStep &step : plan->steps) {
                events += step.to - step.from;
                calls.progress({{"documentId", step.documentId.text()}, {"events", step.to - step.from}, {"horizon", step.to.value()}});
            }
            calls.done(compacted(*plan, events));
        });
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
        const auto wanted = compactRequestFrom(read);
        if (!wanted)
            return calls.done(failure(wanted.error()));
        return compactLogs(engine, *wanted, std::move(calls));
    }
    calls.done(failure(ErrorCode::UnknownMessage, "there is no command \"" + command + '"'));
}

} // namespace eventsync::server
