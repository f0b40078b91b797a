// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/vectorclockmodel.h>

#include <desktop/models/syncrows.h>
#include <desktop/texts.h>

namespace eventsync::desktop {

VectorClockModel::VectorClockModel(NameOf nameOf, QObject *parent) : QAbstractTableModel(parent), m_nameOf(std::move(nameOf)) {}

void VectorClockModel::setClock(const VectorClock &clock)
{
    std::vector<Row> fresh;
    for (const auto &[client, seq] : clock.entries())
        fresh.push_back({client, seq, m_nameOf(client)});
    const RowSignals signals{.beginInsert = [this](int first, int last) { beginInsertRows({}, first, last); },
                             .beginRemove = [this](int first, int last) { beginRemoveRows({}, first, last); },
                             .endInsert = [this] { endInsertRows(); },
                             .endRemove = [this] { endRemoveRows(); },
                             .changed = [this](int row) { Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1)); }};
    syncRows(m_rows, std::move(fresh), [](const Row &row) { return row.client; }, signals);
}

int VectorClockModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int VectorClockModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant VectorClockModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row &row = m_rows[std::size_t(index.row())];
    const QString id = QString::fromStdString(row.client.text());
    if (role == Qt::TextAlignmentRole && index.column() == Count)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole)
        return id;
    if (role != Qt::DisplayRole)
        return {};
    if (index.column() == Count)
        return QString::number(row.seq.value());
    return row.name;
}

QVariant VectorClockModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole && section == Count)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    return section == Client ? tr("Replica") : tr("Edits");
}

} // namespace eventsync::desktop
