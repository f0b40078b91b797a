// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/nodemodel.h>

#include <desktop/texts.h>

#include <eventsync/json/limits.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using crdt::NodeKind;

struct NodeModel::Row
{
    NodePlace place;
    Row *parent = nullptr;
    NodeKind kind = NodeKind::Con;
    crdt::Id node;          // the node there; a register is replaced by its value
    json::Value scalar;     // of con and str
    QString text;           // the text of the value's cell
    std::vector<std::unique_ptr<Row>> children;
};

namespace {

bool holdsOthers(NodeKind kind)
{
    return kind == NodeKind::Obj || kind == NodeKind::Arr || kind == NodeKind::Vec;
}

} // namespace

NodeModel::NodeModel(QObject *parent) : QAbstractItemModel(parent), m_root(std::make_unique<Row>()) {}

NodeModel::~NodeModel() = default;

// ---- reading

std::unique_ptr<NodeModel::Row> NodeModel::read(const crdt::Document &document, crdt::NodeIndex node, NodePlace place, int depth)
{
    auto row = std::make_unique<Row>();
    row->place = std::move(place);
    while (node != crdt::kNoNode && document.node(node).kind == NodeKind::Val)
        node = document.node(node).value();
    if (node == crdt::kNoNode || document.node(node).isUndefined())
        return nullptr;
    const crdt::Node &held = document.node(node);
    row->kind = held.kind;
    row->node = document.idOf(node);
    if (!holdsOthers(held.kind) || depth >= limits::kDepth) {
        row->scalar = document.view(row->node);
        row->text = Texts::value(row->scalar);
        return row;
    }
    auto add = [&](crdt::NodeIndex child, NodePlace at) {
        if (auto made = read(document, child, std::move(at), depth + 1)) {
            made->parent = row.get();
            row->children.push_back(std::move(made));
        }
    };
    if (held.kind == NodeKind::Obj) {
        for (const auto &entry : held.keys().entries()) {
            if (entry.key != crdt::kHiddenKey)
                add(entry.value, {.container = row->node, .key = entry.key, .slot = 0, .element = {}});
        }
        std::sort(row->children.begin(), row->children.end(), [](const auto &a, const auto &b) { return a->place.key < b->place.key; });
    } else if (held.kind == NodeKind::Vec) {
        for (std::uint32_t slot = 0; slot < held.vecSlots().size(); ++slot)
            add(held.vecSlots()[slot], {.container = row->node, .key = {}, .slot = slot, .element = {}});
    } else {
        std::uint32_t position = 0;
        held.sequence().forEachUnit([&](std::uint32_t child) {
            add(child, {.container = row->node, .key = {}, .slot = 0, .element = document.idOf(held.sequence().stampAt(position++))});
        });
    }
    row->text = held.kind == NodeKind::Obj ? tr("%n member(s)", nullptr, int(row->children.size()))
                                           : tr("%n element(s)", nullptr, int(row->children.size()));
    return row;
}

void NodeModel::setDocument(const crdt::Document *document)
{
    const crdt::NodeIndex root = document ? document->find(document->root()) : crdt::kNoNode;
    auto now = root == crdt::kNoNode ? nullptr : read(*document, root, {}, 0);
    if (!now)
        now = std::make_unique<Row>();
    take(*m_root, *now, true);
}

void NodeModel::take(Row &row, Row &from, bool isSeen)
{
    const bool differs = row.text != from.text || row.kind != from.kind || row.node != from.node;
    row.kind = from.kind;
    row.node = from.node;
    row.place = from.place;
    row.scalar = std::move(from.scalar);
    row.text = std::move(from.text);
    takeChildren(row, from, isSeen);
    if (differs && isSeen && row.parent)
        Q_EMIT dataChanged(indexOfRow(&row, Key), indexOfRow(&row, Value));
}

// Rows of the same place stay; their order never changes, so that is all there is.
void NodeModel::takeChildren(Row &row, Row &from, bool isSeen)
{
    const QModelIndex index = indexOfRow(&row, Key);
    auto isLess = [](const NodePlace *a, const NodePlace *b) {
        return std::tie(a->container, a->key, a->slot, a->element) < std::tie(b->container, b->key, b->slot, b->element);
    };
    std::set<const NodePlace *, decltype(isLess)> wanted;
    for (const auto &one : from.children)
        wanted.insert(&one->place);
    std::vector<std::unique_ptr<Row>> &rows = row.children, &fresh = from.children;
    std::size_t at = 0;
    for (std::size_t next = 0; next < fresh.size() || at < rows.size();) {
        const auto isIn = [&](std::size_t i) { return next < fresh.size() && wanted.contains(&rows[i]->place); };
        if (at < rows.size() && next < fresh.size() && rows[at]->place == fresh[next]->place) {
            take(*rows[at++], *fresh[next++], isSeen);
        } else if (at < rows.size() && !isIn(at)) {
            std::size_t end = at + 1;
            while (end < rows.size() && !isIn(end))
                ++end;
            beginRemoveRows(index, int(at), int(end) - 1);
            rows.erase(rows.begin() + std::ptrdiff_t(at), rows.begin() + std::ptrdiff_t(end));
            endRemoveRows();
        } else {
            std::size_t end = next + 1;
            while (end < fresh.size() && !(at < rows.size() && rows[at]->place == fresh[end]->place))
                ++end;
            beginInsertRows(index, int(at), int(at + end - next) - 1);
            for (std::size_t i = next; i < end; ++i)
                fresh[i]->parent = &row;
            rows.insert(rows.begin() + std::ptrdiff_t(at), std::make_move_iterator(fresh.begin() + std::ptrdiff_t(next)),
                        std::make_move_iterator(fresh.begin() + std::ptrdiff_t(end)));
            at += end - next;
            next = end;
            endInsertRows();
        }
    }
}

