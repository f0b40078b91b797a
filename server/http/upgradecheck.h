// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>
#include <eventsync/transport/connection.h>

#include <server/http/originpolicy.h>

#include <optional>
#include <vector>

namespace eventsync::server {

bool isUpgradeRequest(const HttpRequest &head); // GET with Upgrade: websocket

// Whether /sync or /sync/{documentId} may be upgraded as asked; otherwise why not, with the HTTP status.
struct UpgradeVerdict
{
    std::optional<Error> error = {};
    int status = 0; // 0: the error's own
};
UpgradeVerdict checkUpgrade(const HttpRequest &head, const OriginPolicy &origins);

// What the connection will know of its request.
transport::ConnectionInfo connectionInfo(const HttpRequest &head, transport::TransportKind kind);

} // namespace eventsync::server
