// SPDX-License-Identifier: Apache-2.0
#include <server/sessions/outbox.h>

#include <eventsync/sync/limits.h>

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

namespace {

constexpr std::size_t kSmall = 256; // of a message, or of one element of a list, without the parts that are counted below
constexpr std::size_t kKnownId = 100;

std::size_t bytesOf(const std::optional<VectorClock> &clock)
{
    return clock ? clock->canonicalSize() : 0;
}

std::size_t bytesOf(const protocol::Events &events)
{
    std::size_t bytes = 0;
    for (const protocol::EventItem &item : events.events)
        bytes += (item.canonical ? item.canonical->size() : kSmall) + bytesOf(item.vectorClock);
    return bytes;
}

std::size_t bytesOf(const protocol::Snapshot &snapshot)
{
    return (snapshot.bytes ? snapshot.bytes->size() : limits::kCatchUpChunkBytes) + snapshot.known.size() * kKnownId
        + snapshot.vectorClock.canonicalSize();
}

std::size_t bytesOf(const protocol::Heads &heads)
{
    std::size_t bytes = 0;
    for (const protocol::Head &head : heads.heads)
        bytes += kSmall + (head.fields ? json::canonicalSize(*head.fields) : 0);
    return bytes;
}

std::size_t bytesOf(const protocol::Cursors &cursors)
{
    std::size_t bytes = 0;
    for (const StateVector &cursor : cursors.cursors)
        bytes += kSmall + cursor.vectorClock.canonicalSize();
    return bytes;
}

std::size_t bytesOf(const protocol::QueryResult &result)
{
    std::size_t bytes = result.piece ? result.piece->size() : 0;
    for (const auto &member : result.content)
        bytes += json::canonicalSize(member.value());
    return bytes;
}

std::size_t bytesOf(const protocol::Synced &synced)
{
    return bytesOf(synced.vectorClock);
}

} // namespace

std::size_t estimatedBytes(const protocol::Message &message)
{
    return kSmall + std::visit([](const auto &one) -> std::size_t {
               if constexpr (requires { bytesOf(one); })
                   return bytesOf(one);
               else
                   return 0;
           }, message);
}

} // namespace eventsync::server
