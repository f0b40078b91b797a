// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/synccontext_p.h>

#include <memory>

namespace eventsync::sync {

class Subscription;

// The unanswered pushes of one connection: it hands them to the engine, bounded in events per document and in bytes, and
// acknowledges them. An accepted push is processed even if the connection ends, unless a newer connection of its client id
// replaces it. Owner only.
class Pushes
{
public:
    Pushes(Session &session, SyncContext &context);

    // `subscription` is that of the pushed document; null: the peer is not subscribed to it.
    void take(const protocol::Push &push, const std::shared_ptr<Subscription> &subscription);
    std::shared_ptr<eventlog::PushOrigin> origin() const { return m_origin; }

private:
    struct Origin : eventlog::PushOrigin
    {
        std::size_t waitingBytes = 0;
    };
    class Charge;
    bool isFull(std::size_t bytes) const;
    void submit(const protocol::Push &push, std::size_t bytes);
    void answered(const protocol::Push &push, const Result<eventlog::Answer> &answer);

    Session &m_session; // answers arrive only while the session exists
    SyncContext &m_context;
    const std::shared_ptr<Origin> m_origin = std::make_shared<Origin>();
};

} // namespace eventsync::sync
