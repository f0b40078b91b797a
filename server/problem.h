// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>
#include <eventsync/transport/connection.h>

#include <server/http/httpmessage.h>

#include <chrono>

namespace eventsync::server {

/// The HTTP status and the WebSocket close code of an ErrorCode (protocol.md, Errors). Any thread.
int httpStatus(ErrorCode code);
transport::CloseCode closeCode(ErrorCode code); ///< of an error that closes its connection

/// RFC 9457: {"type": "urn:eventsync:error:<Code>", "title", "status", "code", "detail"?, "pointer"?},
/// application/problem+json. `status` 0 stands for httpStatus(error.code). Retry-After, in whole seconds, rounded up, if
/// retryAfter is given or the code is transient.
struct ProblemOptions
{
    int status = 0;
    std::chrono::milliseconds retryAfter{0};
};
HttpResponse problem(const Error &error, ProblemOptions options = {});

} // namespace eventsync::server
