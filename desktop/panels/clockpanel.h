// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/statevectormodel.h>
#include <desktop/models/vectorclockmodel.h>
#include <desktop/session.h>

#include <QWidget>

namespace eventsync::desktop {

// The vector clock of one document at this replica, and the state vectors of all replicas.
class ClockPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit ClockPanel(Session &session, QWidget *parent = nullptr);
    void setDocument(const std::optional<DocumentId> &id);
    void refresh(); // from the local copy
    void load();    // requests the state vectors from the server

private:
    Session &m_session;
    std::optional<DocumentId> m_id;
    VectorClockModel *m_clock;
    StateVectorModel *m_vectors;
};

} // namespace eventsync::desktop
