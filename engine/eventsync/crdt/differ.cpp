// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/differ_p.h>

#include <eventsync/crdt/limits.h>
#include <eventsync/crdt/utf16_p.h>

#include <algorithm>

namespace eventsync::crdt {

namespace {

// Myers' greedy search: V[k] is how far along diagonal k (old - new) one gets with d steps; the Vs of all d are kept to walk
// back. Both sequences without their common ends.
class MyersSearch
{
public:
    MyersSearch(std::ptrdiff_t oldSize, std::ptrdiff_t newSize, const std::function<bool(std::size_t, std::size_t)> &equal,
                std::size_t offset)
        : m_old(oldSize), m_new(newSize), m_equal(equal), m_offset(offset)
    {
    }

    // Marks what goes and what comes; false if it takes too many steps.
    bool run(std::vector<bool> &removed, std::vector<bool> &inserted)
    {
        const std::ptrdiff_t most = std::min<std::ptrdiff_t>(m_old + m_new, static_cast<std::ptrdiff_t>(limits::kCrdtDiffSteps));
        std::vector<std::ptrdiff_t> row(static_cast<std::size_t>(2 * most + 3), 0);
        const auto at = [&](std::ptrdiff_t k) -> std::ptrdiff_t & { return row[static_cast<std::size_t>(k + most + 1)]; };
        for (std::ptrdiff_t d = 0; d <= most; ++d) {
            m_rows.emplace_back();
            for (std::ptrdiff_t k = -d; k <= d; k += 2) {
                const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
                std::ptrdiff_t x = down ? at(k + 1) : at(k - 1) + 1;
                while (x < m_old && x - k < m_new && x - k >= 0 && same(x, x - k))
                    ++x;
                at(k) = x;
                if (x >= m_old && x - k >= m_new) {
                    walkBack(d, k, removed, inserted);
                    return true;
                }
            }
            for (std::ptrdiff_t k = -d; k <= d; k += 2)
                m_rows.back().push_back(at(k));
        }
        return false;
    }

private:
    bool same(std::ptrdiff_t x, std::ptrdiff_t y) const
    {
        return m_equal(static_cast<std::size_t>(x) + m_offset, static_cast<std::size_t>(y) + m_offset);
    }

    void walkBack(std::ptrdiff_t d, std::ptrdiff_t k, std::vector<bool> &removed, std::vector<bool> &inserted) const
    {
        std::ptrdiff_t x = m_old;
        for (; d > 0; --d) {
            const auto &before = m_rows[static_cast<std::size_t>(d - 1)];
            const auto reached = [&](std::ptrdiff_t diagonal) {
                return before[static_cast<std::size_t>((diagonal + d - 1) / 2)];
            };
            const bool down = k == -d || (k != d && reached(k - 1) < reached(k + 1));
            const std::ptrdiff_t previous = down ? k + 1 : k - 1;
            x = reached(previous);
            if (down)
                inserted[static_cast<std::size_t>(x - previous)] = true;
            else
                removed[static_cast<std::size_t>(x)] = true;
            k = previous;
        }
    }

