// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

#include <QAbstractItemModel>

#include <memory>
#include <vector>

namespace eventsync::desktop {

// A JSON document as a tree of members and elements, in the order of keys. Shows the optimistic state and marks what the server
// has not confirmed yet: changed, added, or removed (a removed member is shown until its removal is confirmed). setState()
// changes only the rows that differ, so selection and open branches stay. Owner only.
class StateModel final : public QAbstractItemModel
{
    Q_OBJECT

public:
    enum Column { Key, Value, Status, ColumnCount };
    enum class Mark { None, Changed, Added, Removed };

    explicit StateModel(QObject *parent = nullptr);
    ~StateModel() override;

    void setState(const json::State &optimistic, const json::State &confirmed);

    QModelIndex index(int row, int column, const QModelIndex &parent = {}) const override;
    QModelIndex parent(const QModelIndex &child) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role) override; // asks for it by editRequested
    Qt::ItemFlags flags(const QModelIndex &index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    json::Pointer pathOf(const QModelIndex &index) const;
    QModelIndex indexOf(const json::Pointer &path, int column = Value) const; // invalid: absent
    Mark mark(const QModelIndex &index) const;

Q_SIGNALS:
    void editRequested(const eventsync::json::Pointer &path, const eventsync::json::Value &value);

private:
    struct Node;
    struct Place // of a node, if it is in the model already
    {
        QModelIndex index;
        bool seen;
    };
    Node *nodeOf(const QModelIndex &index) const;
    void update(Node &node, const Place &place, const json::Value *now, const json::Value *before);
    void updateChildren(Node &node, const Place &place, const json::Value *now, const json::Value *before);

    std::unique_ptr<Node> m_root;
};

} // namespace eventsync::desktop
