// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::desktop::test {

class PlayTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void splitsWords_data();
    void splitsWords();
    void saysWhatIsWrongAndWhere_data();
    void saysWhatIsWrongAndWhere();
    void knowsEveryWordOfItsPage();
    void readsTheCommandLine_data();
    void readsTheCommandLine();
    void completesAddressesOfServers_data();
    void completesAddressesOfServers();
};

} // namespace eventsync::desktop::test
