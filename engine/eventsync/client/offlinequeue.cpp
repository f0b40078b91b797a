// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/offlinequeue.h>

#include <QPointer>

#include <algorithm>

namespace eventsync::client {

OfflineQueue::OfflineQueue(SyncClient &client, QObject *parent) : QObject(parent), m_client(client), m_counts(counts())
{
    connect(&client, &SyncClient::queueChanged, this, [this](const DocumentId &id) {
        const QPointer<OfflineQueue> alive(this);
        const Counts now = counts();
        const bool differ = !(now == m_counts);
        m_counts = now;
        Q_EMIT changed(id);
        if (alive && differ)
            Q_EMIT countsChanged(now);
    });
}

std::vector<QueueEntry> OfflineQueue::entries() const
{
    return m_client.core().queue();
}

std::vector<QueueEntry> OfflineQueue::entries(const DocumentId &id) const
{
    return m_client.core().queue(id);
}

std::vector<QueueEntry> OfflineQueue::inState(EntryState state) const
{
    std::vector<QueueEntry> found = entries();
    std::erase_if(found, [state](const QueueEntry &entry) { return entry.state != state; });
    return found;
}

std::optional<QueueEntry> OfflineQueue::entry(const EventId &id) const
{
    for (QueueEntry &entry : entries()) {
        if (entry.id == id)
            return std::move(entry);
    }
    return std::nullopt;
}

OfflineQueue::Counts OfflineQueue::counts() const
{
    return m_client.core().queueCounts();
}

std::size_t OfflineQueue::size() const
{
    return m_client.core().queueSize();
}

QFuture<Result<>> OfflineQueue::discard(const EventId &entry)
{
    return m_client.discard(entry);
}

QFuture<Result<>> OfflineQueue::retry(const EventId &entry)
{
    return m_client.retry(entry);
}

} // namespace eventsync::client
