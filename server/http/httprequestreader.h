// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/transport/limits.h>

#include <server/http/httpmessage.h>
#include <server/limits.h>

#include <memory>
#include <string_view>

namespace eventsync::server {

/// How large a request may be, in bytes: 431 and 413 beyond it.
struct HttpReadLimits
{
    std::size_t headBytes = limits::kHttpHeadBytes;
    std::size_t bodyBytes = limits::kHttpBodyBytes;
};

/// Reads one HTTP/1.x request from bytes cut anywhere. Knows no socket. Any bytes lead to a request or to a named error:
/// InvalidMessage (400), TooLarge (413, a head 431), with the status in errorStatus(). Owner only.
class HttpRequestReader
{
public:
    explicit HttpRequestReader(HttpReadLimits limits = {});
    ~HttpRequestReader();
    HttpRequestReader(HttpRequestReader &&) noexcept;
    HttpRequestReader &operator=(HttpRequestReader &&) noexcept;

    /// `bytes` are all bytes that were not yet taken. Takes those of this request that can be read now, and returns how many. A
    /// call ends at the end of the head.
    Result<std::size_t> feed(std::string_view bytes);
    int errorStatus() const; ///< after an error

    bool hasHead() const;    ///< head() may be called
    bool isComplete() const; ///< takeRequest() may be called, once
    bool expectsContinue() const;
    const HttpRequest &head() const; ///< without the body
    HttpRequest takeRequest();

private:
    Result<> readHead();
    struct Parser;
    std::unique_ptr<Parser> m_parser;
};

} // namespace eventsync::server
