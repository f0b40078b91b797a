// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>
#include <eventsync/transport/connection.h>

#include <server/http/originpolicy.h>

#include <optional>
#include <string>

namespace eventsync::server {

bool isUpgradeRequest(const HttpRequest &head); ///< GET with Upgrade: websocket

/// Whether /sync or /sync/{documentId} may be upgraded as asked; otherwise why not, with the HTTP status.
struct UpgradeDecision
{
    std::optional<Error> error = {};
    int status = 0; ///< 0: the error's own
};
UpgradeDecision checkUpgrade(const HttpRequest &head, const OriginPolicy &origins, Reach reach);

/// The sub-protocol of an upgrade that may be made: the first one offered that is spoken here; none was offered otherwise.
std::optional<Codec> chosenCodec(const HttpRequest &head);
/// The answer that makes the upgrade (RFC 6455 section 4.2.2), after which the socket carries frames.
std::string upgradeAnswer(const HttpRequest &head);

/// What the connection will know of its request.
transport::ConnectionInfo connectionInfo(const HttpRequest &head, transport::TransportKind kind);

} // namespace eventsync::server
