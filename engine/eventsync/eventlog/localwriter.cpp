// SPDX-License-Identifier: Apache-2.0
//
// What is asked for, as operations: each judges the documents it names and says how it ends.
#include <eventsync/eventlog/localwriter.h>

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/documentoperations.h>

#include <algorithm>

namespace eventsync::eventlog {

class LocalWriter::Core final : public DocumentOperations
{
public:
    using DocumentOperations::DocumentOperations;

    void write(DocumentWrite write, Written done);
    void transact(DocumentTransaction transaction, TransactionDone done);
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done);
    void snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done);
    void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done) override;

private:
    void judgeWrite(const DocumentOperationPtr &operation, const DocumentWrite &write, const EventId &id, const Written &done);
    Result<std::vector<WrittenDocument>> judgeTransaction(const DocumentTransaction &transaction, const Uuid &id);
};

void LocalWriter::Core::write(DocumentWrite write, Written done)
{
    if (auto valid = normalize(write); !valid)
        return done(failure(valid.error()));
    auto operation = std::make_shared<DocumentOperation>();
    operation->ids = {write.documentId};
    operation->lookUp = write.id;
    operation->failed = [done](const Error &error) { done(failure(error)); };
    const EventId id = write.id.value_or(uuids.next());
    const ClientId client = write.clientId;
    operation->judge = [this, weak = std::weak_ptr<DocumentOperation>(operation), write = std::move(write), id, done] {
        judgeWrite(weak.lock(), write, id, done);
    };
    beginAs(client, operation);
}

void LocalWriter::Core::judgeWrite(const DocumentOperationPtr &operation, const DocumentWrite &write, const EventId &id, const Written &done)
{
    DocumentCore &document = core(write.documentId);
    if (const auto hit = operation->known.find(id); hit != operation->known.end()) {
        if (hit->second.document != document.number())
            return fail(operation, {ErrorCode::Conflict, "the id is another document's"});
        readStore<LoggedPtr>(
            [number = document.number(), seq = hit->second.serverSeq](storage::ReadView &view) {
                return EventStore(view).eventAt(number, seq);
            },
            [this, operation, done, &document](const Result<LoggedPtr> &event) {
                if (!event)
                    return fail(operation, event.error());
                done(WrittenDocument{document.record(), *event ? (*event)->event->diff : Diff(), *event ? (*event)->event : nullptr});
                end(operation);
            });
        return;
    }
    if (document.needsNumber())
        document.setNumber(nextNumber());
    const auto written = document.write({.collection = write.collection, .clientId = write.clientId, .author = write.author,
                                         .ifVersion = write.ifVersion, .edit = write.edit, .patch = write.patch,
                                         .kind = write.kind, .metadata = write.metadata, .id = id});
    if (!written)
        return fail(operation, written.error());
    operation->committed = [this, id = write.documentId, done, event = *written ? (*written)->event : nullptr] {
        WrittenDocument answer{core(id).record(), {}, event};
        if (event) {
            answer.diff = event->diff;
            answer.diff.setVersion(event->serverSeq);
        }
        done(std::move(answer));
    };
    commitPrepared(operation);
}

void LocalWriter::Core::transact(DocumentTransaction transaction, TransactionDone done)
{
    auto ids = transaction.documentIds;
    std::sort(ids.begin(), ids.end());
    if (ids.empty() || std::adjacent_find(ids.begin(), ids.end()) != ids.end())
        return done(failure(ErrorCode::Invalid, "a transaction names each of its documents once"));
    auto operation = std::make_shared<DocumentOperation>();
    operation->ids = transaction.documentIds;
    operation->failed = [done](const Error &error) { done(failure(error)); };
    const ClientId client = transaction.clientId;
    operation->judge = [this, weak = std::weak_ptr<DocumentOperation>(operation), transaction = std::move(transaction),
                        transactionId = uuids.next(), done] {
        const DocumentOperationPtr running = weak.lock();
        auto written = judgeTransaction(transaction, transactionId);
        if (!written) {
            dropCores(running); // what was prepared before the error
            return fail(running, written.error());
        }
        running->committed = [this, done, written = std::move(*written)]() mutable {
            for (WrittenDocument &one : written)
                one.record = core(one.record.documentId).record();
            done(std::move(written));
        };
        commitPrepared(running);
    };
    beginAs(client, operation);
}

