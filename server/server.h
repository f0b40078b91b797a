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
/// socket. Owner only: a thread with an event loop, which becomes the I/O thread. The program eventsync-server is one of these
/// with a signal handler; tests and other programs can contain one.
class Server
{
public:
    /// When it returns, the server accepts connections. StoreLocked, Corrupt, ... of the store; Unavailable, PermissionDenied,
    /// InvalidValue of a listener; IoError of the port file.
    static Result<std::unique_ptr<Server>> start(Configuration configuration);
    ~Server(); ///< without a shutdown() before it: at once, as after a crash; acknowledged edits stay

    const std::vector<std::uint16_t> &ports() const;
    QUrl url() const;               ///< of the first listener, http
    const std::string &epoch() const;
    std::vector<std::string> routes() const; ///< "GET /api/{collection}", ..., sorted

    /// `callback` is called once, if the store accepts no more edits until it is opened again, as after a failed fsync: the
    /// program should shut the server down and start it again. Reads still work meanwhile.
    void onStoreBroken(std::function<void(const Error &)> call);

    /// Calls `call` when the engine thread has executed a task: never, if it hangs.
    void whenAlive(std::function<void()> call);

    /// Accepts nothing new, commits and answers accepted requests, closes all connections, then calls `done`, within
    /// limits::kDrainTime (G18). Once.
    void shutdown(std::function<void()> done);

    /// Applies the options that can change in a running server (logging, origins, rules) and logs those that need a restart.
    void reload(const Configuration &configuration);

private:
    struct Private;
    explicit Server(std::unique_ptr<Private> d);
    std::unique_ptr<Private> m_d;
};

} // namespace eventsync::server
