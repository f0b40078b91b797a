// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/queuemodel.h>

#include <desktop/models/syncrows.h>
#include <desktop/texts.h>

namespace eventsync::desktop {

QueueModel::QueueModel(TitleOf titleOf, QObject *parent) : QAbstractTableModel(parent), m_titleOf(std::move(titleOf)) {}

void QueueModel::setEntries(std::vector<client::QueueEntry> entries)
{
    const RowSignals signals{.beginInsert = [this](int first, int last) { beginInsertRows({}, first, last); },
                             .beginRemove = [this](int first, int last) { beginRemoveRows({}, first, last); },
                             .endInsert = [this] { endInsertRows(); },
                             .endRemove = [this] { endRemoveRows(); },
                             .changed = [this](int row) { Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1)); }};
    syncRows(m_entries, std::move(entries), [](const client::QueueEntry &entry) { return entry.id; }, signals);
}

int QueueModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_entries.size());
}

int QueueModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant QueueModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const client::QueueEntry &entry = m_entries[std::size_t(index.row())];
    if (role == Qt::DecorationRole && index.column() == State)
        return icon(Texts::entryIcon(entry));
    if (role == Qt::ToolTipRole && index.column() == Document)
        return QString::fromStdString(entry.documentId.text());
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    switch (index.column()) {
    case State: return Texts::entryState(entry);
    case Document: return m_titleOf(entry.documentId);
    case Operation: return Texts::operation(entry.operation);
    case Change: return Texts::change(entry.operation, entry.diff);
    case Made: return Texts::time(entry.timestamp);
    case Reason: return entry.reason ? Texts::error(*entry.reason) : QString();
    default: return {};
    }
}

QVariant QueueModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case State: return tr("State");
    case Document: return tr("Document");
    case Operation: return tr("Operation");
    case Change: return tr("Change");
    case Made: return tr("Made");
    case Reason: return tr("Reason");
    default: return {};
    }
}

} // namespace eventsync::desktop
