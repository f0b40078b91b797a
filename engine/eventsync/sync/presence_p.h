// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/eventbroker_p.h>

#include <chrono>
#include <map>

namespace eventsync::sync {

// The presence of the clients of each document. It is never stored; the newest message of a client counts; it ends when its
// sender has been silent for a while, unsubscribes or disconnects. At most one entry for each
// subscription, and for a connection and in all as many as limits::kConnectionPresenceBytes and kAllPresenceBytes hold. Owner only.
class Presence
{
public:
    struct Entry
    {
        SessionId session;
        json::Value state;
        std::chrono::milliseconds at{}; // ActiveTime
        std::size_t bytes = 0;          // held; set by show()
    };
    using Entries = std::map<ClientId, Entry>;

    Presence(const EventBroker &broker, Metrics *metrics);

    const Entries &of(const DocumentId &document) const;
    // QueueFull if it does not fit: then what was shown before stays.
    Result<> show(const DocumentId &document, const ClientId &client, Entry entry);
    void end(const DocumentId &document, const ClientId &client);
    void endOf(SessionId session, const DocumentId &document, const ClientId &client); // if the entry is of that session
    void endBefore(std::chrono::milliseconds at);                                      // entries that were shown then or earlier

private:
    void charge(SessionId session, std::size_t before, std::size_t now);

    const EventBroker &m_broker;
    Gauge *m_gauge = nullptr; // none without Metrics
    std::map<SessionId, std::size_t> m_bytes; // of each session that shows something
    std::size_t m_allBytes = 0;
    std::map<DocumentId, Entries> m_documents; // none of them empty
};

} // namespace eventsync::sync
