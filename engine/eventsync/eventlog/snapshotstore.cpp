// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/snapshotstore.h>

#include <eventsync/eventlog/readback_p.h>
#include <eventsync/eventlog/schema.h>

#include <algorithm>

namespace eventsync::eventlog {

namespace {

Result<DocumentRow> rowOf(storage::ReadView &view, const DocumentId &id, bool withState)
{
    EVENTSYNC_TRY(std::optional<DocumentRow> row, EventStore(view).document(id, withState));
    if (!row)
        return failure(ErrorCode::NotFound, "there is no document " + id.text());
    return std::move(*row);
}

Result<std::vector<SnapshotStore::Entry>> entries(storage::ReadView &view, std::int64_t number)
{
    std::vector<SnapshotStore::Entry> found;
    Result<> good;
    EVENTSYNC_CHECK(view.scan({.set = sets::kSnapshots, .prefix = {storage::Cell(number)}}, [&](const storage::Row &row) {
        good = [&]() -> Result<> {
            SnapshotStore::Entry entry;
            EVENTSYNC_TRY(const std::int64_t seq, integerOf(row, snapshot::Seq));
            EVENTSYNC_TRY(const std::string_view chain, blobOf(row, snapshot::Chain));
            EVENTSYNC_TRY(entry.createdAt, timeOf(row, snapshot::CreatedAt));
            entry.position.serverSeq = ServerSeq(seq);
            EVENTSYNC_TRY(entry.position.chain, Digest::fromBytes(chain));
            entry.bytes = textOf(row, snapshot::State).value_or("").size();
            found.push_back(entry);
            return {};
        }();
        return good.has_value();
    }));
    EVENTSYNC_CHECK(good);
    return found;
}

} // namespace

void SnapshotStore::find(const DocumentId &document, ServerSeq until, std::function<void(Result<Snapshot>)> done)
{
    readAndPost<Snapshot>(
        m_backend, m_executor,
        [document, until](storage::ReadView &view) -> Result<Snapshot> {
            EVENTSYNC_TRY(const DocumentRow row, rowOf(view, document, false));
            EVENTSYNC_TRY(std::optional<Snapshot> found, EventStore(view).snapshot(row, until));
            if (!found)
                return failure(ErrorCode::NotFound, "no snapshot of " + document.text() + " up to " + std::to_string(until.value()));
            return std::move(*found);
        },
        std::move(done));
}

void SnapshotStore::list(const DocumentId &document, std::function<void(Result<std::vector<Entry>>)> done)
{
    readAndPost<std::vector<Entry>>(
        m_backend, m_executor,
        [document](storage::ReadView &view) -> Result<std::vector<Entry>> {
            EVENTSYNC_TRY(const DocumentRow row, rowOf(view, document, false));
            return entries(view, row.number);
        },
        std::move(done));
}

// An outdated list can only have fewer snapshots than there are: they never change, and no other code removes the newest.
void SnapshotStore::prune(const DocumentId &document, std::size_t keep, std::function<void(Result<std::size_t>)> done)
{
    using Keys = std::vector<storage::Key>;
    readAndPost<Keys>(
        m_backend, m_executor,
        [document, keep](storage::ReadView &view) -> Result<Keys> {
            EVENTSYNC_TRY(const DocumentRow row, rowOf(view, document, false));
            EVENTSYNC_TRY(const std::vector<Entry> found, entries(view, row.number));
            Keys keys;
            bool firstOfLog = row.horizon > ServerSeq(1);
            for (std::size_t i = 0; i + std::max<std::size_t>(keep, 1) < found.size(); ++i) {
                const ServerSeq seq = found[i].position.serverSeq;
                if (seq >= row.horizon.previous() && std::exchange(firstOfLog, false))
                    continue;
                keys.push_back({row.number, seq.value()});
            }
            return keys;
        },
        [this, done = std::move(done)](const Result<Keys> &keys) {
            if (!keys || keys->empty())
                return done(keys ? Result<std::size_t>(std::size_t(0)) : Result<std::size_t>(failure(keys.error())));
            storage::Batch batch;
            for (const storage::Key &key : *keys)
                batch.erase(sets::kSnapshots, key);
            m_backend.commit(std::move(batch), m_executor, [done, count = keys->size()](const Result<storage::Committed> &result) {
                done(result ? Result<std::size_t>(count) : Result<std::size_t>(failure(result.error())));
            });
        });
}

void SnapshotStore::stateAt(const DocumentId &document, ServerSeq seq, std::function<void(Result<DocumentState>)> done)
{
    readAndPost<DocumentState>(
        m_backend, m_executor,
        [document, seq](storage::ReadView &view) -> Result<DocumentState> {
            EVENTSYNC_TRY(const DocumentRow row, rowOf(view, document, true));
            return EventStore(view).stateAt(row, seq);
        },
        std::move(done));
}

} // namespace eventsync::eventlog
