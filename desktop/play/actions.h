// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/play/conditions.h>

#include <QPixmap>

namespace eventsync::desktop {

// Executes a step through the widgets that a user would use, or returns why it is not possible yet (a button is disabled, a row
// is missing, a dialog is in front): then nothing has changed. `print` gets the output of the step.
NotYet performAction(MainWindow &window, const PlayStep &step, const std::function<void(const QString &)> &print);

// The window as it is visible, with its dialogs on top.
QPixmap screenshotOf(MainWindow &window);

} // namespace eventsync::desktop
