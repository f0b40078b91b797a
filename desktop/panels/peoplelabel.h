// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/session.h>

#include <QLabel>

namespace eventsync::desktop {

// The other users who have the document open, each with the colour of their cursor. Hidden if there are none.
class PeopleLabel final : public QLabel
{
    Q_OBJECT

public:
    explicit PeopleLabel(Session &session, QWidget *parent = nullptr);
    void setDocument(const std::optional<DocumentId> &id);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void refresh();

    Session &m_session;
    std::optional<DocumentId> m_id;
    People m_people;
};

} // namespace eventsync::desktop
