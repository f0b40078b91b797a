// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

#include <memory>

namespace eventsync::desktop::test {

class QueueTest final : public QObject
{
    Q_OBJECT

public:
    QueueTest();
    ~QueueTest() override;

private Q_SLOTS:
    void init();
    void cleanup();
    void aRefusedEditIsTriedAgain();
    void aRefusedEditIsDiscarded();

private:
    struct Rig;
    std::unique_ptr<Rig> m_rig;
};

} // namespace eventsync::desktop::test
