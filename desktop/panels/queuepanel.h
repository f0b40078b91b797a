// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/queuemodel.h>
#include <desktop/session.h>

#include <QWidget>

class QPushButton;
class QTableView;

namespace eventsync::desktop {

// The edits that are not known to be in the log, of all documents, and the actions for conflicts and dead letters.
class QueuePanel final : public QWidget
{
    Q_OBJECT

public:
    explicit QueuePanel(Session &session, QWidget *parent = nullptr);

Q_SIGNALS:
    void decideRequested(const eventsync::EventId &entry);

private:
    void refresh();
    void refreshButtons();
    void discard();
    const client::QueueEntry *selected() const;

    Session &m_session;
    QueueModel *m_model;
    QTableView *m_table;
    QPushButton *m_decide, *m_retry, *m_discard;
    bool m_stale = false;
};

} // namespace eventsync::desktop
