// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>

namespace eventsync::json {

// Collects what a patch touches while it is applied, and makes its Footprint from the final document. Owner only.
class FootprintBuilder
{
public:
    enum class By { AddOrReplace, Other };

    void test(const Pointer &path, bool inArray) { m_tests.push_back(path); note(path, FootprintEntry::Kind::Read, inArray); }
    void read(const Pointer &path, bool inArray) { note(path, FootprintEntry::Kind::Read, inArray); }
    void write(const Pointer &path, bool inArray, By by)
    {
        note(path, FootprintEntry::Kind::Write, inArray);
        m_notes.back().canBeSame = by == By::AddOrReplace && !inArray;
    }
    void count(const Pointer &path, FootprintEntry::Kind kind, bool inArray) { note(path, kind, inArray); }
    void rootReplaced() { m_everything = true; }

    Footprint finish(const Value &document) &&;

private:
    struct Note
    {
        FootprintEntry entry;
        bool canBeSame = false; // as a write: one add or replace, outside arrays, no other write above, at or below
    };
    void note(const Pointer &path, FootprintEntry::Kind kind, bool inArray)
    {
        m_notes.push_back({.entry = {.path = path, .kind = kind, .inArray = inArray}});
    }
    void join();
    void findNested();

    std::vector<Note> m_notes;
    std::vector<Pointer> m_tests;
    bool m_everything = false;
};

} // namespace eventsync::json
