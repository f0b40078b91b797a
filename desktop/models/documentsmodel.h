// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/icons.h>
#include <desktop/session.h>

#include <QAbstractTableModel>

namespace eventsync::desktop {

// The documents of a session, in the order of their ids; a proxy sorts and filters them by name. Updates itself by the
// session's signals.
class DocumentsModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, Level, Gold, Status, ColumnCount };
    enum Role { SortRole = Qt::UserRole + 1 };

    explicit DocumentsModel(Session &session, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    static QString kindText(Session::Kind kind);
    static Icon iconOf(Session::Kind kind);

    const Session::Document &document(int row) const { return m_documents.at(std::size_t(row)); }
    int rowOf(const DocumentId &id) const; // -1: absent

private:
    void update(const DocumentId &id);
    QString status(const Session::Document &document) const;

    Session &m_session;
    std::vector<Session::Document> m_documents;
};

} // namespace eventsync::desktop
