// SPDX-License-Identifier: Apache-2.0
#include <server/control/operations.h>

#include <eventsync/eventlog/logcompactor.h>
#include <eventsync/model/jsonfields.h>

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
    storage::Shrink shrink = storage::Shrink::Freed; // afterwards
};

Result<CompactRequest> compactRequestFrom(FieldReader &read)
{
    CompactRequest request{.options = {.keep = read.optionalInteger("keep", 1)}, .dryRun = read.optionalBoolean("dryRun").value_or(false)};
    if (read.optionalBoolean("vacuum").value_or(false))
        request.shrink = storage::Shrink::Whole;
    if (read.has("before"))
        request.options.before = read.timestamp("before");
    if (read.has("documentId"))
        request.options.document = read.documentId("documentId");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    if (request.options.keep.has_value() == request.options.before.has_value())
        return failure(ErrorCode::InvalidMessage, "compact needs either a number of events to keep or a time");
    return request;
}

// One document after the other: compaction is nobody's hurry, and edits go between.
class Compaction : public std::enable_shared_from_this<Compaction>
{
public:
    Compaction(EngineThread &engine, std::vector<eventlog::CompactStep> steps, storage::Shrink shrink, OperationCalls calls)
        : m_engine(engine), m_steps(std::move(steps)), m_shrink(shrink), m_calls(std::move(calls))
    {
    }
    void next()
    {
        if (m_done == m_steps.size())
            return shrink();
        const eventlog::CompactStep &step = m_steps[m_done];
        m_engine.ask<Result<ServerSeq>>(
            [step](sync::SyncService &service, auto done) { service.compact(step.documentId, step.to, done); },
            [self = shared_from_this(), step](Result<ServerSeq> horizon) {
                if (!horizon)
                    return self->m_calls.done(failure(horizon.error()));
                self->m_events += *horizon - step.from;
                ++self->m_done;
                self->m_calls.progress({{"done", static_cast<std::int64_t>(self->m_done)},
                                        {"of", static_cast<std::int64_t>(self->m_steps.size())},
                                        {"documentId", step.documentId.text()}});
                self->next();
            });
    }

private:
    void shrink()
    {
        const auto end = [self = shared_from_this()](const Result<storage::Shrunk> &shrunk) {
            if (!shrunk)
                return self->m_calls.done(failure(shrunk.error()));
            self->m_calls.done(json::Object{{"documents", static_cast<std::int64_t>(self->m_done)}, {"events", self->m_events},
                                            {"givenBack", shrunk->bytes}, {"free", shrunk->free}});
        };
        m_engine.backend().shrink(m_shrink, m_engine.home(), end);
    }

    EngineThread &m_engine;
    std::vector<eventlog::CompactStep> m_steps;
    const storage::Shrink m_shrink;
    OperationCalls m_calls;
    std::size_t m_done = 0;
    std::int64_t m_events = 0;
};

void compactLogs(EngineThread &engine, const CompactRequest &request, OperationCalls calls)
{
    engine.read<std::vector<eventlog::CompactStep>>(
        [options = request.options](storage::ReadView &view) { return eventlog::planCompaction(view, options); },
        [&engine, dryRun = request.dryRun, shrink = request.shrink, calls = std::move(calls)](Result<std::vector<eventlog::CompactStep>> steps) {
            if (!steps)
                return calls.done(failure(steps.error()));
            if (!dryRun)
                return std::make_shared<Compaction>(engine, std::move(*steps), shrink, calls)->next();
            std::int64_t events = 0;
            for (const eventlog::CompactStep &step : *steps) {
                events += step.to - step.from;
                calls.progress({{"documentId", step.documentId.text()}, {"events", step.to - step.from}, {"horizon", step.to.value()}});
            }
            calls.done(json::Object{{"documents", static_cast<std::int64_t>(steps->size())}, {"events", events}});
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
