// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/notifications.h>
#include <eventsync/storage/backend.h>

#include <chrono>
#include <optional>
#include <vector>

namespace eventsync::client {

/// What one step of the core asks of its driver, in this order: commit `writes` as one local transaction; when that is durable
/// send `messages`, if the connection that was open at the step is still open, and drop them otherwise; announce
/// `notifications`. Steps may overlap as long as commits and sends keep their order.
struct Changes
{
    storage::Batch writes;
    std::vector<protocol::Message> messages;
    std::vector<Notification> notifications;
    /// Close the connection, for this reason. The next attempt to connect is not made before `retryAfter` (absent: the usual
    /// backoff), or not at all (`never`).
    struct Close
    {
        Error reason;
        std::optional<std::chrono::milliseconds> retryAfter = {};
        bool never = false;
    };
    std::optional<Close> close = {};
};

} // namespace eventsync::client
