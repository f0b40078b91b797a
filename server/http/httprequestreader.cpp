// SPDX-License-Identifier: Apache-2.0
#include <server/http/httprequestreader.h>

#include <eventsync/base/assert.h>

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <exception>

namespace eventsync::server {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// Beast's string_body reserves the memory of Content-Length before any byte has arrived. This one grows with the received
// bytes.
struct GrowingBody
{
    using value_type = std::string;

    class reader
    {
    public:
        template<bool isRequest, class Fields>
        reader(http::header<isRequest, Fields> &, value_type &body) : m_body(body)
        {
        }
        void init(const boost::optional<std::uint64_t> &, beast::error_code &error) { error = {}; }
        template<class Buffers>
        std::size_t put(const Buffers &buffers, beast::error_code &error)
        {
            error = {};
            std::size_t taken = 0;
            for (const boost::asio::const_buffer buffer : beast::buffers_range_ref(buffers)) {
                m_body.append(static_cast<const char *>(buffer.data()), buffer.size());
                taken += buffer.size();
            }
            return taken;
        }
        void finish(beast::error_code &error) { error = {}; }

    private:
        value_type &m_body;
    };
};

std::string toString(beast::string_view text)
{
    return std::string(text.data(), text.size());
}

} // namespace

struct HttpRequestReader::Parser
{
    explicit Parser(HttpReadLimits given) : limits(given)
    {
        // Beast's limit of the head depends on how it arrives in pieces, so it is set high and feed() counts.
        parser.header_limit(static_cast<std::uint32_t>(2 * limits.headBytes));
        parser.body_limit(limits.bodyBytes);
    }

    tl::unexpected<Error> fail(int httpStatus, ErrorCode code, std::string message)
    {
        status = httpStatus;
        return failure(code, std::move(message));
    }

    tl::unexpected<Error> fail(const beast::error_code &error)
    {
        if (error == http::error::header_limit)
            return headTooLong();
        if (error == http::error::body_limit)
            return fail(413, ErrorCode::TooLarge, "the body is longer than " + std::to_string(limits.bodyBytes) + " bytes");
        if (error == http::error::bad_version)
            return fail(505, ErrorCode::InvalidMessage, "HTTP/1.1 is spoken here");
        return fail(400, ErrorCode::InvalidMessage, error.message());
    }

    tl::unexpected<Error> headTooLong()
    {
        return fail(431, ErrorCode::TooLarge, "the head is longer than " + std::to_string(limits.headBytes) + " bytes");
    }

    HttpReadLimits limits;
    http::request_parser<GrowingBody> parser;
    HttpRequest request; // its head, once it is read
    std::size_t headTaken = 0; // bytes of the head so far
    bool hasHead = false;
    bool failed = false;
    int status = 0;
};

HttpRequestReader::HttpRequestReader(HttpReadLimits limits) : m_parser(std::make_unique<Parser>(limits)) {}
HttpRequestReader::~HttpRequestReader() = default;
HttpRequestReader::HttpRequestReader(HttpRequestReader &&) noexcept = default;
HttpRequestReader &HttpRequestReader::operator=(HttpRequestReader &&) noexcept = default;

Result<std::size_t> HttpRequestReader::feed(std::string_view bytes)
{
    Parser &p = *m_parser;
    EVENTSYNC_ASSERT(!p.failed);
    if (bytes.empty() || isComplete())
        return std::size_t(0);
    std::size_t taken = 0;
    beast::error_code error;
    try {
        taken = p.parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    } catch (const std::exception &exception) {
        p.failed = true;
        return p.fail(413, ErrorCode::TooLarge, exception.what());
    }
    if (error && error != http::error::need_more) {
        p.failed = true;
        return p.fail(error);
    }
    if (!p.hasHead) { // until its end is found, all received bytes are head; the parser stops at its end
        p.headTaken += taken;
        if (p.headTaken + (p.parser.is_header_done() ? 0 : bytes.size() - taken) > p.limits.headBytes) {
            p.failed = true;
            return p.headTooLong();
        }
    }
    if (!p.hasHead && p.parser.is_header_done()) {
        if (auto head = readHead(); !head) {
            p.failed = true;
            return failure(head.error());
        }
        p.hasHead = true;
    }
    return taken;
}

// Takes the parsed head, and checks what Beast does not: one Host, a target that can be decoded, one transfer coding.
Result<> HttpRequestReader::readHead()
{
    Parser &p = *m_parser;
    const auto &message = p.parser.get();
    HttpRequest &request = p.request;
    request.method = toString(message.method_string());
    request.target = toString(message.target());
    request.isHttp11 = message.version() >= 11;
    request.keepAlive = p.parser.keep_alive();
    for (const auto &field : message)
        request.headers.add(toString(field.name_string()), toString(field.value()));

    const auto hosts = std::count_if(request.headers.fields().begin(), request.headers.fields().end(),
                                     [](const auto &field) { return equalsIgnoringCase(field.first, "Host"); });
    if (hosts > 1 || (hosts == 0 && request.isHttp11))
        return p.fail(400, ErrorCode::InvalidMessage, "a request names one Host");
    if (request.headers.has("Transfer-Encoding")
        && (!equalsIgnoringCase(request.headers.joined("Transfer-Encoding"), "chunked") || !request.isHttp11))
        return p.fail(400, ErrorCode::InvalidMessage, "the only transfer coding is chunked");
    if (const auto coding = request.header("Content-Encoding"); !coding.empty() && !equalsIgnoringCase(coding, "identity"))
        return p.fail(415, ErrorCode::InvalidMessage, "bodies are sent without content coding");
    if (const auto expect = request.header("Expect"); !expect.empty() && !equalsIgnoringCase(expect, "100-continue"))
        return p.fail(417, ErrorCode::InvalidMessage, "the only expectation is 100-continue");

    std::string_view target = request.target;
    if (target == "*" && request.method == "OPTIONS")
        return {};
    for (const std::string_view scheme : {"http://", "https://"}) { // the form for requests to proxies
        if (target.size() > scheme.size() && equalsIgnoringCase(target.substr(0, scheme.size()), scheme)) {
            const auto path = target.find_first_of("/?", scheme.size());
            target = path == std::string_view::npos ? "/" : target.substr(path);
        }
    }
    auto parsed = parseTarget(target);
    if (!parsed)
        return p.fail(400, ErrorCode::InvalidMessage, "the request target is not a path");
    request.path = std::move(parsed->path);
    request.query = std::move(parsed->query);
    return {};
}

int HttpRequestReader::errorStatus() const
{
    return m_parser->status;
}

bool HttpRequestReader::hasHead() const
{
    return m_parser->hasHead;
}

bool HttpRequestReader::isComplete() const
{
    return m_parser->hasHead && m_parser->parser.is_done();
}

bool HttpRequestReader::expectsContinue() const
{
    return hasHead() && !isComplete() && m_parser->request.isHttp11 && m_parser->request.headers.has("Expect");
}

const HttpRequest &HttpRequestReader::head() const
{
    EVENTSYNC_ASSERT(hasHead());
    return m_parser->request;
}

HttpRequest HttpRequestReader::takeRequest()
{
    EVENTSYNC_ASSERT(isComplete());
    m_parser->request.body = std::move(m_parser->parser.get().body());
    return std::move(m_parser->request);
}

} // namespace eventsync::server
