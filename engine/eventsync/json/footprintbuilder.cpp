// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/footprintbuilder_p.h>

#include <algorithm>

namespace eventsync::json {

using Kind = FootprintEntry::Kind;

// One note per path and kind, in order.
void FootprintBuilder::join()
{
    std::stable_sort(m_notes.begin(), m_notes.end(), [](const Note &a, const Note &b) {
        const auto order = a.entry.path <=> b.entry.path;
        return order != 0 ? order < 0 : a.entry.kind < b.entry.kind;
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < m_notes.size(); ++i) {
        if (kept > 0 && m_notes[kept - 1].entry.kind == m_notes[i].entry.kind
            && m_notes[kept - 1].entry.path == m_notes[i].entry.path) {
            m_notes[kept - 1].entry.inArray |= m_notes[i].entry.inArray;
            m_notes[kept - 1].canBeSame = false;
        } else {
            if (kept != i)
                m_notes[kept] = std::move(m_notes[i]);
            ++kept;
        }
    }
    m_notes.erase(m_notes.begin() + static_cast<std::ptrdiff_t>(kept), m_notes.end());
}

// A write at, above or below another one is not "the only write", so neither can be the same value. In sorted order the paths
// below a path follow it directly, so a stack of the paths above is enough.
void FootprintBuilder::findNested()
{
    std::vector<Note *> above;
    for (Note &note : m_notes) {
        if (note.entry.kind == Kind::Read)
            continue;
        while (!above.empty() && !above.back()->entry.path.isPrefixOf(note.entry.path))
            above.pop_back();
        if (!above.empty()) {
            above.back()->canBeSame = false;
            note.canBeSame = false;
        }
        above.push_back(&note);
    }
}

Footprint FootprintBuilder::finish(const Value &document) &&
{
    if (m_everything)
        return Footprint::everything();
    if (m_notes.size() > 1) {
        join();
        findNested();
    }
    std::sort(m_tests.begin(), m_tests.end());

    std::string text;
    std::vector<FootprintEntry> entries;
    entries.reserve(m_notes.size());
    for (Note &note : m_notes) {
        note.entry.guarded = std::binary_search(m_tests.begin(), m_tests.end(), note.entry.path);
        if (note.canBeSame) {
            if (const Value *value = find(document, note.entry.path)) {
                text.clear();
                appendCanonical(text, *value);
                note.entry.value = sha256(text);
            }
        }
        entries.push_back(std::move(note.entry));
    }
    return Footprint::fromEntries(std::move(entries));
}

} // namespace eventsync::json
