// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/play/script.h>

class QAbstractItemView;
class QModelIndex;
class QWidget;

namespace eventsync::desktop {

class MainWindow;

// The reason why a condition does not hold yet; none: it holds.
using NotYet = std::optional<QString>;

// The visible widget of that name: in the dialog that is in front, if there is one, else anywhere. Null: there is none.
QWidget *findWidget(const QString &objectName);
// The visible text of a widget.
QString textOf(QWidget *widget);
// The first row (in any branch) of which every given text is part of some cell; invalid: none.
QModelIndex findRow(const QAbstractItemView &view, const QStringList &texts);
// One line a row, cells joined by " | ".
QStringList rowsOf(const QAbstractItemView &view);

// Whether the condition in `words` (its name and arguments, checked by the parser) holds now.
NotYet checkCondition(MainWindow &window, const QStringList &words);

} // namespace eventsync::desktop
