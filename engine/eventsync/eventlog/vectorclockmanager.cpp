// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/vectorclockmanager.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/readback_p.h>

namespace eventsync::eventlog {

void MemoryVectorClockManager::getVectorClock(const DocumentId &document, std::function<void(Result<VectorClock>)> done)
{
    const auto known = m_clocks.find(document);
    done(known == m_clocks.end() ? VectorClock() : known->second);
}

void MemoryVectorClockManager::updateVectorClock(const DocumentId &document, const ClientId &client, ClientSeq seq,
                                                 std::function<void(Result<>)> done)
{
    m_clocks[document].advance(client, seq);
    done({});
}

void StoredVectorClockManager::getVectorClock(const DocumentId &document, std::function<void(Result<VectorClock>)> done)
{
    readAndPost<VectorClock>(
        m_backend, m_executor,
        [document](storage::ReadView &view) -> Result<VectorClock> {
            EVENTSYNC_TRY(const auto loaded, EventStore(view).load(document));
            return loaded ? loaded->clock : VectorClock();
        },
        std::move(done));
}

void StoredVectorClockManager::updateVectorClock(const DocumentId &document, const ClientId &client, ClientSeq seq,
                                                 std::function<void(Result<>)> done)
{
    readAndPost<VectorClock>(
        m_backend, m_executor,
        [document](storage::ReadView &view) -> Result<VectorClock> {
            EVENTSYNC_TRY(const auto loaded, EventStore(view).load(document));
            if (!loaded)
                return failure(ErrorCode::NotFound, "there is no document " + document.text());
            return loaded->clock;
        },
        [client, seq, done = std::move(done)](const Result<VectorClock> &clock) {
            if (!clock)
                return done(failure(clock.error()));
            if (!clock->covers(client, seq))
                return done(failure(ErrorCode::Invalid, "the log has no event " + std::to_string(seq.value()) + " of " + client.text()));
            done({});
        });
}

} // namespace eventsync::eventlog
