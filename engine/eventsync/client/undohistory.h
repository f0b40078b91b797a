// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/syncclient.h>

namespace eventsync::client {

/// Undo and redo of own edits, for menus and buttons. An undo is a new edit that reverts an own edit. It tests every value that
/// the edit wrote: if another client has changed it since, the undo fails with Conflict and changes nothing. Works offline and
/// after a restart. One history per document. Owner only.
class UndoHistory final : public QObject
{
    Q_OBJECT

public:
    explicit UndoHistory(SyncClient &client, QObject *parent = nullptr);

    bool canUndo(const DocumentId &id) const;
    bool canRedo(const DocumentId &id) const;
    SyncClient::Edit undo(const DocumentId &id); ///< NotFound, Conflict
    SyncClient::Edit redo(const DocumentId &id);

Q_SIGNALS:
    void changed(const eventsync::DocumentId &id); ///< canUndo() or canRedo() may have changed

private:
    SyncClient &m_client;
};

} // namespace eventsync::client