    std::ptrdiff_t m_old;
    std::ptrdiff_t m_new;
    const std::function<bool(std::size_t, std::size_t)> &m_equal;
    std::size_t m_offset;
    std::vector<std::vector<std::ptrdiff_t>> m_rows; // V after each d: the diagonals -d, -d + 2, ..., d
};

} // namespace

std::vector<EditStep> editScript(std::size_t oldSize, std::size_t newSize,
                                 const std::function<bool(std::size_t, std::size_t)> &equal)
{
    std::size_t begin = 0;
    while (begin < oldSize && begin < newSize && equal(begin, begin))
        ++begin;
    std::size_t end = 0;
    while (end < oldSize - begin && end < newSize - begin && equal(oldSize - 1 - end, newSize - 1 - end))
        ++end;
    const std::size_t oldMiddle = oldSize - begin - end;
    const std::size_t newMiddle = newSize - begin - end;
    if (oldMiddle == 0 && newMiddle == 0)
        return {};
    std::vector<bool> removed(oldMiddle, false);
    std::vector<bool> inserted(newMiddle, false);
    MyersSearch search(static_cast<std::ptrdiff_t>(oldMiddle), static_cast<std::ptrdiff_t>(newMiddle), equal, begin);
    if (oldMiddle == 0 || newMiddle == 0 || !search.run(removed, inserted))
        return {{begin, oldMiddle, begin, begin + newMiddle}};
    std::vector<EditStep> steps;
    for (std::size_t i = 0, j = 0; i < oldMiddle || j < newMiddle;) {
        const std::size_t i0 = i;
        const std::size_t j0 = j;
        while ((i < oldMiddle && removed[i]) || (j < newMiddle && inserted[j]))
            i < oldMiddle && removed[i] ? ++i : ++j;
        if (i > i0 || j > j0)
            steps.push_back({begin + i0, i - i0, begin + j0, begin + j});
        ++i, ++j; // a pair that stays
    }
    return steps;
}

bool Differ::edit(NodeIndex index, const json::Value &wanted)
{
    Document &document = m_api.document();
    const Node &node = document.node(index);
    bool same = false;
    switch (node.kind) {
    case NodeKind::Con:
        same = !node.isUndefined() && json::equal(viewOf(node.constant()), wanted);
        return same;
    case NodeKind::Val: {
        const NodeIndex value = node.value();
        if (value != kNoNode && edit(value, wanted))
            return true;
        const Id made = m_api.buildMember(wanted);
        m_api.setVal(document.idOf(index), document.node(index).value(), made);
        return true;
    }
    case NodeKind::Obj:
        return wanted.is_object() && editObject(index, wanted.get_object());
    case NodeKind::Vec:
        return wanted.is_array() && editSlots(index, wanted.get_array());
    case NodeKind::Arr:
        return wanted.is_array() && editArray(index, wanted.get_array());
    case NodeKind::Str: {
        if (!wanted.is_string())
            return false;
        std::u16string units;
        appendUtf16(units, wanted.get_string());
        editText(index, units);
        return true;
    }
    case NodeKind::Bin: {
        Bytes bytes;
        if (!wanted.is_string() || !fromDataUrl(wanted.get_string(), bytes))
            return false;
        editBytes(index, bytes);
        return true;
    }
    }
    return false;
}

Result<> Differ::replace(std::string_view pointer, const json::Value &wanted)
{
    if (pointer.empty())
        return m_api.root(wanted);
    const std::size_t slash = pointer.rfind('/');
    EVENTSYNC_TRY(const NodeApi parent, m_api.at(pointer.substr(0, slash)));
    EVENTSYNC_TRY(const NodeApi child, m_api.at(pointer));
    if (auto val = m_api.val(pointer))
        return val->set(wanted);
    const Path path = child.path();
    if (path.empty())
        return failure(ErrorCode::NotFound, "no such node", std::string(pointer));
    if (auto obj = parent.obj())
        return obj->set(std::get<std::string>(path.back()), wanted);
    const std::size_t index = std::get<std::size_t>(path.back());
    if (auto arr = parent.arr())
        return arr->upd(index, wanted);
    EVENTSYNC_TRY(VecApi vec, parent.vec());
    return vec.set(index, wanted);
}

// Steps are made from behind, so that the positions before them stay right.
void Differ::editText(NodeIndex index, std::u16string_view wanted)
{
    std::u16string now;
    const Sequence &sequence = m_api.document().node(index).sequence();
    sequence.appendUtf16(now, 0, sequence.length());
    // By code points, so that no step can split a pair.
    const auto points = [](std::u16string_view text, std::vector<std::size_t> &starts) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            starts.push_back(i);
            i += isHighSurrogate(text[i]) && i + 1 < text.size() && isLowSurrogate(text[i + 1]) ? 1 : 0;
        }
        starts.push_back(text.size());
    };
    std::vector<std::size_t> oldStarts;
    std::vector<std::size_t> newStarts;
    points(now, oldStarts);
    points(wanted, newStarts);
    const auto point = [](std::u16string_view text, const std::vector<std::size_t> &starts, std::size_t i) {
        return text.substr(starts[i], starts[i + 1] - starts[i]);
    };
    std::vector<EditStep> steps = editScript(oldStarts.size() - 1, newStarts.size() - 1, [&](std::size_t i, std::size_t j) {
        return point(now, oldStarts, i) == point(wanted, newStarts, j);
    });
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        const std::size_t from = oldStarts[step->position];
        const std::size_t count = oldStarts[step->position + step->removed] - from;
        if (count > 0)
            m_api.deleteUnits(index, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(count));
        const std::u16string_view text = wanted.substr(newStarts[step->from], newStarts[step->to] - newStarts[step->from]);
        if (text.empty())
            continue;
        std::string utf8;
        appendUtf8(utf8, text, LoneSurrogate::Replace);
        const bool ascii = utf8.size() == text.size();
        const Units units{ascii ? static_cast<const void *>(utf8.data()) : text.data(), static_cast<std::uint32_t>(text.size()),
                          static_cast<std::uint8_t>(ascii ? 1 : 2)};
        m_api.insertUnits(index, static_cast<std::uint32_t>(from), utf8, units);
    }
}

