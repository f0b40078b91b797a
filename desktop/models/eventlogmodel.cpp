// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/eventlogmodel.h>

#include <desktop/limits.h>
#include <desktop/models/syncrows.h>

#include <algorithm>
#include <functional>
#include <map>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

// The record of a decision, an undo or a redo in its event.
QString remark(const Event &event)
{
    if (!event.metadata)
        return {};
    if (event.metadata->contains("conflict"))
        return EventLogModel::tr("decided conflict");
    if (event.metadata->contains("undoes"))
        return EventLogModel::tr("undo");
    if (event.metadata->contains("redoes"))
        return EventLogModel::tr("redo");
    return {};
}

QString changeOf(const Event &event)
{
    const QString change = Texts::change(event.operation, event.diff);
    const QString note = remark(event);
    return note.isEmpty() ? change : u"%1 (%2)"_s.arg(change, note);
}

} // namespace

EventLogModel::EventLogModel(NameOf nameOf, QObject *parent) : QAbstractTableModel(parent), m_nameOf(std::move(nameOf)) {}

void EventLogModel::clear()
{
    beginResetModel();
    m_events.clear();
    endResetModel();
}

void EventLogModel::add(const std::vector<EventPtr> &events)
{
    std::map<ServerSeq, EventPtr, std::greater<>> merged;
    for (const EventPtr &event : m_events)
        merged.emplace(event->serverSeq, event);
    for (const EventPtr &event : events)
        merged.emplace(event->serverSeq, event);
    std::vector<EventPtr> fresh;
    for (auto &[serverSeq, event] : merged) {
        if (fresh.size() < limits::kDesktopLogEvents)
            fresh.push_back(std::move(event));
    }
    const RowSignals signals{.beginInsert = [this](int first, int last) { beginInsertRows({}, first, last); },
                             .beginRemove = [this](int first, int last) { beginRemoveRows({}, first, last); },
                             .endInsert = [this] { endInsertRows(); },
                             .endRemove = [this] { endRemoveRows(); },
                             .changed = [this](int row) { Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1)); }};
    syncRows(m_events, std::move(fresh), [](const EventPtr &event) { return -event->serverSeq.value(); }, signals);
}

void EventLogModel::dropAfter(ServerSeq serverSeq)
{
    const auto kept = std::find_if(m_events.begin(), m_events.end(),
                                   [&](const EventPtr &event) { return event->serverSeq <= serverSeq; });
    if (kept == m_events.begin())
        return;
    beginRemoveRows({}, 0, int(kept - m_events.begin()) - 1);
    m_events.erase(m_events.begin(), kept);
    endRemoveRows();
}

void EventLogModel::refreshNames()
{
    if (!m_events.empty())
        Q_EMIT dataChanged(index(0, Client), index(int(m_events.size()) - 1, Client));
}

int EventLogModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_events.size());
}

int EventLogModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant EventLogModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Event &event = *m_events[std::size_t(index.row())];
    const QString client = QString::fromStdString(event.clientId.text());
    if (role == Qt::TextAlignmentRole && index.column() == Seq)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole) {
        switch (index.column()) {
        case Seq: return tr("Event %1\nBased on event %2").arg(QString::fromStdString(event.id.toText())).arg(event.baseSeq.value());
        case Time:
            return tr("Made %1\nStored %2").arg(Texts::time(event.timestamp), Texts::time(event.storedAt));
        case Client: return client;
        case Change: return changeOf(event);
        default: return {};
        }
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Seq: return QString::number(event.serverSeq.value());
    case Time: return Texts::time(event.storedAt.value() ? event.storedAt : event.timestamp);
    case Client: return m_nameOf(event.clientId);
    case Operation: return Texts::operation(event.operation);
    case Change: return changeOf(event);
    default: return {};
    }
}

QVariant EventLogModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole && section == Seq)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Seq: return tr("No.");
    case Time: return tr("Time");
    case Client: return tr("Replica");
    case Operation: return tr("Operation");
    case Change: return tr("Change");
    default: return {};
    }
}

} // namespace eventsync::desktop
