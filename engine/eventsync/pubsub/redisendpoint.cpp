// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/redisendpoint.h>

#include <charconv>
#include <optional>

namespace eventsync::pubsub {

namespace {

std::optional<int> numberIn(std::string_view text, int most)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
        return {};
    return value;
}

// %2F -> /. None if it is not a valid percent-encoding.
std::optional<std::string> decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        int value = 0;
        const char *begin = text.data() + i + 1;
        if (i + 2 >= text.size() || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2)
            return {};
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

Result<RedisEndpoint> unixEndpoint(std::string_view rest)
{
    RedisEndpoint endpoint;
    const std::size_t query = rest.find("?db=");
    if (query != rest.npos) {
        const auto database = numberIn(rest.substr(query + 4), 1'000'000);
        if (!database)
            return failure(ErrorCode::InvalidValue, "no database number in the Redis address");
        endpoint.database = *database;
        rest = rest.substr(0, query);
    }
    // A socket's address holds 108 bytes, the closing zero included.
    if (rest.empty() || rest.front() != '/' || rest.size() > 107)
        return failure(ErrorCode::InvalidValue, "a Unix socket's path is absolute and has at most 107 bytes");
    endpoint.socket = std::string(rest);
    return endpoint;
}

} // namespace

std::string RedisEndpoint::toString() const
{
    if (!socket.empty())
        return "unix://" + socket;
    return "redis://" + (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + std::to_string(port);
}

Result<RedisEndpoint> redisEndpointFrom(std::string_view url)
{
    constexpr std::string_view kTcp = "redis://", kUnix = "unix://", kTls = "rediss://";
    if (url.starts_with(kUnix))
        return unixEndpoint(url.substr(kUnix.size()));
    if (url.starts_with(kTls))
        return failure(ErrorCode::Unavailable, "Redis over TLS is not built in; use a tunnel to a local port");
    if (!url.starts_with(kTcp))
        return failure(ErrorCode::InvalidValue, "a Redis address begins with redis:// or unix://");
    std::string_view rest = url.substr(kTcp.size());
    RedisEndpoint endpoint;
    if (const std::size_t at = rest.rfind('@'); at != rest.npos) {
        const std::string_view login = rest.substr(0, at);
        const std::size_t colon = login.find(':');
        const auto user = decoded(login.substr(0, colon));
        const auto password = decoded(colon == login.npos ? std::string_view() : login.substr(colon + 1));
        if (!user || !password)
            return failure(ErrorCode::InvalidValue, "user or password is not percent-encoded rightly");
        endpoint.user = *user;
        endpoint.password = *password;
        rest = rest.substr(at + 1);
    }
    if (const std::size_t slash = rest.find('/'); slash != rest.npos) {
        const std::string_view name = rest.substr(slash + 1);
        const auto database = name.empty() ? 0 : numberIn(name, 1'000'000);
        if (!database)
            return failure(ErrorCode::InvalidValue, "no database number in the Redis address");
        endpoint.database = *database;
        rest = rest.substr(0, slash);
    }
    const bool isBracketed = !rest.empty() && rest.front() == '[';
    const std::size_t hostEnd = isBracketed ? rest.find(']') : rest.rfind(':');
    if (isBracketed && hostEnd == rest.npos)
        return failure(ErrorCode::InvalidValue, "no host in the Redis address");
    const std::string_view host = isBracketed ? rest.substr(1, hostEnd - 1) : rest.substr(0, hostEnd);
    std::string_view port = hostEnd == rest.npos ? std::string_view() : rest.substr(hostEnd + (isBracketed ? 1 : 0));
    if (!port.empty()) {
        const auto number = port.front() == ':' ? numberIn(port.substr(1), 65'535) : std::nullopt;
        if (!number || *number == 0)
            return failure(ErrorCode::InvalidValue, "no port in the Redis address");
        endpoint.port = *number;
    }
    if (host.empty())
        return failure(ErrorCode::InvalidValue, "no host in the Redis address");
    endpoint.host = std::string(host);
    return endpoint;
}

} // namespace eventsync::pubsub
