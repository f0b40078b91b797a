// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/notifications.h>
#include <eventsync/storage/backend.h>

#include <chrono>
#include <optional>
#include <vector>

namespace eventsync::client {

/// What one step of the core asks of its driver, in this order: commit `writes` as one local transaction; when that is
/// durable send `messages` on the connection that is open then being the one that was open at the step (else drop them);
/// announce `notifications`. Steps may overlap as long as commits and sends keep their order.
struct Changes
{
    storage::Batch writes;
    std::vector<protocol::Message> messages;
    std::vector<Notification> notifications;
    /// Leave the connection: why, and no sooner back than after `retryAfter` (absent: the usual backoff; never: stay away).
    struct Close
    {
        Error reason;
        std::optional<std::chrono::milliseconds> retryAfter = {};
        bool never = false;
    };
    std::optional<Close> close = {};
};

} // namespace eventsync::client
