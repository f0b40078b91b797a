// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/api.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/crdt/utf16_p.h>
#include <eventsync/json/limits.h>

#include <algorithm>

namespace eventsync::crdt {

namespace {

NodeCopy copyNode(const Document &document, NodeIndex index, int depth)
{
    NodeCopy copy;
    const Node &node = document.node(index);
    const bool showsAsNull = node.isShared() && !node.isSmallConstant();
    if (depth > 2 * limits::kDepth || showsAsNull) {
        copy.constant = json::Value(nullptr);
        return copy;
    }
    copy.kind = node.kind;
    const auto add = [&](std::string key, NodeIndex child) {
        copy.keys.push_back(std::move(key));
        copy.children.push_back(child == kNoNode ? NodeCopy{} : copyNode(document, child, depth + 1));
    };
    switch (node.kind) {
    case NodeKind::Con:
        copy.constant = node.constant();
        break;
    case NodeKind::Val:
        add({}, node.value());
        break;
    case NodeKind::Obj:
        for (const ObjectKeys::Entry &entry : node.keys().entries())
            add(entry.key, entry.value);
        break;
    case NodeKind::Vec:
        for (const NodeIndex child : node.vecSlots())
            add({}, child);
        break;
    case NodeKind::Str: {
        std::u16string units;
        node.sequence().appendUtf16(units, 0, node.sequence().length());
        appendUtf8(copy.content, units, LoneSurrogate::Keep);
        break;
    }
    case NodeKind::Bin:
        node.sequence().appendBytes(copy.content, 0, node.sequence().length());
        break;
    case NodeKind::Arr:
        node.sequence().forEachUnit([&](NodeIndex child) { add({}, child); });
        break;
    }
    return copy;
}

} // namespace

NodeCopy copyOf(const Document &document, NodeIndex node)
{
    return copyNode(document, node, 0);
}

// ---- recording

void UndoStack::record(Edit edit)
{
    if (m_mode == Mode::Edit)
        m_redo.clear();
    m_open.push_back(std::move(edit));
}

void UndoStack::push(std::deque<Step> &to, Step step)
{
    to.push_back(std::move(step));
    if (to.size() > limits::kUndoEntries)
        to.pop_front();
}

void UndoStack::seal()
{
    if (!m_open.empty())
        push(m_undo, std::exchange(m_open, {}));
}

std::optional<UndoEdits> UndoStack::takeUndo()
{
    seal();
    if (m_undo.empty())
        return std::nullopt;
    Step step = std::move(m_undo.back());
    m_undo.pop_back();
    return step;
}

std::optional<UndoEdits> UndoStack::takeRedo()
{
    if (m_redo.empty())
        return std::nullopt;
    Step step = std::move(m_redo.back());
    m_redo.pop_back();
    return step;
}

void UndoStack::clear()
{
    m_open.clear();
    m_undo.clear();
    m_redo.clear();
    m_again.clear();
}

// ---- reverting

bool UndoStack::undo()
{
    seal();
    if (m_undo.empty())
        return false;
    const Step step = std::move(m_undo.back());
    m_undo.pop_back();
    m_mode = Mode::Undo;
    revert(step);
    m_mode = Mode::Edit;
    push(m_redo, std::exchange(m_open, {}));
    return true;
}

bool UndoStack::redo()
{
    if (m_redo.empty())
        return false;
    seal();
    const Step step = std::move(m_redo.back());
    m_redo.pop_back();
    m_mode = Mode::Redo;
    revert(step);
    m_mode = Mode::Edit;
    push(m_undo, std::exchange(m_open, {}));
    return true;
}

void UndoStack::revert(const Step &step)
{
    for (auto edit = step.rbegin(); edit != step.rend(); ++edit)
        std::visit([this](const auto &one) { revert(one); }, *edit);
}

std::vector<IdSpan> UndoStack::current(const IdSpan &span) const
{
    std::vector<IdSpan> spans{span};
    for (std::size_t i = 0; i < spans.size(); ++i) {
        const IdSpan at = spans[i]; // the list grows
        for (const RecreatedIds &again : m_again) {
            const std::uint64_t begin = std::max(at.time, again.old.time);
            const std::uint64_t end = std::min(at.end(), again.old.end());
            if (at.sid == again.old.sid && begin < end)
                spans.push_back({again.now.sid, again.now.time + (begin - again.old.time), end - begin});
        }
    }
    return spans;
}

Id UndoStack::current(Id id) const
{
    const IdSpan last = current(IdSpan{id.sid, id.time, 1}).back();
    return last.first();
}

void UndoStack::revert(const Inserted &edit)
{
    Document &document = m_api.document();
    const NodeIndex index = document.find(current(edit.node));
    if (index == kNoNode || document.node(index).kind < NodeKind::Str)
        return;
    const Sequence &sequence = document.node(index).sequence();
    for (const IdSpan &span : current(edit.ids)) {
        for (std::uint64_t time = span.end(); time-- > span.time;) { // what of it still shows, from behind
            const Sequence::Stamp stamp = document.stampOf({span.sid, time});
            bool shows = false;
            if (stamp.session == LogicalClock::kNone || !sequence.contains(stamp))
                continue;
            std::uint32_t position = sequence.positionOf(stamp, &shows);
            if (!shows)
                continue;
            std::uint32_t count = 1; // and its neighbours of the same span
            while (time > span.time && position > 0) {
                const Sequence::Stamp before = sequence.stampAt(position - 1);
                if (before.session != stamp.session || before.time != time - 1)
                    break;
                --position, --time, ++count;
            }
            m_api.deleteUnits(index, position, count);
        }
    }
}

void UndoStack::revert(const Removed &edit)
{
    Document &document = m_api.document();
    const Id node = current(edit.node);
    const NodeIndex index = document.find(node);
    if (index == kNoNode || document.node(index).kind < NodeKind::Str)
        return;
    const std::uint64_t count = edit.ids.length;
    const bool isList = document.node(index).kind == NodeKind::Arr;
    if (isList ? edit.elements.size() != count : edit.content.empty())
        return; // a step that was kept elsewhere, of another document
    if (const Id after = edit.after; after != node) {
        const Sequence::Stamp stamp = document.stampOf(after);
        if (stamp.session == LogicalClock::kNone || !document.node(index).sequence().contains(stamp))
            return;
    }
    if (count > Sequence::kMaxElements - document.node(index).sequence().total())
        return;
    Id first;
    if (document.node(index).kind == NodeKind::Arr) {
        std::vector<Id> elements;
        for (const NodeCopy &element : edit.elements)
            elements.push_back(m_api.buildCopy(element));
        first = m_api.made(m_api.next().insArr(node, edit.after, elements));
    } else if (document.node(index).kind == NodeKind::Str) {
        first = m_api.made(m_api.next().insStr(node, edit.after, edit.content));
    } else {
        first = m_api.made(m_api.next().insBin(node, edit.after, edit.content));
    }
    m_again.push_back({edit.ids, first});
    if (m_again.size() > limits::kUndoEntries)
        m_again.pop_front();
    record(Inserted{node, {first.sid, first.time, count}});
}

void UndoStack::revert(const Replaced &edit)
{
    Document &document = m_api.document();
    const Id node = edit.node.isOrigin() ? kOrigin : current(edit.node);
    const NodeIndex index = document.find(node);
    if (!node.isOrigin() && index == kNoNode)
        return;
    const NodeKind kind = node.isOrigin() ? NodeKind::Val : document.node(index).kind;
    NodeIndex now = kNoNode;
    const Sequence::Stamp slot = document.stampOf(current(edit.slot));
    if (kind == NodeKind::Obj) {
        const NodeIndex *value = document.node(index).keys().find(edit.key);
        now = value ? *value : kNoNode;
    } else if (kind == NodeKind::Vec) {
        const VecSlots &slots = document.node(index).vecSlots();
        now = edit.index < slots.size() ? slots[edit.index] : kNoNode;
    } else if (kind == NodeKind::Val) {
        now = node.isOrigin() ? document.rootNode() : document.node(index).value();
    } else if (kind == NodeKind::Arr && slot.session != LogicalClock::kNone) {
        static_cast<void>(document.node(index).sequence().nodeOf(slot, &now));
    }
    if (now == kNoNode || document.idOf(now) != current(edit.ours))
        return; // somebody set it since
    const Id value = m_api.buildCopy(edit.old);
    if (edit.oldId != kOrigin)
        m_again.push_back({{edit.oldId.sid, edit.oldId.time, 1}, value});
    if (kind == NodeKind::Obj)
        m_api.setKey(index, edit.key, value);
    else if (kind == NodeKind::Vec)
        m_api.setSlot(index, edit.index, value);
    else if (kind == NodeKind::Val)
        m_api.setVal(node, now, value);
    else
        m_api.setElement(index, document.node(index).sequence().positionOf(slot), value);
}

} // namespace eventsync::crdt
