// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <server/config/configuration.h>

#include <QUrl>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace eventsync::server {

/// A whole server in this process: its data folder, its store, the engine thread, the HTTP front with its routes, the control
/// socket. Owner only: a thread with an event loop, which becomes the I/O thread. eventsync-server is one of these and a
/// signal handler; the desktop and tests run them beside other things.
class Server
{
public:
    /// Everything is open and accepting when it returns. StoreLocked, Corrupt, ... of the store; Unavailable, PermissionDenied,
    /// InvalidValue of a listener; IoError of the port file.
    static Result<std::unique_ptr<Server>> start(Configuration configuration);
    ~Server(); ///< without a shutdown() before it: at once, as after a crash; what was acknowledged stays

    const std::vector<std::uint16_t> &ports() const;
    QUrl url() const;               ///< of the first listener, http
    const std::string &epoch() const;
    std::vector<std::string> routes() const; ///< "GET /api/{collection}", ..., sorted

    /// Called once, if the store takes no more edits until it is opened again, as after an fsync that failed: whoever runs the
    /// server had better shut it down and start anew. Reading goes on meanwhile.
    void onStoreBroken(std::function<void(const Error &)> call);

    /// Calls `call` when the engine thread has come round to it: never, if that one hangs.
    void whenAlive(std::function<void()> call);

    /// Accepts nothing new, answers what was accepted, commits it, closes all connections; then calls `done`, within
    /// limits::kDrainTime (G18). Once.
    void shutdown(std::function<void()> done);

    /// Takes over what can change in a running server (logging, origins) and logs what would need a restart.
    void reload(const Configuration &configuration);

private:
    struct Private;
    explicit Server(std::unique_ptr<Private> d);
    std::unique_ptr<Private> m_d;
};

} // namespace eventsync::server
