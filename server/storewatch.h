// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>

#include <server/enginethread.h>

#include <QTimer>

#include <functional>
#include <optional>

namespace eventsync::server {

/// Checks each second whether the store accepts edits, notifies systemd of changes, and tests whether a problem has ended. If
/// only a restart helps it reports this, once. Owner only: the I/O thread.
class StoreWatch
{
public:
    explicit StoreWatch(EngineThread &engine);

    void start();
    void onBroken(std::function<void(const Error &)> call) { m_broken = std::move(call); }
    std::optional<Error> problem() const { return m_engine.backend().health().problem; } ///< at this moment

private:
    void look();
    void notify(const std::optional<Error> &problem);
    void tryAgain();

    EngineThread &m_engine;
    QTimer m_timer;
    std::function<void(const Error &)> m_broken;
    std::optional<Error> m_reported;
    bool m_trying = false;
};

} // namespace eventsync::server
