// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/statemodel.h>

#include <desktop/icons.h>
#include <desktop/texts.h>

#include <QFont>
#include <QFontMetrics>
#include <QGuiApplication>
#include <QSize>

#include <algorithm>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

struct StateModel::Node
{
    std::string key;
    Node *parent = nullptr;
    json::Value scalar = {};      // of a leaf; empty containers count as leaves
    bool container = false;
    bool array = false;
    Mark mark = Mark::None;
    std::size_t size = 0;         // of a container
    std::vector<std::unique_ptr<Node>> children = {};

    int row() const
    {
        const auto &all = parent->children;
        return int(std::find_if(all.begin(), all.end(), [this](const auto &other) { return other.get() == this; }) - all.begin());
    }
};

namespace {

bool isContainer(const json::Value *value)
{
    return value && (value->is_object() || value->is_array());
}

std::size_t sizeOf(const json::Value &value)
{
    return value.is_object() ? value.get_object().size() : value.get_array().size();
}

struct Child
{
    std::string key;
    const json::Value *now;
    const json::Value *before;
};

const json::Value *memberOf(const json::Value *value, const std::string &key)
{
    if (!value)
        return nullptr;
    if (value->is_object())
        return value->get_object().if_contains(key);
    const auto index = value->is_array() ? json::arrayIndex(key) : std::nullopt;
    return index ? value->get_array().if_contains(*index) : nullptr;
}

// The members of both, by key; the elements of both, by number.
std::vector<Child> childrenOf(const json::Value *now, const json::Value *before)
{
    std::vector<std::string> keys;
    const json::Value *shown = isContainer(now) ? now : before;
    if (shown->is_array()) {
        std::size_t count = shown->get_array().size();
        if (now && now->is_array() && before && before->is_array())
            count = std::max(count, before->get_array().size());
        for (std::size_t i = 0; i < count; ++i)
            keys.push_back(std::to_string(i));
    } else {
        for (const json::Value *side : {now, before}) {
            if (side && side->is_object()) {
                for (const auto &member : side->get_object())
                    keys.emplace_back(member.key());
            }
        }
        std::sort(keys.begin(), keys.end());
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    }
    std::vector<Child> children;
    for (std::string &key : keys) {
        const json::Value *inNow = memberOf(now, key);
        const json::Value *inBefore = memberOf(before, key);
        children.push_back({std::move(key), inNow, inBefore});
    }
    return children;
}

StateModel::Mark markOf(const json::Value *now, const json::Value *before)
{
    if (!now)
        return StateModel::Mark::Removed;
    if (!before)
        return StateModel::Mark::Added;
    return json::equal(*now, *before) ? StateModel::Mark::None : StateModel::Mark::Changed;
}

} // namespace

StateModel::StateModel(QObject *parent) : QAbstractItemModel(parent), m_root(std::make_unique<Node>()) {}

StateModel::~StateModel() = default;

void StateModel::setState(const json::State &optimistic, const json::State &confirmed)
{
    const json::Value *now = optimistic ? &*optimistic : nullptr;
    const json::Value *before = confirmed ? &*confirmed : nullptr;
    if (!isContainer(now) && !isContainer(before)) { // absent on both sides (or a document that is a single value)
        if (!m_root->children.empty()) {
            beginResetModel();
            m_root->children.clear();
            endResetModel();
        }
        return;
    }
    updateChildren(*m_root, {.index = {}, .seen = true}, now, before);
}

void StateModel::update(Node &node, const Place &place, const json::Value *now, const json::Value *before)
{
    const json::Value &shown = now ? *now : *before;
    const bool container = isContainer(&shown);
    const Mark mark = markOf(now, before);
    const std::size_t size = container ? sizeOf(shown) : 0;
    json::Value scalar = container ? json::Value() : shown;
    if (node.container != container || node.array != shown.is_array()) {
        if (!node.children.empty()) {
            if (place.seen)
                beginRemoveRows(place.index, 0, int(node.children.size()) - 1);
            node.children.clear();
            if (place.seen)
                endRemoveRows();
        }
    }
    const bool same = node.container == container && node.array == shown.is_array() && node.mark == mark &&
                      node.size == size && json::equal(node.scalar, scalar);
    node.container = container;
    node.array = shown.is_array();
    node.mark = mark;
    node.size = size;
    node.scalar = std::move(scalar);
    if (!same && place.seen)
        Q_EMIT dataChanged(place.index, place.index.siblingAtColumn(ColumnCount - 1));
    if (container)
        updateChildren(node, place, now, before && before->kind() == shown.kind() ? before : now ? nullptr : before);
}

void StateModel::updateChildren(Node &node, const Place &place, const json::Value *now, const json::Value *before)
{
    const std::vector<Child> fresh = childrenOf(now, before);
    auto isIn = [&](const std::string &key) {
        return std::any_of(fresh.begin(), fresh.end(), [&](const Child &child) { return child.key == key; });
    };
    for (int row = int(node.children.size()) - 1; row >= 0; --row) {
        if (isIn(node.children[std::size_t(row)]->key))
            continue;
        beginRemoveRows(place.index, row, row); // a node that is not in the model yet has no children
        node.children.erase(node.children.begin() + row);
        endRemoveRows();
    }
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (i >= node.children.size() || node.children[i]->key != fresh[i].key) {
            auto made = std::make_unique<Node>();
            made->key = fresh[i].key;
            made->parent = &node;
            update(*made, {.index = {}, .seen = false}, fresh[i].now, fresh[i].before); // completely, before it is in the model
            if (place.seen)
                beginInsertRows(place.index, int(i), int(i));
            node.children.insert(node.children.begin() + std::ptrdiff_t(i), std::move(made));
            if (place.seen)
                endInsertRows();
        } else {
            update(*node.children[i], {.index = index(int(i), 0, place.index), .seen = true}, fresh[i].now, fresh[i].before);
        }
    }
}

