// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/nodemodel.h>
#include <desktop/session.h>

#include <QWidget>

class QPushButton;
class QStackedWidget;
class QToolButton;
class QTreeView;

namespace eventsync::desktop {

// A JSON CRDT document as a tree to edit: entries are added, renamed, changed, moved and deleted, together with others.
class ContentsPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit ContentsPanel(Session &session, QWidget *parent = nullptr);

    void setDocument(const std::optional<DocumentId> &id);
    void refresh();

Q_SIGNALS:
    void failed(const QString &text);

protected:
    void showEvent(QShowEvent *event) override;

private:
    void buildButtons();
    void refreshSoon();
    void refreshButtons();
    bool edit(const client::ClientCore::CrdtEdit &change);
    void add(const json::Value &value);
    void remove();
    void move(int by);
    void rename(const NodePlace &place, const std::string &key);
    QModelIndex current() const;
    void select(const NodePlace &place);

    Session &m_session;
    std::optional<DocumentId> m_id;
    NodeModel *m_model;
    QTreeView *m_tree;
    QStackedWidget *m_pages;
    QToolButton *m_add;
    QPushButton *m_remove, *m_up, *m_down;
    bool m_stale = false;
};

} // namespace eventsync::desktop
