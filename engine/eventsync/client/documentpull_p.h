// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentpush_p.h>
#include <eventsync/client/pullstate_p.h>

namespace eventsync::client {

// What the log brings to one document: its subscription, events, snapshots, and the message that they were all (docs/protocol.md,
// rules 2, 3, 6 and 8). Owner only.
class DocumentPull
{
public:
    DocumentPull(DocumentParts &document, EntryFates &fates, CrdtIdRewriter &rewriter, DocumentPush &push)
        : m_doc(document), m_fates(fates), m_rewriter(rewriter), m_push(push) {}

    PullState state() const { return m_state; }
    bool isSubscribed() const { return client::isSubscribed(m_state); }
    void subscribe();
    void disconnected();                       // or unsubscribed
    void mayAskAgain() { enter(PullEvent::MayAskAgain); } // what refused the subscription may be over
    void tick();

    void onEvents(const protocol::Events &message);
    void onSnapshot(const protocol::Snapshot &message);
    void onDiverged(const protocol::Diverged &message);
    void onSynced(const protocol::Synced &message);
    void onRevoked(const protocol::Revoked &message);
    void onError(const Error &error, std::optional<std::chrono::milliseconds> retryAfter); // the subscription is refused

private:
    struct Incoming
    {
        EventPtr event;
        Bytes canonical;
        Digest chain;
    };

    void enter(PullEvent event);
    std::vector<protocol::PendingId> pendingIds() const;
    std::vector<Incoming> incoming(const protocol::Events &message, bool &gap) const;
    Result<> applyEvent(Incoming incoming);
    bool isOwn(const Event &event, const EntryFates::Settled &settled);
    void usePolicy(const std::optional<CollectionPolicy> &policy);
    bool isOtherIncarnation(const DocumentState &state) const;
    std::optional<json::Footprint> differenceTo(const DocumentState &state);
    void installSnapshot(const protocol::Snapshot &message, DocumentState state);
    void repair(Error why);

    DocumentParts &m_doc;
    EntryFates &m_fates;
    CrdtIdRewriter &m_rewriter;
    DocumentPush &m_push;
    PullState m_state = PullState::Unsubscribed;
    int m_repairs = 0;                         // subscriptions in a row that did not lead to the server's position
    ServerSeq m_cursorSent;
};

} // namespace eventsync::client
