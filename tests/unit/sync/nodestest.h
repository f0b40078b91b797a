// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// Several nodes on one store.
class NodesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nodesHearOfEachOthersCommits();
    void aNodeThatHearsNothingPolls();
    void aNodeFindsThatAnotherHasCompacted();
    void aCompactionOutlastsWhatOtherNodesWrite();
    void aWatcherHearsOfAnotherNodesDocuments();
};

} // namespace eventsync::sync::test
