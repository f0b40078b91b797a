// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/crdt/api.h>
#include <eventsync/json/value.h>

#include <QColor>
#include <QString>

#include <optional>
#include <vector>

class QPalette;

namespace eventsync::desktop {

// The cursor of another user in a text: a selection from `anchor` to `head`, by the characters around it.
struct TextSelection
{
    crdt::Id text; // the str
    crdt::Anchor anchor, head;
    bool operator==(const TextSelection &) const = default;
};

// Another user who has the document open.
struct Person
{
    ClientId id;
    QString name;
    std::optional<TextSelection> selection;
    bool operator==(const Person &) const = default;
};
using People = std::vector<Person>;

// The presence state of this user, and that of others. Foreign states are checked: a name is cut to one short line, and a
// cursor must have the right form.
json::Value presenceOf(const QString &name, const std::optional<TextSelection> &selection);
Person personFrom(const ClientId &id, const json::Value &presence);

QString nameFrom(const json::Value &name); // of another user: one line, at most kNameLetters; empty: none
constexpr qsizetype kNameLetters = 40;

// All replicas show a user in the same colour; it can be read on the palette's background.
QColor colourOf(const ClientId &id, const QPalette &palette);

} // namespace eventsync::desktop
