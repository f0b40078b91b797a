// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/httpmessage.h>
#include <server/http/responder.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::server {

/// "/api/{collection}/{id}": each {name} stands for exactly one non-empty segment. Immutable value.
class PathPattern
{
public:
    explicit PathPattern(std::string_view text);
    const std::string &text() const { return m_text; }
    bool matches(const std::vector<std::string> &path) const;
    std::map<std::string, std::string, std::less<>> parameters(const std::vector<std::string> &path) const;
    /// Literal segments count before parameters, the leftmost difference first.
    bool isMoreSpecificThan(const PathPattern &other) const;

private:
    struct Segment
    {
        bool isParameter;
        std::string text;
    };
    std::string m_text;
    std::vector<Segment> m_segments;
};

/// Method and path -> handler. The most specific matching pattern is used, in any order of add(). HEAD is answered by GET's
/// handler; an unknown path is NotFound, an unknown method 405 with Allow. Owner only.
class Router
{
public:
    using Handler = std::function<void(const HttpRequest &, Responder)>;

    void add(std::string method, std::string_view pattern, Handler handler);
    void get(std::string_view pattern, Handler handler) { add("GET", pattern, std::move(handler)); }
    void post(std::string_view pattern, Handler handler) { add("POST", pattern, std::move(handler)); }

    std::vector<std::string> routes() const; ///< "GET /api/{collection}", ..., sorted
    /// The methods that `path` knows, "GET, HEAD, OPTIONS, ..."; empty if there is no such path.
    std::string allowedMethods(const std::vector<std::string> &path) const;
    void handle(HttpRequest request, Responder responder) const;

private:
    struct Route
    {
        std::string method;
        PathPattern pattern;
        Handler handler;
    };
    const Route *find(std::string_view method, const std::vector<std::string> &path) const;
    std::vector<Route> m_routes;
};

} // namespace eventsync::server
