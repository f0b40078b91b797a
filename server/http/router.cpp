// SPDX-License-Identifier: Apache-2.0
#include <server/http/router.h>

#include <eventsync/base/guard.h>

#include <server/problem.h>

#include <algorithm>

namespace eventsync::server {

PathPattern::PathPattern(std::string_view text) : m_text(text)
{
    if (text.starts_with('/'))
        text.remove_prefix(1);
    while (!text.empty()) {
        const auto end = text.find('/');
        const auto segment = text.substr(0, end);
        if (segment.starts_with('{') && segment.ends_with('}'))
            m_segments.push_back({true, std::string(segment.substr(1, segment.size() - 2))});
        else
            m_segments.push_back({false, std::string(segment)});
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
}

bool PathPattern::matches(const std::vector<std::string> &path) const
{
    return std::equal(m_segments.begin(), m_segments.end(), path.begin(), path.end(),
                      [](const Segment &segment, const std::string &text) {
                          return segment.isParameter ? !text.empty() : segment.text == text;
                      });
}

std::map<std::string, std::string, std::less<>> PathPattern::parameters(const std::vector<std::string> &path) const
{
    std::map<std::string, std::string, std::less<>> found;
    for (std::size_t i = 0; i < m_segments.size() && i < path.size(); ++i) {
        if (m_segments[i].isParameter)
            found.emplace(m_segments[i].text, path[i]);
    }
    return found;
}

bool PathPattern::isMoreSpecificThan(const PathPattern &other) const
{
    const std::size_t common = std::min(m_segments.size(), other.m_segments.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (m_segments[i].isParameter != other.m_segments[i].isParameter)
            return !m_segments[i].isParameter;
    }
    return false;
}

void Router::add(std::string method, std::string_view pattern, Handler handler)
{
    m_routes.push_back({std::move(method), PathPattern(pattern), std::move(handler)});
}

// A path belongs to the most specific pattern that matches it: "/api/stream" is not a collection for any method.
const Router::Route *Router::find(std::string_view method, const std::vector<std::string> &path) const
{
    const Route *best = nullptr;
    for (const Route &route : m_routes) {
        if (!route.pattern.matches(path))
            continue;
        if (!best || route.pattern.isMoreSpecificThan(best->pattern))
            best = &route;
        else if (best->method != method && route.method == method && !best->pattern.isMoreSpecificThan(route.pattern))
            best = &route;
    }
    return best;
}

std::vector<std::string> Router::routes() const
{
    std::vector<std::string> names;
    names.reserve(m_routes.size());
    for (const Route &route : m_routes)
        names.push_back(route.method + ' ' + route.pattern.text());
    std::sort(names.begin(), names.end());
    return names;
}

std::string Router::allowedMethods(const std::vector<std::string> &path) const
{
    const Route *best = find({}, path);
    if (!best)
        return {};
    std::vector<std::string> methods{"OPTIONS"};
    for (const Route &route : m_routes) {
        if (!route.pattern.matches(path) || best->pattern.isMoreSpecificThan(route.pattern))
            continue;
        methods.push_back(route.method);
        if (route.method == "GET")
            methods.emplace_back("HEAD");
    }
    std::sort(methods.begin(), methods.end());
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
    std::string list;
    for (const std::string &method : methods)
        list += (list.empty() ? "" : ", ") + method;
    return list;
}

void Router::handle(HttpRequest request, Responder responder) const
{
    const std::string_view method = request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
    const Route *route = find(method, request.path);
    if (!route) {
        responder.fail({ErrorCode::NotFound, "no such resource"});
        return;
    }
    if (route->method != method) {
        HttpResponse response = request.method == "OPTIONS"
            ? HttpResponse::empty()
            : problem({ErrorCode::UnknownMessage, "the resource does not know this method"}, {.status = 405});
        response.headers.add("Allow", allowedMethods(request.path));
        responder.respond(std::move(response));
        return;
    }
    request.parameters = route->pattern.parameters(request.path);
    if (const auto handled = guarded([&] { route->handler(request, responder); }); !handled)
        responder.fail(handled.error());
}

} // namespace eventsync::server
