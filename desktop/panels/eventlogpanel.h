// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/eventlogmodel.h>
#include <desktop/session.h>

#include <QWidget>

namespace eventsync::desktop {

class WithEmptyText;

// The log of one document: events that arrive while it is shown, and earlier ones when the server is reachable.
class EventLogPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit EventLogPanel(Session &session, QWidget *parent = nullptr);
    void setDocument(const std::optional<DocumentId> &id);
    void load(); // requests the last events from the server

private:
    Session &m_session;
    std::optional<DocumentId> m_id;
    EventLogModel *m_model;
    WithEmptyText *m_list;
};

} // namespace eventsync::desktop
