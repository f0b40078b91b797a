// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/event.h>

#include <desktop/texts.h>

#include <QAbstractTableModel>

#include <vector>

namespace eventsync::desktop {

// The last events of one document, newest first, at most limits::kDesktopLogEvents. Owner only.
class EventLogModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Seq, Time, Client, Operation, Change, ColumnCount };

    explicit EventLogModel(NameOf nameOf, QObject *parent = nullptr);

    void clear();
    void add(const std::vector<EventPtr> &events);  // in any order; those that are here already are ignored
    void dropAfter(ServerSeq serverSeq);            // the server has another history after it
    void refreshNames();                            // `nameOf` may return other names now

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    const Event &event(int row) const { return *m_events.at(std::size_t(row)); }

private:
    std::vector<EventPtr> m_events; // serverSeq descending
    NameOf m_nameOf;
};

} // namespace eventsync::desktop
