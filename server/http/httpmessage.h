// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventsync::server {

/// Names compare without case; order and repetitions are kept. Value, owner only.
class HttpHeaders
{
public:
    using Field = std::pair<std::string, std::string>;

    HttpHeaders() = default;
    HttpHeaders(std::initializer_list<Field> fields) : m_fields(fields) {}

    std::string_view value(std::string_view name) const; ///< the first of that name, or empty
    bool has(std::string_view name) const;
    std::string joined(std::string_view name) const;     ///< all of that name, ", " between
    bool hasToken(std::string_view name, std::string_view token) const; ///< in a comma list, without case
    void add(std::string name, std::string value) { m_fields.emplace_back(std::move(name), std::move(value)); }
    void set(std::string_view name, std::string value);  ///< replaces all of that name
    void remove(std::string_view name);

    const std::vector<Field> &fields() const { return m_fields; }

private:
    std::vector<Field> m_fields;
};

bool equalsIgnoringCase(std::string_view a, std::string_view b); ///< ASCII

/// A whole request, checked: the path and the query are valid UTF-8, percent-decoded, without NUL.
struct HttpRequest
{
    using Query = std::vector<std::pair<std::string, std::string>>;

    std::string method;            ///< upper case, as on the wire
    std::string target;            ///< as on the wire
    std::vector<std::string> path; ///< decoded segments: {"api", "games", "g1"}; "/" is empty
    Query query;                   ///< decoded, in order; "+" is a space
    HttpHeaders headers;
    std::string body;
    bool isHttp11 = true;
    bool keepAlive = true;
    bool secure = false;
    std::string peer;              ///< "127.0.0.1:40312"
    std::map<std::string, std::string, std::less<>> parameters; ///< of the route's pattern: {"id", "g1"}

    std::string_view header(std::string_view name) const { return headers.value(name); }
    std::optional<std::string_view> queryValue(std::string_view name) const; ///< the first of that name
    std::string_view parameter(std::string_view name) const; ///< one the route's pattern has
    bool accepts(std::string_view mediaType) const;          ///< named in Accept (no wildcard), q not 0
};

/// An answer that is sent as a whole.
struct HttpResponse
{
    int status = 200;
    HttpHeaders headers; ///< Content-Length, Date, Connection and CORS are added when it is sent
    std::string body;
    std::optional<std::string> gzippedBody = {}; ///< the same body, where it was compressed already
    std::optional<ErrorCode> problem = {}; ///< of a problem document: its code

    static HttpResponse json(std::string body, int status = 200);
    static HttpResponse text(std::string body, int status = 200);
    static HttpResponse empty(int status = 204);
};

std::string_view reasonPhrase(int status);

/// Versions as entity tags: "17" in quotes, W/"17" of a representation that was compressed. The conditions of RFC 9110 section
/// 13 on them; a weak tag counts in both, because a version identifies the content (docs/decisions/0136).
std::string etagOf(std::int64_t version);
/// The condition of If-Match: nullopt without that header; "*" matches every existing document.
bool ifMatchFails(const HttpRequest &request, std::optional<std::int64_t> currentVersion);
bool ifNoneMatchHolds(const HttpRequest &request, std::int64_t currentVersion); ///< answer 304

/// Splits and decodes a request target; nullopt if a %-escape, the UTF-8 or a NUL is wrong.
struct HttpTarget
{
    std::vector<std::string> path;
    HttpRequest::Query query;
};
std::optional<HttpTarget> parseTarget(std::string_view target);

} // namespace eventsync::server
