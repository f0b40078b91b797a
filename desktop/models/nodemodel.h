// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/editor/nodeedit.h>

#include <QAbstractItemModel>

#include <memory>
#include <vector>

namespace eventsync::desktop {

// A JSON CRDT document as a tree: members of objects by key, elements of lists and slots in their order. A row is identified by
// its key or its element's id, so a selection stays with its element when others insert before it. setDocument() changes only
// the rows that differ. Owner only.
class NodeModel final : public QAbstractItemModel
{
    Q_OBJECT

public:
    enum Column { Key, Value, ColumnCount };

    explicit NodeModel(QObject *parent = nullptr);
    ~NodeModel() override;

    void setDocument(const crdt::Document *document); // nullptr: no rows

    QModelIndex index(int row, int column, const QModelIndex &parent = {}) const override;
    QModelIndex parent(const QModelIndex &child) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role) override; // emits a signal that requests the edit
    Qt::ItemFlags flags(const QModelIndex &index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    NodePlace placeOf(const QModelIndex &index) const;       // an invalid index: the root's place
    crdt::NodeKind kindOf(const QModelIndex &index) const;   // of what stands there; an invalid index: of the root
    crdt::Id nodeOf(const QModelIndex &index) const;         // the same's id
    QModelIndex indexOf(const NodePlace &place, int column = Key) const;
    bool isContainer(const QModelIndex &index) const;        // rows can be added to it

Q_SIGNALS:
    void valueRequested(const eventsync::desktop::NodePlace &place, const eventsync::json::Value &value);
    void keyRequested(const eventsync::desktop::NodePlace &place, const std::string &key);

private:
    struct Row;
    Row *rowOf(const QModelIndex &index) const;
    QModelIndex indexOfRow(const Row *row, int column) const;
    static std::unique_ptr<Row> read(const crdt::Document &document, crdt::NodeIndex node, NodePlace place, int depth);
    void take(Row &row, Row &from, bool isSeen);
    void takeChildren(Row &row, Row &from, bool isSeen);

    std::unique_ptr<Row> m_root;
};

} // namespace eventsync::desktop
