// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/base/result.h>
#include <eventsync/base/timestamp.h>

#include <memory>
#include <optional>
#include <string>

namespace eventsync::sync {

/// The person or program that a connection acts for. Without authentication every connection has the anonymous principal.
struct Principal
{
    std::string name; ///< empty: anonymous
    std::optional<Timestamp> expires = {};
};

/// What a principal may do; Write includes Read.
enum class Access { None, Read, Write };

/// Authentication and rights. Called at `hello`, at `subscribe`, at each push and at fan-out (protocol rule 11) on the engine
/// thread, so an implementation must answer from memory. The default allows everything.
class AccessPolicy
{
public:
    virtual ~AccessPolicy() = default;
    /// Unauthenticated, TokenExpired.
    virtual Result<Principal> authenticate(const std::optional<std::string> &token, const ClientId &client) const = 0;
    virtual Access access(const Principal &principal, const std::optional<CollectionName> &collection,
                          const DocumentId &document) const = 0;
    virtual Access collectionAccess(const Principal &principal, const CollectionName &collection) const = 0;
};

std::shared_ptr<const AccessPolicy> allowAll();

} // namespace eventsync::sync
