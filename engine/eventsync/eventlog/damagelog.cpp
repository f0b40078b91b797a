// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/damagelog.h>

#include <eventsync/eventlog/limits.h>
#include <eventsync/storage/logging.h>

namespace eventsync::eventlog {

DamageLog::DamageLog(Metrics *metrics)
{
    if (!metrics)
        return;
    m_places = &metrics->counter("eventsync_damaged_places_total", "places where the store was found damaged");
    m_reads = &metrics->counter("eventsync_damaged_reads_total", "reads that ended at a damaged place of the store");
}

void DamageLog::note(const Error &error)
{
    if (error.code != ErrorCode::Corrupt)
        return;
    if (m_reads)
        m_reads->add();
    if (m_said.size() >= limits::kDamagedPlaces || !m_said.insert(error.message).second)
        return;
    qCWarning(lcStorage) << "the store is damaged:" << error.message.c_str();
    if (m_places)
        m_places->add();
}

} // namespace eventsync::eventlog
