// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/documentturns_p.h>

#include <eventsync/base/assert.h>

namespace eventsync::client {

DocumentTurns::Kind DocumentTurns::kindOf(const DocumentReplica &document)
{
    const SubscriptionNeed need = document.need();
    if (!document.isSubscribed())
        return need == SubscriptionNeed::Write ? Kind::Writer : need == SubscriptionNeed::Read ? Kind::Reader : Kind::None;
    if (need == SubscriptionNeed::None)
        return Kind::Leaving;
    return need == SubscriptionNeed::Read && document.isSynced() ? Kind::Idle : Kind::Busy;
}

void DocumentTurns::place(DocumentReplica &document, std::chrono::milliseconds now)
{
    const Kind kind = kindOf(document);
    if (const auto found = m_places.find(&document); found != m_places.end()) {
        if (found->second.kind == kind)
            return;
        forget(document);
    }
    if (kind == Kind::None)
        return;
    m_places.emplace(&document, Place{kind, ++m_lastTicket});
    line(kind).emplace(m_lastTicket, Candidate{&document, now});
}

void DocumentTurns::forget(DocumentReplica &document)
{
    const auto found = m_places.find(&document);
    if (found == m_places.end())
        return;
    line(found->second.kind).erase(found->second.ticket);
    m_places.erase(found);
}

void DocumentTurns::take(std::size_t places, std::chrono::milliseconds now, Changes &out)
{
    while (!line(Kind::Leaving).empty())
        release(*line(Kind::Leaving).begin()->second.document, now, out);
    for (;;) {
        const bool isWriter = !line(Kind::Writer).empty();
        Line &waiting = line(isWriter ? Kind::Writer : Kind::Reader);
        if (waiting.empty() || (held() >= places && !makeRoom(isWriter, now, out)))
            return;
        DocumentReplica &next = *waiting.begin()->second.document;
        next.subscribe(out);
        EVENTSYNC_ASSERT(next.isSubscribed());
        place(next, now);
    }
}

bool DocumentTurns::makeRoom(bool forWriter, std::chrono::milliseconds now, Changes &out)
{
    const Line &idle = line(Kind::Idle);
    if (idle.empty())
        return false;
    const Candidate longest = idle.begin()->second;
    if (!forWriter) {
        if (m_turnsLeft == 0 || now - longest.since < m_turn)
            return false;
        --m_turnsLeft;
    }
    release(*longest.document, now, out);
    return true;
}

void DocumentTurns::release(DocumentReplica &document, std::chrono::milliseconds now, Changes &out)
{
    document.unsubscribe(out);
    place(document, now);
}

} // namespace eventsync::client
