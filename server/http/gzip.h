// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/httpmessage.h>

#include <optional>

namespace eventsync::server {

/// Accept-Encoding names gzip (or *) with q above 0.
bool acceptsGzip(const HttpRequest &request);
/// Worth the work: text of some kind, not coded yet.
bool isCompressible(const HttpResponse &response);
/// RFC 1952; nullopt if zlib has no memory.
std::optional<std::string> gzipped(std::string_view bytes);

} // namespace eventsync::server
