// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/statevector.h>

#include <desktop/texts.h>

#include <QAbstractTableModel>

#include <vector>

namespace eventsync::desktop {

// How much of one document each replica has, from their cursors at the server. Owner only.
class StateVectorModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Client, Position, Missing, Clock, Updated, ColumnCount };

    explicit StateVectorModel(NameOf nameOf, QObject *parent = nullptr);
    void clear();
    void merge(const std::vector<StateVector> &vectors); // by client, the newer one stays
    void setHead(ServerSeq head); // the head of the local copy
    void refreshNames();          // `nameOf` may return other names now

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<StateVector> m_rows; // by client id
    ServerSeq m_head;
    NameOf m_nameOf;
};

} // namespace eventsync::desktop
