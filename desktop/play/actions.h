// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/play/conditions.h>

#include <QPixmap>

namespace eventsync::desktop {

// Does what the step's command says, through the widgets a person would use; or says why it cannot be done yet (a button is
// disabled, a row is not there, a dialog is in front): then nothing has happened. `print` gets what the step prints.
NotYet performAction(MainWindow &window, const PlayStep &step, const std::function<void(const QString &)> &print);

// The window as a person sees it, its dialogs on top.
QPixmap screenshotOf(MainWindow &window);

} // namespace eventsync::desktop
