// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <server/http/httpmessage.h>

#include <string>
#include <vector>

namespace eventsync::server {

/// Which origins and host names a request may have.
struct OriginOptions
{
    std::vector<std::string> allowed = {}; ///< "https://app.example.org"; "*" is every one
    /// Names under which this server is reached, beside those that its listener implies (Reach); "*" is every one.
    std::vector<std::string> hosts = {};
};

/// From where a listener can be reached. This decides which host names a request may use without configuration.
enum class Reach {
    Loopback, ///< localhost, *.localhost, 127.0.0.0/8, [::1]
    Network,  ///< those, any IP address, and while no name is configured any name
};

/// Rule 11: a request that a foreign page made a browser send is refused unless configuration allows it. Two headers identify
/// such a request, and both must be right: Origin, and Host, which is the only difference if the page's own name was made to
/// resolve to this server (DNS rebinding). An IP address cannot be redirected in this way, so it needs no configuration.
/// Immutable.
class OriginPolicy
{
public:
    explicit OriginPolicy(OriginOptions options = {}) : m_options(std::move(options)) {}

    Result<> check(const HttpRequest &request, Reach reach) const; ///< OriginRefused
    /// The headers of an answer to a request with an allowed foreign Origin; none for others.
    void addCorsHeaders(const HttpRequest &request, HttpHeaders &headers) const;
    bool isPreflight(const HttpRequest &request) const;
    void addPreflightHeaders(const HttpRequest &request, std::string_view methods, HttpHeaders &headers) const;

private:
    bool isAllowed(std::string_view origin) const;
    bool isKnownHost(std::string_view hostHeader, Reach reach) const;
    OriginOptions m_options;
};

} // namespace eventsync::server
