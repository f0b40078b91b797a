// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <server/http/httpmessage.h>

#include <string>
#include <vector>

namespace eventsync::server {

struct OriginOptions
{
    std::vector<std::string> allowed = {}; // "https://app.example.org"; "*" is every one
    // Names under which browsers may reach this server; IP addresses and localhost always may. Empty: any name. Not empty
    // closes DNS rebinding, by which a foreign page's name is made to point here.
    std::vector<std::string> hosts = {};
};

// Rule 11: a request that a foreign page made a browser send is refused unless configuration allows it. Immutable.
class OriginPolicy
{
public:
    explicit OriginPolicy(OriginOptions options = {}) : m_options(std::move(options)) {}

    Result<> check(const HttpRequest &request) const; // OriginRefused
    // What the answer to a request with an allowed foreign Origin carries; nothing for others.
    void addCorsHeaders(const HttpRequest &request, HttpHeaders &headers) const;
    bool isPreflight(const HttpRequest &request) const;
    void addPreflightHeaders(const HttpRequest &request, std::string_view methods, HttpHeaders &headers) const;

private:
    bool isAllowed(std::string_view origin) const;
    OriginOptions m_options;
};

} // namespace eventsync::server
