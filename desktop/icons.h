// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QIcon>

namespace eventsync::desktop {

// The icons of the windows, drawn from lines in the colours of the palette at the moment of painting: right in light, dark and
// high-contrast themes and at every scale. An icon is never alone: a text beside it has the same information.
enum class Icon {
    Waiting, Sent, Conflict, DeadLetter, Confirmed,     // the state of an edit
    Online, Connecting, Offline, Refused,               // the connection
    Add, Delete, Undo, Redo, Gold, Experience, LevelUp, Save, Revert, Sync, Window, Decide,
    Up, Down, Game, Text, List,
};

QIcon icon(Icon id);

} // namespace eventsync::desktop