StateModel::Node *StateModel::nodeOf(const QModelIndex &index) const
{
    return index.isValid() ? static_cast<Node *>(index.internalPointer()) : m_root.get();
}

QModelIndex StateModel::index(int row, int column, const QModelIndex &parent) const
{
    const Node *node = nodeOf(parent);
    if (row < 0 || std::size_t(row) >= node->children.size() || column < 0 || column >= ColumnCount)
        return {};
    return createIndex(row, column, node->children[std::size_t(row)].get());
}

QModelIndex StateModel::parent(const QModelIndex &child) const
{
    const Node *node = nodeOf(child);
    if (!child.isValid() || !node->parent || node->parent == m_root.get())
        return {};
    return createIndex(node->parent->row(), 0, node->parent);
}

int StateModel::rowCount(const QModelIndex &parent) const
{
    return parent.column() > 0 ? 0 : int(nodeOf(parent)->children.size());
}

int StateModel::columnCount(const QModelIndex &) const
{
    return ColumnCount;
}

QVariant StateModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid())
        return {};
    const Node &node = *nodeOf(index);
    static const auto statusText = [](Mark mark) {
        switch (mark) {
        case Mark::None: return QString();
        case Mark::Changed: return tr("Changed, not confirmed");
        case Mark::Added: return tr("Added, not confirmed");
        case Mark::Removed: return tr("Removed, not confirmed");
        }
        return QString();
    };
    if (role == Qt::SizeHintRole) // the same with and without a marker
        return QSize(0, QFontMetrics(QGuiApplication::font()).height() + 6);
    if (role == Qt::FontRole && node.mark != Mark::None) {
        QFont font;
        font.setBold(node.mark != Mark::Removed);
        font.setStrikeOut(node.mark == Mark::Removed && index.column() != Status);
        return font;
    }
    if (role == Qt::DecorationRole && index.column() == Status && node.mark != Mark::None)
        return icon(Icon::Waiting);
    if (role == Qt::EditRole && index.column() == Value)
        return node.scalar.is_string() ? QVariant(Texts::fromUtf8({node.scalar.get_string().data(), node.scalar.get_string().size()}))
                                       : QVariant(QString::fromStdString(json::canonical(node.scalar)));
    if (role == Qt::ToolTipRole && index.column() == Value && !node.container)
        return data(index, Qt::EditRole).toString().left(2000);
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Key: return QString::fromStdString(node.key);
    case Value:
        if (node.container)
            return node.array ? tr("%n element(s)", nullptr, int(node.size)) : tr("%n member(s)", nullptr, int(node.size));
        return node.scalar.is_string() ? data(index, Qt::EditRole) : QVariant(Texts::value(node.scalar));
    case Status: return statusText(node.mark);
    default: return {};
    }
}

// A text stays a text; other input is parsed as JSON, and is a text if that fails.
bool StateModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable))
        return false;
    const std::string text = value.toString().toStdString();
    const Node &node = *nodeOf(index);
    json::Value typed = json::String(text);
    if (!node.scalar.is_string()) {
        if (auto parsed = json::parse(text))
            typed = std::move(*parsed);
    }
    if (json::equal(typed, node.scalar))
        return false;
    Q_EMIT editRequested(pathOf(index), typed);
    return true;
}

Qt::ItemFlags StateModel::flags(const QModelIndex &index) const
{
    Qt::ItemFlags flags = QAbstractItemModel::flags(index);
    if (!index.isValid())
        return flags;
    const Node &node = *nodeOf(index);
    if (index.column() == Value && !node.container && node.mark != Mark::Removed)
        flags |= Qt::ItemIsEditable;
    return flags;
}

QVariant StateModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Key: return tr("Field");
    case Value: return tr("Value");
    case Status: return tr("State");
    default: return {};
    }
}

json::Pointer StateModel::pathOf(const QModelIndex &index) const
{
    std::vector<std::string> tokens;
    for (const Node *node = nodeOf(index); node != m_root.get(); node = node->parent)
        tokens.insert(tokens.begin(), node->key);
    return json::Pointer(std::move(tokens));
}

QModelIndex StateModel::indexOf(const json::Pointer &path, int column) const
{
    QModelIndex found;
    for (const std::string &token : path.tokens()) {
        const Node *node = nodeOf(found);
        const auto child = std::find_if(node->children.begin(), node->children.end(),
                                        [&](const auto &other) { return other->key == token; });
        if (child == node->children.end())
            return {};
        found = index(int(child - node->children.begin()), 0, found);
    }
    return found.isValid() ? found.siblingAtColumn(column) : found;
}

StateModel::Mark StateModel::mark(const QModelIndex &index) const
{
    return index.isValid() ? nodeOf(index)->mark : Mark::None;
}

} // namespace eventsync::desktop
