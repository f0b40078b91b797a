// SPDX-License-Identifier: Apache-2.0

#include <server/commands/command.h>
#include <server/logging.h>
#include <server/program.h>
#include <server/server.h>
#include <server/signals.h>
#include <server/systemd.h>

#include <QCoreApplication>
#include <QTimer>

#include <csignal>
#include <cstdlib>
#include <unistd.h>

namespace eventsync::server {

namespace {

int exitCodeOf(const Error &error)
{
    switch (error.code) {
    case ErrorCode::Unavailable:
    case ErrorCode::PermissionDenied:
    case ErrorCode::InvalidValue:
        return exitcode::kPortInUse;
    default:
        return exitcode::kStore;
    }
}

void reload(Server &server, const Invocation &invocation)
{
    notifySystemd("RELOADING=1");
    const auto configuration = loadConfiguration({.commandLine = invocation.settings, .environment = environmentVariable});
    if (configuration)
        server.reload(*configuration);
    else
        qCWarning(lcServer) << "the configuration stays as it was:" << configuration.error().toString().c_str();
    notifySystemd("READY=1");
}

} // namespace

int runServe(const CommandContext &context)
{
    auto server = Server::start(context.configuration);
    if (!server) {
        complain(server.error().message);
        return exitCodeOf(server.error());
    }
    bool isStopping = false;
    const auto stop = [&](int code) {
        isStopping = true;
        notifySystemd("STOPPING=1");
        (*server)->shutdown([code] { QCoreApplication::exit(code); });
    };
    (*server)->onStoreBroken([&](const Error &error) { // a supervisor starts it again, which opens the store again
        qCCritical(lcServer) << "stopping, to be started again:" << error.toString().c_str();
        if (!isStopping)
            stop(exitcode::kStore);
    });
    const Signals signals([&](int number) {
        if (number == SIGHUP)
            return reload(**server, context.invocation);
        if (isStopping) {
            qCWarning(lcServer) << "stopped at once";
            std::_Exit(128 + number);
        }
        qCInfo(lcServer) << "stopping";
        stop(exitcode::kDone);
    });
    for (const std::string &warning : warningsOf(context.configuration, ::geteuid() == 0))
        qCWarning(lcServer).noquote() << warning.c_str();
    qCInfo(lcServer).noquote() << "ready at" << (*server)->url().toString();
    notifySystemd("READY=1");
    QTimer watchdog; // involves both threads: the timer is on the I/O thread, and the engine thread answers
    QObject::connect(&watchdog, &QTimer::timeout, &watchdog, [&] {
        if (!isStopping)
            (*server)->whenAlive([] { notifySystemd("WATCHDOG=1"); });
    });
    if (const auto interval = watchdogInterval())
        watchdog.start(*interval);
    const int code = QCoreApplication::exec();
    server->reset();
    qCInfo(lcServer) << "stopped";
    return code;
}

} // namespace eventsync::server
