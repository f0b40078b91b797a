// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>

#include <QAbstractTableModel>

#include <functional>
#include <vector>

namespace eventsync::desktop {

// The edits of this replica that are not known to be in the log, in the order made. Owner only.
class QueueModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { State, Document, Operation, Change, Made, Reason, ColumnCount };
    using TitleOf = std::function<QString(const DocumentId &)>;

    explicit QueueModel(TitleOf titleOf, QObject *parent = nullptr);
    void setEntries(std::vector<client::QueueEntry> entries);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    const client::QueueEntry &entry(int row) const { return m_entries.at(std::size_t(row)); }

private:
    TitleOf m_titleOf;
    std::vector<client::QueueEntry> m_entries;
};

} // namespace eventsync::desktop
