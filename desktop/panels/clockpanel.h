// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/statevectormodel.h>
#include <desktop/models/vectorclockmodel.h>
#include <desktop/session.h>

#include <QWidget>

namespace eventsync::desktop {

// What this replica knows of one document (its vector clock), and which replica has what (state vectors).
class ClockPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit ClockPanel(Session &session, QWidget *parent = nullptr);
    void setDocument(const std::optional<DocumentId> &id);
    void refresh(); // from what is here
    void load();    // asks the server for the state vectors

private:
    Session &m_session;
    std::optional<DocumentId> m_id;
    VectorClockModel *m_clock;
    StateVectorModel *m_vectors;
};

} // namespace eventsync::desktop
