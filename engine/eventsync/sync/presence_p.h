// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/eventbroker_p.h>

#include <chrono>
#include <map>

namespace eventsync::sync {

// The presence of the clients of each document. It is never stored; the newest message of a client counts; it ends when its
// sender has been silent for a while, unsubscribes or disconnects. At most one entry for each subscription. Owner only.
class Presence
{
public:
    struct Entry
    {
        SessionId session;
        json::Value state;
        std::chrono::milliseconds at{}; // ActiveTime
    };
    using Entries = std::map<ClientId, Entry>;

    explicit Presence(const EventBroker &broker) : m_broker(broker) {}

    const Entries &of(const DocumentId &document) const;
    void show(const DocumentId &document, const ClientId &client, Entry entry);
    void end(const DocumentId &document, const ClientId &client);
    void endOf(SessionId session, const DocumentId &document, const ClientId &client); // if the entry is of that session
    void endBefore(std::chrono::milliseconds at);                                      // entries that were shown then or earlier

private:
    const EventBroker &m_broker;
    std::map<DocumentId, Entries> m_documents; // none of them empty
};

} // namespace eventsync::sync