void Differ::editBytes(NodeIndex index, std::string_view wanted)
{
    Bytes now;
    const Sequence &sequence = m_api.document().node(index).sequence();
    sequence.appendBytes(now, 0, sequence.length());
    const auto steps = editScript(now.size(), wanted.size(), [&](std::size_t i, std::size_t j) { return now[i] == wanted[j]; });
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        const auto at = static_cast<std::uint32_t>(step->position);
        if (step->removed > 0)
            m_api.deleteUnits(index, at, static_cast<std::uint32_t>(step->removed));
        const std::string_view bytes = wanted.substr(step->from, step->to - step->from);
        if (!bytes.empty())
            m_api.insertUnits(index, at, bytes, {bytes.data(), static_cast<std::uint32_t>(bytes.size()), 1});
    }
}

bool Differ::editObject(NodeIndex index, const json::Object &wanted)
{
    Document &document = m_api.document();
    std::vector<std::string> gone;
    for (const ObjectKeys::Entry &entry : document.node(index).keys().entries()) {
        const bool shows = entry.key != kHiddenKey && !document.node(entry.value).isUndefined();
        if (shows && !wanted.contains(entry.key))
            gone.push_back(entry.key);
    }
    for (const std::string &key : gone)
        m_api.setKey(index, key, m_api.buildConstant(Undefined{}));
    for (const auto &member : wanted) {
        const NodeIndex *child = document.node(index).keys().find(member.key());
        if (child && edit(*child, member.value()))
            continue;
        const Id made = m_api.buildMember(member.value());
        m_api.setKey(index, std::string(member.key()), made);
    }
    return true;
}

bool Differ::editArray(NodeIndex index, const json::Array &wanted)
{
    Document &document = m_api.document();
    std::vector<NodeIndex> nodes;
    std::vector<json::Value> views;
    document.node(index).sequence().forEachUnit([&](NodeIndex child) { nodes.push_back(child); });
    for (const NodeIndex child : nodes)
        views.push_back(document.view(document.idOf(child)));
    const auto steps = editScript(views.size(), wanted.size(), [&](std::size_t i, std::size_t j) {
        return json::equal(views[i], wanted[j]);
    });
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        // What goes and what comes at one place is paired: an element becomes another one if it can.
        const std::size_t pairs = std::min(step->removed, step->to - step->from);
        if (step->removed > pairs)
            m_api.deleteUnits(index, static_cast<std::uint32_t>(step->position + pairs),
                              static_cast<std::uint32_t>(step->removed - pairs));
        std::vector<Id> added;
        for (std::size_t j = step->from + pairs; j < step->to; ++j)
            added.push_back(m_api.build(wanted[j]));
        if (!added.empty())
            m_api.insertElements(index, static_cast<std::uint32_t>(step->position + pairs), added);
        for (std::size_t i = 0; i < pairs; ++i) {
            if (edit(nodes[step->position + i], wanted[step->from + i]))
                continue;
            const Id made = m_api.build(wanted[step->from + i]);
            m_api.setElement(index, static_cast<std::uint32_t>(step->position + i), made);
        }
    }
    return true;
}

bool Differ::editSlots(NodeIndex index, const json::Array &wanted)
{
    Document &document = m_api.document();
    const std::size_t size = document.node(index).vecSlots().size();
    if (wanted.size() < size || wanted.size() > kMaxVecIndex + 1)
        return false; // a vec cannot shrink
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const NodeIndex child = i < size ? document.node(index).vecSlots()[i] : kNoNode;
        const bool isSame = child == kNoNode ? i < size && wanted[i].is_null() : edit(child, wanted[i]);
        if (!isSame)
            m_api.setSlot(index, static_cast<std::uint32_t>(i), m_api.buildMember(wanted[i]));
    }
    return true;
}

} // namespace eventsync::crdt
