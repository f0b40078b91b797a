// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/vectorclock.h>

#include <desktop/texts.h>

#include <QAbstractTableModel>

#include <vector>

namespace eventsync::desktop {

// One document's vector clock: the number of edits of each replica in the local copy. Owner only.
class VectorClockModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Client, Count, ColumnCount };

    explicit VectorClockModel(NameOf nameOf, QObject *parent = nullptr);
    void setClock(const VectorClock &clock);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Row
    {
        ClientId client;
        ClientSeq seq;
        QString name;
        bool operator==(const Row &) const = default;
    };
    NameOf m_nameOf;
    std::vector<Row> m_rows;
};

} // namespace eventsync::desktop
