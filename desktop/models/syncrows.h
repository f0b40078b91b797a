// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <iterator>
#include <map>
#include <vector>

namespace eventsync::desktop {

// The functions by which a table model reports inserted, removed and changed rows; `last` is included.
struct RowSignals
{
    std::function<void(int first, int last)> beginInsert, beginRemove;
    std::function<void()> endInsert, endRemove;
    std::function<void(int row)> changed;
};

// Makes `rows` equal to `fresh` by insertions, removals and changes of runs of rows, so that selection and scroll position of
// the views stay. Rows with equal `key` are the same row (unique, ordered by <). Rows that stay keep their order: a row that
// would overtake another is removed and inserted again. Cost: n log n.
template<class Row, class KeyOf>
void syncRows(std::vector<Row> &rows, std::vector<Row> fresh, const KeyOf &key, const RowSignals &signals)
{
    std::map<decltype(key(fresh.front())), std::size_t> place;
    for (std::size_t i = 0; i < fresh.size(); ++i)
        place.emplace(key(fresh[i]), i);
    std::vector<bool> kept(rows.size());
    std::size_t next = 0; // the first place that a row may keep
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto found = place.find(key(rows[i]));
        kept[i] = found != place.end() && found->second >= next;
        if (kept[i])
            next = found->second + 1;
    }
    for (std::size_t end = rows.size(); end > 0;) { // runs of rows that go, from the back
        if (kept[end - 1]) {
            --end;
            continue;
        }
        std::size_t begin = end - 1;
        while (begin > 0 && !kept[begin - 1])
            --begin;
        signals.beginRemove(int(begin), int(end) - 1);
        rows.erase(rows.begin() + std::ptrdiff_t(begin), rows.begin() + std::ptrdiff_t(end));
        signals.endRemove();
        end = begin;
    }
    for (std::size_t i = 0; i < fresh.size();) { // what is left is in order: runs of rows that come
        if (i < rows.size() && key(rows[i]) == key(fresh[i])) {
            if (!(rows[i] == fresh[i])) {
                rows[i] = std::move(fresh[i]);
                signals.changed(int(i));
            }
            ++i;
            continue;
        }
        std::size_t end = i + 1;
        while (end < fresh.size() && (i >= rows.size() || !(key(rows[i]) == key(fresh[end]))))
            ++end;
        signals.beginInsert(int(i), int(end) - 1);
        rows.insert(rows.begin() + std::ptrdiff_t(i), std::make_move_iterator(fresh.begin() + std::ptrdiff_t(i)),
                    std::make_move_iterator(fresh.begin() + std::ptrdiff_t(end)));
        signals.endInsert();
        i = end;
    }
}

} // namespace eventsync::desktop
