// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/models/gamesmodel.h>

#include <QWidget>

class QPushButton;
class QSortFilterProxyModel;
class QTableView;

namespace eventsync::desktop {

class WithEmptyText;

// The list of games, filtered by name, and what can be done with the list.
class GamesPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit GamesPanel(Session &session, QWidget *parent = nullptr);

    std::optional<DocumentId> current() const;
    void select(const DocumentId &id);
    void setLoading(bool loading); // nothing is known of the server's list yet

Q_SIGNALS:
    void currentChanged();
    void createRequested();
    void deleteRequested();

private:
    void keepSelection();

    GamesModel *m_model;
    QSortFilterProxyModel *m_proxy;
    QTableView *m_table;
    WithEmptyText *m_list;
    QPushButton *m_delete;
    std::optional<DocumentId> m_wanted; // selected as soon as it is in the list
};

} // namespace eventsync::desktop
