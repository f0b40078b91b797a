// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentlist.h>

#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/documentpage.h>

#include <set>

namespace eventsync::eventlog {

namespace {

// The numbers of the documents with events after the position up to which all rows are complete: few, the lag is bounded.
Result<std::set<std::int64_t>> laggingNumbers(storage::ReadView &view)
{
    std::int64_t complete = 0;
    EVENTSYNC_TRY(const std::optional<storage::Row> mark, view.get(sets::kMeta, {std::string(meta::kDerived)}));
    if (mark) {
        EVENTSYNC_TRY(complete, integerOf(*mark, meta::Value));
    }
    std::set<std::int64_t> numbers;
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .from = storage::Cell(complete + 1)}, [&](const storage::Row &row) {
        numbers.insert(integerOf(row, event::Document).value_or(0));
        return true;
    }));
    return numbers;
}

} // namespace

Result<storage::StoredDocument> storedDocument(DocumentRecord record, const CollectionPolicy &policy)
{
    if (!record.state)
        return failure(ErrorCode::NotFound, "there is no document " + record.documentId.text());
    const ServerSeq version = record.position.serverSeq;
    return storage::StoredDocument{std::move(record.documentId), std::move(record.collection), version,
                                   policy.withEngineFields(std::move(*record.state), version)};
}

Result<storage::FindPage> findDocuments(storage::ReadView &view, const CollectionName &collection,
                                        const storage::FindOptions &options, const CollectionPolicy &policy)
{
    EVENTSYNC_TRY(storage::DocumentPage page, storage::DocumentPage::begin(options));
    EVENTSYNC_TRY(const std::set<std::int64_t> lagging, laggingNumbers(view));
    EventStore store(view);
    storage::Scan scan{.set = sets::kDocuments, .index = "collection", .prefix = {collection.text()}};
    if (const auto start = page.startId())
        scan.from = storage::Cell(*start);
    Budget unlimited; // the program itself reads
    std::optional<Error> error;
    const auto add = [&](const storage::Row &cells) -> Result<bool> {
        EVENTSYNC_TRY(DocumentRow row, DocumentRow::fromRow(cells));
        DocumentRecord record;
        if (lagging.count(row.number) != 0) {
            EVENTSYNC_TRY(const auto loaded, store.load(row.documentId));
            if (!loaded)
                return true;
            record = loaded->row.record();
            record.position = loaded->head;
            record.state = loaded->state.jsonState();
        } else {
            record = row.record();
        }
        if (!record.state)
            return true;
        EVENTSYNC_TRY(storage::StoredDocument document, storedDocument(std::move(record), policy));
        return page.add(std::move(document), unlimited);
    };
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &cells) {
        const auto more = add(cells);
        if (!more)
            error = more.error();
        return more && *more;
    }));
    if (error)
        return failure(*error);
    return page.finish();
}

} // namespace eventsync::eventlog
