// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/statevectormodel.h>

#include <desktop/icons.h>
#include <desktop/models/syncrows.h>
#include <desktop/texts.h>

#include <map>

namespace eventsync::desktop {

StateVectorModel::StateVectorModel(NameOf nameOf, QObject *parent) : QAbstractTableModel(parent), m_nameOf(std::move(nameOf)) {}

void StateVectorModel::clear()
{
    beginResetModel();
    m_rows.clear();
    m_head = {};
    endResetModel();
}

void StateVectorModel::merge(const std::vector<StateVector> &vectors)
{
    std::map<ClientId, StateVector> merged;
    for (const StateVector &row : m_rows)
        merged.emplace(row.clientId, row);
    for (const StateVector &vector : vectors) {
        const auto [place, isNew] = merged.try_emplace(vector.clientId, vector);
        if (!isNew && vector.lastUpdated >= place->second.lastUpdated)
            place->second = vector;
    }
    std::vector<StateVector> fresh;
    for (auto &[client, vector] : merged)
        fresh.push_back(std::move(vector));
    const RowSignals signals{.beginInsert = [this](int first, int last) { beginInsertRows({}, first, last); },
                             .beginRemove = [this](int first, int last) { beginRemoveRows({}, first, last); },
                             .endInsert = [this] { endInsertRows(); },
                             .endRemove = [this] { endRemoveRows(); },
                             .changed = [this](int row) { Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1)); }};
    syncRows(m_rows, std::move(fresh), [](const StateVector &row) { return row.clientId; }, signals);
}

void StateVectorModel::setHead(ServerSeq head)
{
    if (std::exchange(m_head, head) != head)
        refreshNames(); // every row's state
}

void StateVectorModel::refreshNames()
{
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0, 0), index(int(m_rows.size()) - 1, ColumnCount - 1));
}

int StateVectorModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int StateVectorModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant StateVectorModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const StateVector &row = m_rows[std::size_t(index.row())];
    const QString id = QString::fromStdString(row.clientId.text());
    const qint64 missing = std::max<qint64>(0, m_head - row.serverSeq);
    if (role == Qt::TextAlignmentRole && (index.column() == Position))
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && index.column() == Client)
        return id;
    if (role == Qt::DecorationRole && index.column() == Missing)
        return icon(missing == 0 ? Icon::Confirmed : Icon::Waiting);
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Client: return m_nameOf(row.clientId);
    case Position: return QString::number(row.serverSeq.value());
    case Missing: return missing == 0 ? tr("up to date") : tr("%n event(s) behind", nullptr, int(missing));
    case Clock: return Texts::clock(row.vectorClock, m_nameOf);
    case Updated: return Texts::time(row.lastUpdated);
    default: return {};
    }
}

QVariant StateVectorModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole && section == Position)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Client: return tr("Replica");
    case Position: return tr("Has up to");
    case Missing: return tr("State");
    case Clock: return tr("Vector clock");
    case Updated: return tr("Told at");
    default: return {};
    }
}

} // namespace eventsync::desktop
