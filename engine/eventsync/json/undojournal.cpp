// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/undojournal_p.h>

#include <algorithm>
#include <utility>

namespace eventsync::json {

void UndoJournal::touched(const Pointer &path, bool structural)
{
    ++m_effective;
    m_shifted |= structural;
    m_touched.push_back(structural ? path.parent() : path);
}

Patch UndoJournal::takeInverse()
{
    std::reverse(m_undo.begin(), m_undo.end());
    return Patch(std::exchange(m_undo, {}));
}

void UndoJournal::setInverse(const Patch &inverse)
{
    m_undo = inverse.operations();
    std::reverse(m_undo.begin(), m_undo.end());
}

// Usually clear: one effective step changed something, and so did steps that wrote different places.
UndoJournal::Outcome UndoJournal::outcome(std::ptrdiff_t sizeChange)
{
    if (m_effective == 0)
        return Outcome::Unchanged;
    if (sizeChange != 0 || m_effective == 1)
        return Outcome::Changed;
    const bool apart = keepOutermost() && !m_shifted;
    return apart ? Outcome::Changed : Outcome::Unclear;
}

const std::vector<Pointer> &UndoJournal::written()
{
    keepOutermost();
    return m_touched;
}

bool UndoJournal::keepOutermost()
{
    std::sort(m_touched.begin(), m_touched.end());
    const std::size_t all = m_touched.size();
    std::vector<Pointer> outermost;
    for (Pointer &path : m_touched) {
        if (outermost.empty() || !outermost.back().isPrefixOf(path))
            outermost.push_back(std::move(path));
    }
    m_touched = std::move(outermost);
    return m_touched.size() == all;
}

} // namespace eventsync::json
