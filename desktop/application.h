// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/commandline.h>

class QApplication;

namespace eventsync::desktop {

// The whole program: reads the command line, opens the profile, shows the window, plays the script if there is one.
ExitCode run(QApplication &application);

// The program's own texts and Qt's in this language ("ko", "en"; empty: the system's).
void installLanguage(QApplication &application, const QString &language);
void useDarkColours();

} // namespace eventsync::desktop
