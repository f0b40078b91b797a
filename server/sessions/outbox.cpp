// SPDX-License-Identifier: Apache-2.0
#include <server/sessions/outbox.h>

#include <eventsync/base/limits.h>

namespace eventsync::server {

void Outbox::add(Outgoing outgoing)
{
    m_parcel.push_back(std::move(outgoing));
    if (m_parcel.size() == 1)
        m_engine.post([self = shared_from_this()] { self->flush(); });
}

void Outbox::flush()
{
    m_io->post([deliver = m_deliver, parcel = std::make_shared<std::vector<Outgoing>>(std::move(m_parcel))] {
        (*deliver)(std::move(*parcel));
    });
    m_parcel.clear();
}

std::size_t estimatedBytes(const protocol::Message &message)
{
    constexpr std::size_t kSmall = 256;
    if (const auto *events = std::get_if<protocol::Events>(&message)) {
        std::size_t bytes = kSmall;
        for (const protocol::EventItem &item : events->events)
            bytes += item.canonical ? item.canonical->size() : kSmall;
        return bytes;
    }
    if (const auto *snapshot = std::get_if<protocol::Snapshot>(&message))
        return kSmall + (snapshot->bytes ? snapshot->bytes->size() : limits::kCatchUpChunkBytes);
    return kSmall;
}

} // namespace eventsync::server
