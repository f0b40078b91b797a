// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/entryfates_p.h>
#include <eventsync/client/pushstate_p.h>

namespace eventsync::client {

// What goes out of one document, and what the server answers (docs/protocol.md, rules 3 to 5 and 7). Owner only.
class DocumentPush
{
public:
    DocumentPush(DocumentParts &document, EntryFates &fates) : m_doc(document), m_fates(fates) {}

    void enter(PushEvent event) { m_state = next(m_state, event); }
    void sendPending();                        // as much as flow control permits
    bool hasToSend() const;                    // something is in flight, or would be if the document were synced
    void deadLetterTooLarge();                 // what was made before this server said how much it takes
    void onAck(const protocol::Ack &message);
    void onUnreadable(const Error &error);     // a message about the document was refused as a whole

private:
    bool maySend() const;
    void send(std::vector<EventPtr> events);
    void accepted(Entry &entry, const protocol::AckResult &result);
    void refused(Entry &entry, const protocol::AckResult &result);

    DocumentParts &m_doc;
    EntryFates &m_fates;
    PushState m_state = PushState::Closed;
};

} // namespace eventsync::client
