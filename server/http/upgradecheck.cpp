// SPDX-License-Identifier: Apache-2.0
#include <server/http/upgradecheck.h>

#include <QCryptographicHash>

#include <utility>
#include <vector>

namespace eventsync::server {

namespace {

constexpr qsizetype kKeyBytes = 16;

// RFC 6455 section 4.2.1: the key is 16 bytes as base64.
bool isKey(std::string_view text)
{
    const auto decoded = QByteArray::fromBase64Encoding(QByteArray(text.data(), static_cast<qsizetype>(text.size())),
                                                        QByteArray::AbortOnBase64DecodingErrors);
    return decoded && decoded.decoded.size() == kKeyBytes;
}

// Section 4.2.2: the proof that a WebSocket server has read the key.
std::string acceptOf(std::string_view key)
{
    QCryptographicHash hash(QCryptographicHash::Sha1);
    hash.addData(QByteArray(key.data(), static_cast<qsizetype>(key.size())));
    hash.addData(QByteArray("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    return hash.result().toBase64().toStdString();
}

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

UpgradeDecision checkUpgrade(const HttpRequest &head, const OriginPolicy &origins, Reach reach)
{
    if (auto allowed = origins.check(head, reach); !allowed)
        return {.error = allowed.error()};
    const auto &path = head.path;
    if (path.empty() || path.front() != "sync" || path.size() > 2 || path.back().empty())
        return {.error = Error{ErrorCode::NotFound, "WebSockets are at /sync"}};
    if (!head.isHttp11)
        return {.error = Error{ErrorCode::InvalidMessage, "an upgrade needs HTTP/1.1"}};
    if (head.header("Sec-WebSocket-Version") != "13")
        return {.error = Error{ErrorCode::UnsupportedProtocol, "the WebSocket version is 13"}, .status = 426};
    if (!isKey(head.header("Sec-WebSocket-Key")))
        return {.error = Error{ErrorCode::InvalidMessage, "Sec-WebSocket-Key is not 16 bytes"}};
    if (!chosenCodec(head) && !offeredSubprotocols(head).empty())
        return {.error = Error{ErrorCode::UnsupportedProtocol, "none of the offered sub-protocols is spoken here"}};
    return {};
}

std::optional<Codec> chosenCodec(const HttpRequest &head)
{
    for (const std::string &name : offeredSubprotocols(head)) {
        if (const auto codec = transport::codecFromSubprotocol(name))
            return codec;
    }
    return std::nullopt;
}

std::string upgradeAnswer(const HttpRequest &head)
{
    std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    answer += acceptOf(head.header("Sec-WebSocket-Key"));
    if (const auto codec = chosenCodec(head))
        answer.append("\r\nSec-WebSocket-Protocol: ").append(transport::subprotocol(*codec));
    return answer + "\r\n\r\n";
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
