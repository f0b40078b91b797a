// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/storestate.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>

#include <set>

namespace eventsync::eventlog {

Result<std::int64_t> lastDocumentNumber(storage::ReadView &view)
{
    std::int64_t last = 0;
    EVENTSYNC_CHECK(view.scan({.set = sets::kDocuments, .index = "number", .descending = true, .limit = 1, .columns = {document::Number}},
                              [&last](const storage::Row &row) {
                                  last = integerOf(row, document::Number).value_or(0);
                                  return false;
                              }));
    return last;
}

Result<StoreState> StoreState::read(storage::ReadView &view)
{
    StoreState state;
    EVENTSYNC_TRY(state.lastNumber, lastDocumentNumber(view));
    EVENTSYNC_TRY(const std::optional<storage::Row> derived, view.get(sets::kMeta, {std::string(meta::kDerived)}));
    if (derived) {
        EVENTSYNC_TRY(state.derived, integerOf(*derived, meta::Value));
    }
    state.lastPosition = state.derived;
    std::set<std::int64_t> numbers;
    // At most the events of about one second: `derived` follows the log that closely, also after a crash.
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .from = storage::Cell(state.derived + 1), .columns = {event::Position, event::Document}},
                              [&](const storage::Row &row) {
                                  numbers.insert(integerOf(row, event::Document).value_or(0));
                                  state.lastPosition = integerOf(row, event::Position).value_or(state.lastPosition);
                                  return true;
                              }));
    EventStore store(view);
    for (const std::int64_t number : numbers) {
        EVENTSYNC_TRY(const std::optional<DocumentRow> row, store.documentByNumber(number, false));
        if (row)
            state.lagging.push_back(row->documentId);
    }
    return state;
}

} // namespace eventsync::eventlog
