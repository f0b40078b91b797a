// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/icons.h>
#include <desktop/models/statemodel.h>
#include <desktop/session.h>

#include <QWidget>

class QGridLayout;
class QLineEdit;
class QPushButton;
class QStackedWidget;
class QToolButton;
class QTreeView;

namespace eventsync::desktop {

class ElidedLabel;

// One game: its fields to edit, quick actions, and its whole state as a tree. Edits are marked until the server has them.
class GamePanel final : public QWidget
{
    Q_OBJECT

public:
    explicit GamePanel(Session &session, QWidget *parent = nullptr);

    void setDocument(const std::optional<DocumentId> &id);
    void refresh();

Q_SIGNALS:
    void queueRequested(); // the user wants to see the waiting edits

private:
    struct Field
    {
        json::Pointer path;
        bool number = false;
        QLineEdit *edit = nullptr;
        QToolButton *mark = nullptr;
        QString shown = {}; // the state's value
        bool dirty = false; // the user has typed something else
    };
    void addField(QGridLayout *grid, const QString &label, const char *name, bool number);
    QPushButton *addAction(const QString &text, const char *name, Icon id, const QString &tip);
    void buildTree();
    void refreshFields(const json::State &optimistic, const json::State &confirmed);
    void refreshButtons();
    void save();
    void revert();

    Session &m_session;
    std::optional<DocumentId> m_id;
    std::vector<Field> m_fields;
    StateModel *m_model;
    QStackedWidget *m_pages;
    ElidedLabel *m_title, *m_subtitle;
    QPushButton *m_save, *m_revert, *m_gold, *m_experience, *m_level;
    QTreeView *m_tree;
    QWidget *m_gone;
};

} // namespace eventsync::desktop
