// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::test {

class MessagesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyMessageComesBackInEveryFormat_data();
    void everyMessageComesBackInEveryFormat();
    void badMessagesAreRefused_data();
    void badMessagesAreRefused();
    void cutAndChangedMessagesAreRefusedOrRead();
    void aPatchThatJsonWouldChangeTravelsAsBytes();
};

} // namespace eventsync::test
