// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/missingevents.h>

#include <eventsync/eventlog/schema.h>

namespace eventsync::eventlog {

namespace {

// The clock at the beginning of the log: the one at its end, with each client's entry reduced to before its first event in the
// log. Only columns are read.
Result<VectorClock> clockBeforeLog(storage::ReadView &view, const LoadedDocument &loaded)
{
    VectorClock clock = loaded.clock;
    std::map<ClientId, ClientSeq> first;
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .index = "order", .prefix = {storage::Cell(loaded.row.number)}},
                              [&](const storage::Row &row) {
                                  first.try_emplace(ClientId(std::string(textOf(row, event::ClientId).value_or(""))),
                                                    ClientSeq(integerOf(row, event::ClientSeq).value_or(0)));
                                  return true;
                              }));
    for (const auto &[client, seq] : first)
        clock.set(client, seq.previous());
    return clock;
}

} // namespace

Result<MissingEvents> missingEvents(storage::ReadView &view, const DocumentId &id, const MissingQuery &query)
{
    EventStore store(view);
    EVENTSYNC_TRY(const std::optional<LoadedDocument> loaded, store.load(id));
    if (!loaded)
        return failure(ErrorCode::NotFound, "there is no document " + id.text());
    MissingEvents missing;
    if (query.known.covers(loaded->clock))
        return missing;
    if (loaded->row.horizon > ServerSeq(1)) {
        EVENTSYNC_TRY(const VectorClock removed, clockBeforeLog(view, *loaded));
        if (!query.known.covers(removed))
            return failure(ErrorCode::Compacted, "the log of " + id.text() + " begins at " + std::to_string(loaded->row.horizon.value()));
    }
    std::size_t bytes = 0;
    EVENTSYNC_CHECK(store.eachEvent(loaded->row.number, {.after = query.after}, [&](const LoggedPtr &event) {
        if (query.known.covers(event->clientId, event->clientSeq))
            return true;
        bytes += event->canonical->size();
        if (bytes > query.bytes && !missing.events.empty()) {
            missing.next = missing.events.back()->serverSeq;
            return false;
        }
        missing.events.push_back(event->event);
        return true;
    }));
    return missing;
}

} // namespace eventsync::eventlog
