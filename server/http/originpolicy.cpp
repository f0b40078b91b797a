// SPDX-License-Identifier: Apache-2.0
#include <server/http/originpolicy.h>

#include <QHostAddress>

#include <algorithm>

namespace eventsync::server {

namespace {

struct Authority
{
    std::string_view host;
    std::string_view port; // empty: the scheme's own
};

Authority splitAuthority(std::string_view text)
{
    const auto bracket = text.rfind(']');
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
        return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string_view withoutScheme(std::string_view origin)
{
    const auto end = origin.find("://");
    return end == std::string_view::npos ? std::string_view() : origin.substr(end + 3);
}

std::string_view defaultPort(std::string_view origin)
{
    return origin.starts_with("https:") ? "443" : "80";
}

// A proxy may terminate TLS, so the scheme of the Origin decides which port is omitted on both sides.
bool isSameOrigin(std::string_view origin, std::string_view hostHeader)
{
    const Authority theirs = splitAuthority(withoutScheme(origin));
    const Authority ours = splitAuthority(hostHeader);
    const auto standard = defaultPort(origin);
    return !theirs.host.empty() && equalsIgnoringCase(theirs.host, ours.host)
           && (theirs.port.empty() ? standard : theirs.port) == (ours.port.empty() ? standard : ours.port);
}

QHostAddress addressFrom(std::string_view host)
{
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    return QHostAddress(QString::fromUtf8(host.data(), static_cast<qsizetype>(host.size())));
}

// RFC 6761 section 6.3: names that end in .localhost are the loopback interface for every resolver.
bool isLocalhostName(std::string_view name)
{
    constexpr std::string_view kLocalhost = "localhost", kBelow = ".localhost";
    return equalsIgnoringCase(name, kLocalhost)
           || (name.size() > kBelow.size() && equalsIgnoringCase(name.substr(name.size() - kBelow.size()), kBelow));
}

std::string_view withoutRootDot(std::string_view name)
{
    return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

bool names(const std::vector<std::string> &configured, std::string_view name)
{
    return std::any_of(configured.begin(), configured.end(), [&](const std::string &known) {
        return known == "*" || equalsIgnoringCase(withoutRootDot(known), name);
    });
}

} // namespace

bool OriginPolicy::isAllowed(std::string_view origin) const
{
    return std::any_of(m_options.allowed.begin(), m_options.allowed.end(), [&](const std::string &allowed) {
        return allowed == "*" || equalsIgnoringCase(allowed, origin);
    });
}

bool OriginPolicy::isKnownHost(std::string_view hostHeader, Reach reach) const
{
    const auto name = withoutRootDot(splitAuthority(hostHeader).host);
    if (isLocalhostName(name) || names(m_options.hosts, name))
        return true;
    const QHostAddress address = addressFrom(name);
    if (reach == Reach::Loopback)
        return address.isLoopback();
    return !address.isNull() || m_options.hosts.empty();
}

Result<> OriginPolicy::check(const HttpRequest &request, Reach reach) const
{
    // A request without Host (HTTP/1.0) does not come from a browser.
    const std::string_view host = request.header("Host");
    if (request.headers.has("Host") && !isKnownHost(host, reach))
        return failure(ErrorCode::OriginRefused, "this server does not accept the host name of the request: the setting host-name lists accepted names");
    if (!request.headers.has("Origin"))
        return {};
    const std::string_view origin = request.header("Origin");
    if (isSameOrigin(origin, host) || isAllowed(origin))
        return {};
    return failure(ErrorCode::OriginRefused, "requests from pages of another origin are not allowed");
}

void OriginPolicy::addCorsHeaders(const HttpRequest &request, HttpHeaders &headers) const
{
    const std::string_view origin = request.header("Origin");
    if (origin.empty() || !isAllowed(origin))
        return;
    headers.set("Access-Control-Allow-Origin", std::string(origin));
    headers.set("Access-Control-Expose-Headers", "ETag, Location, Retry-After");
    headers.add("Vary", "Origin");
}

bool OriginPolicy::isPreflight(const HttpRequest &request) const
{
    return request.method == "OPTIONS" && request.headers.has("Origin")
           && request.headers.has("Access-Control-Request-Method");
}

void OriginPolicy::addPreflightHeaders(const HttpRequest &request, std::string_view methods, HttpHeaders &headers) const
{
    headers.set("Access-Control-Allow-Methods", std::string(methods));
    if (const auto asked = request.header("Access-Control-Request-Headers"); !asked.empty())
        headers.set("Access-Control-Allow-Headers", std::string(asked));
    headers.set("Access-Control-Max-Age", "600");
}

} // namespace eventsync::server
