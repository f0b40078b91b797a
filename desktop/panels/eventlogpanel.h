// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/eventlogmodel.h>
#include <desktop/session.h>

#include <QWidget>

namespace eventsync::desktop {

class WithEmptyText;

// The log of one document: what came while it is shown, and, when the server can be asked, what was before.
class EventLogPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit EventLogPanel(Session &session, QWidget *parent = nullptr);
    void setDocument(const std::optional<DocumentId> &id);
    void load(); // asks the server for the last events

private:
    Session &m_session;
    std::optional<DocumentId> m_id;
    EventLogModel *m_model;
    WithEmptyText *m_list;
};

} // namespace eventsync::desktop
