// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/patchstore.h>

#include <eventsync/crdtsync/binarycodec.h>
#include <eventsync/storage/memorybackend.h>
#include <eventsync/storage/sqlitebackend.h>

namespace eventsync::crdtsync {

namespace {

using namespace storage;

const std::string kPatchTable = "patches";
const std::string kById = "by_id";
const std::string kSnapshotTable = "snapshot";
constexpr std::size_t kReplicaColumn = 1, kNumberColumn = 2, kPatchColumn = 3;

Result<NumberedPatch> patchFrom(const Row &row)
{
    const auto *bytes = std::get_if<Blob>(&row[kPatchColumn]);
    const auto *replica = std::get_if<std::int64_t>(&row[kReplicaColumn]);
    const auto *number = std::get_if<std::int64_t>(&row[kNumberColumn]);
    if (!bytes || !replica || !number)
        return failure(ErrorCode::Corrupt, "a row of patches that is none");
    auto patch = crdt::Patch::decode(bytes->bytes);
    if (!patch || replicaOf(*patch) != ReplicaId(*replica))
        return failure(ErrorCode::Corrupt, "a stored patch cannot be read");
    return NumberedPatch{{ReplicaId(*replica), PatchNumber(*number)}, std::move(*patch)};
}

// Scans and decodes, stopping at the first row that is wrong.
Result<> scanPatches(ReadView &view, const Scan &scan, const std::function<bool(NumberedPatch)> &visit)
{
    std::optional<Error> wrong;
    EVENTSYNC_CHECK(view.scan(scan, [&](const Row &row) {
        auto patch = patchFrom(row);
        if (!patch)
            wrong = patch.error();
        return patch && visit(std::move(*patch));
    }));
    if (wrong)
        return failure(*wrong);
    return {};
}

Result<PatchStore::Page> readRanges(ReadView &view, const std::vector<PatchRange> &ranges, std::size_t most)
{
    PatchStore::Page page;
    std::size_t bytes = 0;
    for (const PatchRange &range : ranges) {
        Scan scan{kPatchTable, kById, {range.replica.value()}, Cell(range.first.value()), Cell(range.last.next().value())};
        EVENTSYNC_CHECK(scanPatches(view, scan, [&](NumberedPatch patch) {
            bytes += patch.patch.bytes().size();
            if (bytes > most && !page.patches.empty()) {
                page.more = true;
                return false;
            }
            page.patches.push_back(std::move(patch));
            return true;
        }));
        if (page.more)
            break;
    }
    return page;
}

// A snapshot is stored as the message in which it arrived.
Row rowOf(const SnapshotMessage &snapshot)
{
    return {std::int64_t(1), Blob{encodeBinaryMessage({"store", {}, snapshot})}};
}

Result<SnapshotMessage> snapshotFrom(const Row &row)
{
    const auto *bytes = std::get_if<Blob>(&row[1]);
    if (bytes) {
        if (auto message = decode(bytes->bytes)) {
            if (auto *snapshot = std::get_if<SnapshotMessage>(&message->body))
                return std::move(*snapshot);
        }
    }
    return failure(ErrorCode::Corrupt, "the stored snapshot cannot be read");
}

// A step may have been executed before: the same patch again is a success, another one under its id is not.
Result<> isThere(ReadView &view, const std::vector<Effects::StoreStep> &steps)
{
    for (const Effects::StoreStep &step : steps) {
        const auto *patch = std::get_if<NumberedPatch>(&step);
        if (!patch)
            continue;
        EVENTSYNC_TRY(const auto row, view.getBy(kPatchTable, kById, {patch->id.replica.value(), patch->id.number.value()}));
        if (row) {
            EVENTSYNC_TRY(const NumberedPatch there, patchFrom(*row));
            if (there != *patch)
                return failure(ErrorCode::Conflict, "another patch is stored under this number");
        }
    }
    return {};
}

} // namespace

Schema BackendPatchStore::schema()
{
    RecordSet patches{kPatchTable,
                      {{"position", ColumnType::Integer},
                       {"replica", ColumnType::Integer},
                       {"number", ColumnType::Integer},
                       {"patch", ColumnType::Blob}}};
    patches.indexes = {{kById, {"replica", "number"}, true}};
    patches.appendOnly = true;
    RecordSet snapshot{kSnapshotTable, {{"id", ColumnType::Integer}, {"message", ColumnType::Blob}}};
    return {1, {std::move(patches), std::move(snapshot)}};
}

void BackendPatchStore::store(std::vector<Effects::StoreStep> steps, Executor &executor, Done done)
{
    Batch batch;
    for (const Effects::StoreStep &step : steps) {
        if (const auto *patch = std::get_if<NumberedPatch>(&step)) {
            batch.put(kPatchTable, {std::monostate(), patch->id.replica.value(), patch->id.number.value(),
                                 Blob{patch->patch.bytes()}});
        } else {
            batch.put(kSnapshotTable, rowOf(std::get<SnapshotMessage>(step)));
        }
    }
    auto backend = m_backend;
    m_backend->commit(std::move(batch), executor,
                      [backend, steps = std::move(steps), &executor, done = std::move(done)](Result<Committed> result) {
        if (result)
            return done({});
        if (result.error().code != ErrorCode::Conflict || steps.empty())
            return done(failure(result.error()));
        // One of several was stored already: the others are committed without it.
        backend->read([backend, steps, &executor, done](Result<std::unique_ptr<ReadView>> view) {
            const auto answer = [&](Result<> outcome) { executor.post([done, outcome] { done(outcome); }); };
            if (!view)
                return answer(failure(view.error()));
            if (const auto same = isThere(**view, steps); !same)
                return answer(failure(same.error()));
            Batch rest;
            for (const Effects::StoreStep &step : steps) {
                if (const auto *patch = std::get_if<NumberedPatch>(&step)) {
                    const auto row = (*view)->getBy(kPatchTable, kById, {patch->id.replica.value(), patch->id.number.value()});
                    if (row && !*row) {
                        rest.put(kPatchTable, {std::monostate(), patch->id.replica.value(), patch->id.number.value(),
                                            Blob{patch->patch.bytes()}});
                    }
                } else {
                    rest.put(kSnapshotTable, rowOf(std::get<SnapshotMessage>(step)));
                }
            }
            if (rest.isEmpty())
                return answer({});
            backend->commit(std::move(rest), executor, [done](Result<Committed> second) {
                done(second ? Result<>() : Result<>(failure(second.error())));
            });
        });
    });
}

void BackendPatchStore::read(std::vector<PatchRange> ranges, std::size_t bytes, Executor &executor, Read done)
{
    m_backend->read([ranges = std::move(ranges), bytes, &executor, done = std::move(done)](Result<std::unique_ptr<ReadView>> view) {
        auto page = view ? readRanges(**view, ranges, bytes) : Result<Page>(failure(view.error()));
        executor.post([done, page = std::move(page)]() mutable { done(std::move(page)); });
    });
}

void BackendPatchStore::readBeyond(VersionVector vector, Executor &executor, Read done)
{
    m_backend->read([vector = std::move(vector), &executor, done = std::move(done)](Result<std::unique_ptr<ReadView>> view) {
        Result<Page> answer = Page();
        if (view) {
            const auto scanned = scanPatches(**view, {kPatchTable}, [&](NumberedPatch patch) {
                if (!vector.has(patch.id))
                    answer->patches.push_back(std::move(patch));
                return true;
            });
            if (!scanned)
                answer = failure(scanned.error());
        } else {
            answer = failure(view.error());
        }
        executor.post([done, answer = std::move(answer)]() mutable { done(std::move(answer)); });
    });
}

Result<PatchStore::Stored> BackendPatchStore::load()
{
    EVENTSYNC_TRY(const auto view, m_backend->view());
    Stored stored;
    EVENTSYNC_TRY(const auto row, view->get(kSnapshotTable, {std::int64_t(1)}));
    if (row) {
        EVENTSYNC_TRY(stored.snapshot, snapshotFrom(*row));
    }
    EVENTSYNC_CHECK(scanPatches(*view, {kPatchTable}, [&](NumberedPatch patch) {
        stored.patches.push_back(std::move(patch));
        return true;
    }));
    return stored;
}

MemoryPatchStore::MemoryPatchStore() : BackendPatchStore(std::make_shared<MemoryBackend>(schema())) {}

Result<std::unique_ptr<SqlitePatchStore>> SqlitePatchStore::open(const std::string &path)
{
    EVENTSYNC_TRY(auto backend, SqliteBackend::open(path, schema()));
    return std::unique_ptr<SqlitePatchStore>(new SqlitePatchStore(std::move(backend)));
}

} // namespace eventsync::crdtsync
