// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/undohistory.h>

namespace eventsync::client {

UndoHistory::UndoHistory(SyncClient &client, QObject *parent) : QObject(parent), m_client(client)
{
    connect(&client, &SyncClient::queueChanged, this, &UndoHistory::changed); // every edit passes through the queue
    connect(&client, &SyncClient::documentRevoked, this, &UndoHistory::changed);
}

bool UndoHistory::canUndo(const DocumentId &id) const
{
    return m_client.core().canUndo(id);
}

bool UndoHistory::canRedo(const DocumentId &id) const
{
    return m_client.core().canRedo(id);
}

SyncClient::Edit UndoHistory::undo(const DocumentId &id)
{
    return m_client.undo(id);
}

SyncClient::Edit UndoHistory::redo(const DocumentId &id)
{
    return m_client.redo(id);
}

} // namespace eventsync::client
