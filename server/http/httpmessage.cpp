// SPDX-License-Identifier: Apache-2.0
#include <server/http/httpmessage.h>

#include <eventsync/base/bytes.h>

#include <algorithm>
#include <charconv>

namespace eventsync::server {

namespace {

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `use` with each trimmed, non-empty item between `separator`s until it returns true; says whether it did.
template<class Use>
bool anyItem(std::string_view list, char separator, const Use &use)
{
    while (!list.empty()) {
        const auto end = list.find(separator);
        const auto item = trimmed(list.substr(0, end));
        if (!item.empty() && use(item))
            return true;
        list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    }
    return false;
}

int hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum class Plus { IsPlus, IsSpace };

std::optional<std::string> percentDecoded(std::string_view text, Plus plus)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
            const int low = high >= 0 ? hexDigit(text[i + 2]) : -1;
            if (low < 0)
                return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus == Plus::IsSpace) {
            c = ' ';
        }
        if (c == '\0')
            return std::nullopt;
        out.push_back(c);
    }
    if (!isValidUtf8(out))
        return std::nullopt;
    return out;
}

// Suffixes that intermediaries append to the tag of a representation that they have compressed.
constexpr std::string_view kCodingSuffixes[] = {"-gzip", "-br", "-zstd"};

// The version that an entity tag names. EventSync's tags name the version of a document, in every representation: a tag that an
// intermediary has weakened or extended because it compressed the answer names the same version.
std::optional<std::int64_t> versionOf(std::string_view tag)
{
    if (tag.starts_with("W/"))
        tag.remove_prefix(2);
    if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"')
        return std::nullopt;
    std::int64_t version = 0;
    const char *last = tag.data() + tag.size() - 1;
    const auto [end, error] = std::from_chars(tag.data() + 1, last, version);
    const std::string_view rest(end, static_cast<std::size_t>(last - end));
    if (error != std::errc() || (!rest.empty() && std::ranges::find(kCodingSuffixes, rest) == std::end(kCodingSuffixes)))
        return std::nullopt;
    return version;
}

} // namespace

bool equalsIgnoringCase(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpHeaders::value(std::string_view name) const
{
    for (const auto &[key, text] : m_fields) {
        if (equalsIgnoringCase(key, name))
            return text;
    }
    return {};
}

bool HttpHeaders::has(std::string_view name) const
{
    return std::any_of(m_fields.begin(), m_fields.end(),
                       [&](const Field &field) { return equalsIgnoringCase(field.first, name); });
}

std::string HttpHeaders::joined(std::string_view name) const
{
    std::string all;
    for (const auto &[key, text] : m_fields) {
        if (!equalsIgnoringCase(key, name))
            continue;
        if (!all.empty())
            all += ", ";
        all += text;
    }
    return all;
}

bool HttpHeaders::hasToken(std::string_view name, std::string_view token) const
{
    return anyItem(joined(name), ',', [&](std::string_view item) { return equalsIgnoringCase(item, token); });
}

void HttpHeaders::remove(std::string_view name)
{
    std::erase_if(m_fields, [&](const Field &field) { return equalsIgnoringCase(field.first, name); });
}

void HttpHeaders::set(std::string_view name, std::string value)
{
    remove(name);
    add(std::string(name), std::move(value));
}

std::optional<std::string_view> HttpRequest::queryValue(std::string_view name) const
{
    for (const auto &[key, text] : query) {
        if (key == name)
            return text;
    }
    return std::nullopt;
}

std::string_view HttpRequest::parameter(std::string_view name) const
{
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

bool HttpRequest::accepts(std::string_view mediaType) const
{
    return anyItem(headers.joined("Accept"), ',', [&](std::string_view item) {
        const auto semicolon = item.find(';');
        if (!equalsIgnoringCase(trimmed(item.substr(0, semicolon)), mediaType))
            return false;
        return semicolon == std::string_view::npos
               || !anyItem(item.substr(semicolon + 1), ';', [](std::string_view parameter) {
                      return parameter == "q=0" || (parameter.starts_with("q=0.") && parameter.find_first_not_of("0", 4) == std::string_view::npos);
                  });
    });
}

HttpResponse HttpResponse::json(std::string body, int status)
{
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

HttpResponse HttpResponse::text(std::string body, int status)
{
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

HttpResponse HttpResponse::empty(int status)
{
    return {status, {}, {}};
}

std::string_view reasonPhrase(int status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
    }
}

std::string etagOf(std::int64_t version)
{
    return '"' + std::to_string(version) + '"';
}

bool ifMatchFails(const HttpRequest &request, std::optional<std::int64_t> currentVersion)
{
    if (!request.headers.has("If-Match"))
        return false;
    return !anyItem(request.headers.joined("If-Match"), ',', [&](std::string_view tag) {
        return currentVersion && (tag == "*" || versionOf(tag) == currentVersion);
    });
}

bool ifNoneMatchHolds(const HttpRequest &request, std::int64_t currentVersion)
{
    return anyItem(request.headers.joined("If-None-Match"), ',', [&](std::string_view tag) {
        return tag == "*" || versionOf(tag) == currentVersion;
    });
}

std::optional<HttpTarget> parseTarget(std::string_view target)
{
    HttpTarget parsed;
    const auto question = target.find('?');
    std::string_view path = target.substr(0, question);
    if (!path.starts_with('/'))
        return std::nullopt;
    path.remove_prefix(1);
    while (!path.empty()) {
        const auto end = path.find('/');
        auto segment = percentDecoded(path.substr(0, end), Plus::IsPlus);
        if (!segment)
            return std::nullopt;
        parsed.path.push_back(std::move(*segment));
        if (end == std::string_view::npos)
            break;
        path.remove_prefix(end + 1);
        if (path.empty())
            parsed.path.emplace_back(); // "/a/" is not "/a"
    }
    std::string_view query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto item = query.substr(0, end);
        if (!item.empty()) {
            const auto equals = item.find('=');
            auto name = percentDecoded(item.substr(0, equals), Plus::IsSpace);
            auto text = percentDecoded(equals == std::string_view::npos ? "" : item.substr(equals + 1), Plus::IsSpace);
            if (!name || !text)
                return std::nullopt;
            parsed.query.emplace_back(std::move(*name), std::move(*text));
        }
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    }
    return parsed;
}

} // namespace eventsync::server
