// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/syncclient.h>

namespace eventsync::client {

/// The durable queue: the edits of this replica that are not known to be in the log. An entry leaves it when its event arrives,
/// by a decision, or when the user discards it. The client must outlive this object. Owner only.
class OfflineQueue final : public QObject
{
    Q_OBJECT

public:
    using Counts = QueueCounts;

    explicit OfflineQueue(SyncClient &client, QObject *parent = nullptr);

    std::vector<QueueEntry> entries() const;                        ///< of all documents, in the order made
    std::vector<QueueEntry> entries(const DocumentId &id) const;
    std::vector<QueueEntry> inState(EntryState state) const;        ///< conflicts, dead letters, ...
    std::optional<QueueEntry> entry(const EventId &id) const;
    Counts counts() const;
    std::size_t size() const;
    bool isEmpty() const { return size() == 0; }

    QFuture<Result<>> discard(const EventId &entry); ///< drops a conflict or dead letter
    QFuture<Result<>> retry(const EventId &entry);   ///< a dead letter, as a new edit

Q_SIGNALS:
    void changed(const eventsync::DocumentId &id);
    void countsChanged(const eventsync::client::QueueCounts &counts);

private:
    SyncClient &m_client;
    Counts m_counts;
};

} // namespace eventsync::client
