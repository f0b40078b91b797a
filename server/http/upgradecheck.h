// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>
#include <eventsync/transport/connection.h>

#include <server/http/originpolicy.h>

#include <optional>
#include <string>

namespace eventsync::server {

bool isUpgradeRequest(const HttpRequest &head); ///< GET with Upgrade: websocket

/// Whether an upgrade of /sync or /sync/{documentId} is accepted; otherwise the error, with the HTTP status.
struct UpgradeDecision
{
    std::optional<Error> error = {};
    int status = 0; ///< 0: the error's own
};
UpgradeDecision checkUpgrade(const HttpRequest &head, const OriginPolicy &origins, Reach reach);

/// The sub-protocol of an accepted upgrade: the first offered one that the server supports; none if none was offered.
std::optional<Codec> chosenCodec(const HttpRequest &head);
/// The answer that accepts the upgrade (RFC 6455 section 4.2.2), after which the socket carries frames.
std::string upgradeAnswer(const HttpRequest &head);

/// The information about its request for the connection.
transport::ConnectionInfo connectionInfo(const HttpRequest &head, transport::TransportKind kind);

} // namespace eventsync::server
