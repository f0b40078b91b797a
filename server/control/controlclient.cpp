// SPDX-License-Identifier: Apache-2.0
#include <server/control/controlclient.h>

#include <server/datafolder.h>
#include <server/limits.h>

#include <QLocalSocket>

namespace eventsync::server {

namespace {

constexpr int kConnectMs = 2'000;

std::optional<Result<std::optional<json::Object>>> endOf(const json::Value &line, const Progress &progress)
{
    const json::Object *object = line.if_object();
    if (!object)
        return std::nullopt;
    if (const json::Value *part = object->if_contains("progress"); part && part->is_object()) {
        progress(part->get_object());
        return std::nullopt;
    }
    if (const json::Value *result = object->if_contains("result"); result && result->is_object())
        return std::optional(result->get_object());
    if (const json::Value *error = object->if_contains("error"); error && error->is_object()) {
        const auto text = [&](const char *name) {
            const json::Value *value = error->get_object().if_contains(name);
            return value && value->is_string() ? std::string(value->get_string()) : std::string();
        };
        return failure(errorCodeFromName(text("code")).value_or(ErrorCode::Internal), text("message"));
    }
    return std::nullopt;
}

} // namespace

Result<std::optional<json::Object>> askRunningServer(const std::string &dataFolder, const json::Object &request,
                                                     const Progress &progress)
{
    QLocalSocket socket;
    socket.connectToServer(QString::fromStdString(controlSocketOf(dataFolder)));
    if (!socket.waitForConnected(kConnectMs)) {
        if (socket.error() == QLocalSocket::SocketAccessError)
            return failure(ErrorCode::PermissionDenied, controlSocketOf(dataFolder) + ": " + socket.errorString().toStdString());
        return std::nullopt;
    }
    const std::string text = json::canonical(request) + '\n';
    socket.write(text.data(), static_cast<qint64>(text.size()));
    for (;;) {
        while (socket.canReadLine()) {
            const auto line = json::parse(socket.readLine().toStdString(), {.bytes = limits::kControlLineBytes});
            if (!line)
                return failure(ErrorCode::InvalidMessage, "the server's answer is not readable: " + line.error().message);
            if (auto end = endOf(*line, progress))
                return std::move(*end);
        }
        if (!socket.waitForReadyRead(-1) && !socket.canReadLine())
            return failure(ErrorCode::Unavailable, "the server went away before it had answered");
    }
}

} // namespace eventsync::server
