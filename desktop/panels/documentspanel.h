// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/documentsmodel.h>

#include <QWidget>

class QPushButton;
class QSortFilterProxyModel;
class QTableView;
class QToolButton;

namespace eventsync::desktop {

class WithEmptyText;

// The list of games, texts and lists, filtered by name, and what can be done with it.
class DocumentsPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit DocumentsPanel(Session &session, QWidget *parent = nullptr);

    std::optional<DocumentId> current() const;
    void select(const DocumentId &id);
    void setLoading(bool loading); // the server's list has not arrived yet

Q_SIGNALS:
    void currentChanged();
    void createRequested(eventsync::desktop::Session::Kind kind);
    void deleteRequested();

private:
    QToolButton *makeCreateButton();
    void keepSelection();

    DocumentsModel *m_model;
    QSortFilterProxyModel *m_proxy;
    QTableView *m_table;
    WithEmptyText *m_list;
    QPushButton *m_delete;
    std::optional<DocumentId> m_wanted; // selected as soon as it is in the list
};

} // namespace eventsync::desktop
