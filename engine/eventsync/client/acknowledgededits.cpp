// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/acknowledgededits_p.h>

#include <eventsync/client/limits.h>
#include <eventsync/client/rows_p.h>

namespace eventsync::client {

void AcknowledgedEdits::load(AckedEdit acked)
{
    m_byId.emplace(acked.edit->id, acked.serverSeq);
    const auto key = std::pair(acked.serverSeq, acked.edit->id);
    m_edits.emplace(key, std::move(acked));
}

void AcknowledgedEdits::keep(AckedEdit acked)
{
    if (m_byId.contains(acked.edit->id))
        return;
    if (rows::isDamaged(*acked.edit)) { // its content is not what was logged
        keepIds(*acked.edit, IdKind::Acknowledged);
        return;
    }
    m_changes.put("acked", rows::ackedRow(m_id, acked));
    load(std::move(acked));
    forgetOld(Timestamp());
}

void AcknowledgedEdits::remove(const AckedEdit &acked)
{
    m_changes.erase("acked", rows::ackedKey(m_id, acked));
    m_byId.erase(acked.edit->id);
    m_edits.erase({acked.serverSeq, acked.edit->id});
}

void AcknowledgedEdits::forgetOld(Timestamp now)
{
    const std::size_t most = m_options.ackedKeepCount.value_or(limits::kAckedEdits);
    const Timestamp oldest = now - m_options.ackedKeep.count();
    while (!m_edits.empty() && (m_edits.size() > most || m_edits.begin()->second.at < oldest)) {
        const AckedEdit acked = m_edits.begin()->second;
        keepIds(*acked.edit, IdKind::Acknowledged);
        remove(acked);
    }
}

void AcknowledgedEdits::clear()
{
    for (const auto &[key, acked] : m_edits)
        keepIds(*acked.edit, IdKind::Acknowledged);
    m_edits.clear();
    m_byId.clear();
    m_changes.eraseAll("acked");
}

void AcknowledgedEdits::giveUp(const QueueEntry &edit)
{
    keepIds(edit, IdKind::GivenUp);
}

void AcknowledgedEdits::keepIds(const QueueEntry &edit, IdKind kind)
{
    for (const EventId &id : {edit.id, edit.first()}) {
        if (m_ids.emplace(id, kind).second)
            m_changes.put("ids", rows::idRow(m_id, id, kind));
    }
}

AcknowledgedEdits::Known AcknowledgedEdits::known(const EventId &id, const EventId &first) const
{
    const auto found = m_ids.find(id);
    if (m_byId.contains(id) || (found != m_ids.end() && found->second == IdKind::Acknowledged))
        return Known::Acknowledged;
    return found != m_ids.end() || m_ids.contains(first) || m_byId.contains(first) ? Known::GivenUp : Known::No;
}

} // namespace eventsync::client
