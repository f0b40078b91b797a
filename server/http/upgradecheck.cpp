// SPDX-License-Identifier: Apache-2.0
#include <server/http/upgradecheck.h>

#include <algorithm>

namespace eventsync::server {

namespace {

constexpr std::size_t kKeyLetters = 24; // 16 bytes as base64

std::vector<std::string> offeredSubprotocols(const HttpRequest &head)
{
    std::vector<std::string> offered;
    const std::string list = head.headers.joined("Sec-WebSocket-Protocol");
    std::string name;
    for (const char c : list + ',') {
        if (c == ',') {
            if (!name.empty())
                offered.push_back(std::exchange(name, {}));
        } else if (c != ' ' && c != '\t') {
            name.push_back(c);
        }
    }
    return offered;
}

} // namespace

bool isUpgradeRequest(const HttpRequest &head)
{
    return head.method == "GET" && head.headers.hasToken("Upgrade", "websocket")
           && head.headers.hasToken("Connection", "Upgrade");
}

UpgradeVerdict checkUpgrade(const HttpRequest &head, const OriginPolicy &origins)
{
    if (auto allowed = origins.check(head); !allowed)
        return {.error = allowed.error()};
    const auto &path = head.path;
    if (path.empty() || path.front() != "sync" || path.size() > 2 || path.back().empty())
        return {.error = Error{ErrorCode::NotFound, "WebSockets are at /sync"}};
    if (!head.isHttp11)
        return {.error = Error{ErrorCode::InvalidMessage, "an upgrade needs HTTP/1.1"}};
    if (head.header("Sec-WebSocket-Version") != "13")
        return {.error = Error{ErrorCode::UnsupportedProtocol, "the WebSocket version is 13"}, .status = 426};
    if (head.header("Sec-WebSocket-Key").size() != kKeyLetters)
        return {.error = Error{ErrorCode::InvalidMessage, "Sec-WebSocket-Key is not 16 bytes"}};
    const auto offered = offeredSubprotocols(head);
    const bool known = std::any_of(offered.begin(), offered.end(), [](const std::string &name) {
        return transport::codecFromSubprotocol(name).has_value();
    });
    if (!offered.empty() && !known)
        return {.error = Error{ErrorCode::UnsupportedProtocol, "none of the offered sub-protocols is spoken here"}};
    return {};
}

transport::ConnectionInfo connectionInfo(const HttpRequest &head, transport::TransportKind kind)
{
    transport::ConnectionInfo info;
    info.kind = kind;
    info.secure = head.secure;
    info.peer = head.peer;
    info.path = head.path;
    info.query = head.query;
    info.origin = head.header("Origin");
    info.authorization = head.header("Authorization");
    info.userAgent = head.header("User-Agent");
    info.resumeToken = head.header("Last-Event-ID");
    return info;
}

} // namespace eventsync::server