// ---- the model

NodeModel::Row *NodeModel::rowOf(const QModelIndex &index) const
{
    return index.isValid() ? static_cast<Row *>(index.internalPointer()) : m_root.get();
}

QModelIndex NodeModel::indexOfRow(const Row *row, int column) const
{
    if (!row || !row->parent)
        return {};
    const auto &siblings = row->parent->children;
    const auto at = std::find_if(siblings.begin(), siblings.end(), [&](const auto &one) { return one.get() == row; });
    return createIndex(int(at - siblings.begin()), column, const_cast<Row *>(row));
}

QModelIndex NodeModel::index(int row, int column, const QModelIndex &parent) const
{
    const Row *of = rowOf(parent);
    if (row < 0 || std::size_t(row) >= of->children.size() || column < 0 || column >= ColumnCount)
        return {};
    return createIndex(row, column, of->children[std::size_t(row)].get());
}

QModelIndex NodeModel::parent(const QModelIndex &child) const
{
    return child.isValid() ? indexOfRow(rowOf(child)->parent, Key) : QModelIndex();
}

int NodeModel::rowCount(const QModelIndex &parent) const
{
    return parent.column() > 0 ? 0 : int(rowOf(parent)->children.size());
}

int NodeModel::columnCount(const QModelIndex &) const
{
    return ColumnCount;
}

QVariant NodeModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid())
        return {};
    const Row &row = *rowOf(index);
    const bool inObject = row.parent->kind == NodeKind::Obj;
    if (role == Qt::DisplayRole || role == Qt::EditRole) {
        if (index.column() == Key)
            return inObject ? Texts::fromUtf8(row.place.key) : QString::number(index.row() + 1);
        if (role == Qt::EditRole && row.scalar.is_string())
            return Texts::fromUtf8({row.scalar.get_string().data(), row.scalar.get_string().size()});
        return row.text;
    }
    if (role == Qt::ToolTipRole)
        return row.scalar.is_string() ? Texts::fromUtf8({row.scalar.get_string().data(), row.scalar.get_string().size()}).left(1'000)
                                      : row.text;
    return {};
}

bool NodeModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable))
        return false;
    const Row &row = *rowOf(index);
    const std::string text = value.toString().toStdString();
    if (index.column() == Key) {
        if (text.empty() || text == row.place.key)
            return false;
        Q_EMIT keyRequested(row.place, text);
        return true;
    }
    json::Value typed = json::String(text);
    if (!row.scalar.is_string()) {
        if (auto parsed = json::parse(text))
            typed = std::move(*parsed);
    }
    if (json::equal(typed, row.scalar))
        return false;
    Q_EMIT valueRequested(row.place, typed);
    return true;
}

Qt::ItemFlags NodeModel::flags(const QModelIndex &index) const
{
    Qt::ItemFlags flags = QAbstractItemModel::flags(index);
    if (!index.isValid())
        return flags;
    const Row &row = *rowOf(index);
    const bool isText = row.kind == NodeKind::Con || row.kind == NodeKind::Str;
    if (index.column() == Key ? row.parent->kind == NodeKind::Obj : isText)
        flags |= Qt::ItemIsEditable;
    return flags;
}

QVariant NodeModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    return section == Key ? tr("Key") : tr("Value");
}

NodePlace NodeModel::placeOf(const QModelIndex &index) const
{
    return rowOf(index)->place;
}

crdt::NodeKind NodeModel::kindOf(const QModelIndex &index) const
{
    return rowOf(index)->kind;
}

bool NodeModel::isContainer(const QModelIndex &index) const
{
    return holdsOthers(rowOf(index)->kind);
}

crdt::Id NodeModel::nodeOf(const QModelIndex &index) const
{
    return rowOf(index)->node;
}

QModelIndex NodeModel::indexOf(const NodePlace &place, int column) const
{
    std::vector<const Row *> open = {m_root.get()};
    while (!open.empty()) {
        const Row *row = open.back();
        open.pop_back();
        if (row->parent && row->place == place)
            return indexOfRow(row, column);
        for (const auto &child : row->children)
            open.push_back(child.get());
    }
    return {};
}

} // namespace eventsync::desktop
