// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>

#include <vector>

namespace eventsync::desktop {

// The user's decision of a conflict, field by field. A field that only one side changed gets that side's value; for a field
// that both changed the user chooses a value, or, for a counter, that both changes count. Plain value; no widgets.
class ConflictChoice
{
public:
    enum class Side { Mine, Theirs, Both };
    struct Field
    {
        json::Pointer path;            // the root: whether the document exists at all, or its whole value
        json::State base, mine, theirs; // none: absent
        bool contested = false;        // both changed it, to different values
        bool canBoth = false;          // an integer that the policy calls a counter, on all three sides
        Side side = Side::Theirs;      // what is chosen
    };

    explicit ConflictChoice(const client::ConflictView &view);

    const std::vector<Field> &fields() const { return m_fields; } // those that differ, contested ones first
    void choose(std::size_t field, Side side);
    json::State merged() const;        // the resulting document
    client::Resolution resolution(client::Decision decision, const std::string &person) const;

private:
    void compare(const json::Pointer &path, const json::Value *base, const json::Value *mine, const json::Value *theirs);

    client::ConflictView m_view;
    std::vector<Field> m_fields;
};

} // namespace eventsync::desktop
