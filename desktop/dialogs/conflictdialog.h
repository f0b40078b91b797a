// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/dialogs/conflictchoice.h>
#include <desktop/session.h>

#include <QDialog>

class QLabel;
class QPushButton;
class QTableWidget;

namespace eventsync::desktop {

// Shows one conflict: the base, the own edit, the edits of others and the result; takes the user's decision. Not modal to the
// program: shown with open(), it closes itself when the conflict is settled some other way.
class ConflictDialog final : public QDialog
{
    Q_OBJECT

public:
    ConflictDialog(Session &session, const EventId &entry, const QString &person, QWidget *parent = nullptr);
    const EventId &entry() const { return m_entry; }

private:
    void fill();
    QWidget *makeChoice(std::size_t place, const QString &name);
    void refresh();
    void decide(client::Decision decision);
    void showResult();

    Session &m_session;
    EventId m_entry;
    std::string m_person;
    std::optional<ConflictChoice> m_choice;
    ServerSeq m_shownTo;
    QLabel *m_text, *m_waits;
    QTableWidget *m_table;
    QPushButton *m_mine, *m_theirs, *m_merge;
};

} // namespace eventsync::desktop
