// SPDX-License-Identifier: Apache-2.0
#include <desktop/application.h>

#include <QApplication>

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    return int(eventsync::desktop::run(application));
}
