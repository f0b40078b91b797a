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

// Where somebody's cursor is in a text: a selection from `anchor` to `head`, by the characters around it.
struct TextSelection
{
    crdt::Id text; // the str
    crdt::Anchor anchor, head;
    bool operator==(const TextSelection &) const = default;
};

// Somebody else who looks at a document now.
struct Person
{
    ClientId id;
    QString name;
    std::optional<TextSelection> selection;
    bool operator==(const Person &) const = default;
};
using People = std::vector<Person>;

// What is told to the others, and read from what others tell. What is foreign is taken for no more than it says: a name cut
// to one short line, and a place only if it has the form of one.
json::Value presenceOf(const QString &name, const std::optional<TextSelection> &selection);
Person personFrom(const ClientId &id, const json::Value &presence);

QString nameFrom(const json::Value &name); // of somebody else: one line, kNameLetters at most; empty: none
constexpr qsizetype kNameLetters = 40;

// Everybody shows a person in the same colour; it can be read on the palette's background.
QColor colourOf(const ClientId &id, const QPalette &palette);

} // namespace eventsync::desktop
