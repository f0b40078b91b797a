// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "referencepeer.h"

#include <QObject>

// Live exchange with the reference implementation (json-joy under Node). EVENTSYNC_INTEROP_ROUNDS changes the number of
// rounds, EVENTSYNC_REQUIRE_INTEROP=1 makes its absence a failure.
class InteropTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void bothEditOneDocumentAndAgree();

private:
    ReferencePeer m_peer;
};
