// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <QString>
#include <QStringList>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace eventsync::desktop {

// One line of a script of user actions (docs/play-scripts.md): a command, its words, and how long it may take.
struct PlayStep
{
    int line = 0;
    QString command;
    QStringList words = {};
    std::optional<std::chrono::milliseconds> within = {};
};

// What "${NAME}" stands for; nothing: there is no such name.
using Variables = std::function<std::optional<QString>(const QString &name)>;
std::optional<QString> environmentVariable(const QString &name);

// One line; none if it is empty or a comment. InvalidValue, "line 12: ..." says what is wrong: an open quote, an unknown
// name or command, a wrong number of words, a word that is no number, pointer or JSON where one must stand.
Result<std::optional<PlayStep>> parsePlayLine(const QString &text, int line, const Variables &variables = environmentVariable);

// All lines, or the first error. TooLarge above limits::kPlayScriptBytes.
Result<std::vector<PlayStep>> parsePlayScript(const QString &text, const Variables &variables = environmentVariable);

} // namespace eventsync::desktop