Result<std::vector<WrittenDocument>> LocalWriter::Core::judgeTransaction(const DocumentTransaction &transaction, const Uuid &id)
{
    std::map<DocumentId, json::Value> values;
    for (const DocumentId &one : transaction.documentIds) {
        if (!core(one).state().exists())
            return failure(ErrorCode::NotFound, "there is no document " + one.text());
        values.emplace(one, core(one).rules()->policy.withEngineFields(core(one).state().view(), core(one).head().serverSeq));
    }
    EVENTSYNC_CHECK(guarded(transaction.edit, values));
    json::Object metadata = transaction.metadata;
    metadata["transactionId"] = id.toText();
    std::vector<WrittenDocument> results;
    for (const DocumentId &one : transaction.documentIds) {
        const auto value = values.find(one);
        if (value == values.end() || values.size() != transaction.documentIds.size())
            return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
        const auto edit = [&value](json::State &state) -> Result<> {
            state = value->second;
            return {};
        };
        EVENTSYNC_TRY(const LoggedPtr event,
                      core(one).write({.collection = *core(one).collection(), .clientId = transaction.clientId, .edit = edit,
                                       .metadata = metadata, .id = uuids.next()}));
        WrittenDocument written{{.documentId = one}, {}, event ? event->event : nullptr};
        if (event) {
            written.diff = event->event->diff;
            written.diff.setVersion(event->serverSeq);
        }
        results.push_back(std::move(written));
    }
    return results;
}

void LocalWriter::Core::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    if (const DocumentCore *known = idle(id); known && known->exists())
        return done(known->record());
    auto operation = std::make_shared<DocumentOperation>();
    operation->ids = {id};
    operation->failed = [done](const Error &error) { done(failure(error)); };
    operation->judge = [this, weak = std::weak_ptr<DocumentOperation>(operation), id, done] {
        const DocumentOperationPtr running = weak.lock();
        if (!core(id).exists())
            return fail(running, {ErrorCode::NotFound, "there is no document " + id.text()});
        done(core(id).record());
        end(running);
    };
    whenStarted([this, operation] { begin(operation); });
}

void LocalWriter::Core::snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done)
{
    auto operation = std::make_shared<DocumentOperation>();
    operation->ids = {id};
    operation->failed = [done](const Error &error) { done(failure(error)); };
    operation->judge = [this, weak = std::weak_ptr<DocumentOperation>(operation), id, done] {
        const DocumentOperationPtr running = weak.lock();
        if (!core(id).exists())
            return fail(running, {ErrorCode::NotFound, "there is no document " + id.text()});
        flush(id, true, [this, running, picture = core(id).snapshot(), done](const Result<> &result) {
            if (!result)
                return fail(running, result.error());
            done(picture);
            end(running);
        });
    };
    whenStarted([this, operation] { begin(operation); });
}

void LocalWriter::Core::compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    auto operation = std::make_shared<DocumentOperation>();
    operation->ids = {id};
    operation->failed = [done](const Error &error) { done(failure(error)); };
    operation->judge = [this, weak = std::weak_ptr<DocumentOperation>(operation), id, horizon, done] {
        const DocumentOperationPtr running = weak.lock();
        if (!core(id).exists())
            return fail(running, {ErrorCode::NotFound, "there is no document " + id.text()});
        // Behind rows that are on their way: they would bring the former beginning back.
        flush(id, false, [this, running, id, horizon, done](const Result<> &flushed) {
            if (!flushed)
                return fail(running, flushed.error());
            compactStep(running, id, horizon, done);
        });
    };
    whenStarted([this, operation] { begin(operation); });
}

// ---- the public face

LocalWriter::LocalWriter(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, Options options)
    : m_core(std::make_shared<Core>(backend, executor, clock, random, std::move(options)))
{
    m_core->start();
}

LocalWriter::~LocalWriter() = default;

Executor &LocalWriter::executor()
{
    return m_core->executor;
}

storage::Backend &LocalWriter::backend()
{
    return m_core->backend;
}

const CollectionPolicy &LocalWriter::policy(const CollectionName &collection) const
{
    return m_core->options.policies.of(collection);
}

void LocalWriter::write(DocumentWrite write, Written done)
{
    m_core->write(std::move(write), std::move(done));
}

void LocalWriter::transact(DocumentTransaction transaction, TransactionDone done)
{
    m_core->transact(std::move(transaction), std::move(done));
}

void LocalWriter::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    m_core->read(id, std::move(done));
}

void LocalWriter::snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done)
{
    m_core->snapshot(id, std::move(done));
}

void LocalWriter::compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    m_core->compact(id, horizon, std::move(done));
}

void LocalWriter::settle(std::function<void()> done)
{
    m_core->settle(std::move(done));
}

} // namespace eventsync::eventlog
