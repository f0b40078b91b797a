// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/pubsub/pubsub.h>

#include <functional>
#include <optional>
#include <string>

namespace eventsync::sync {

// The other nodes over one store: what this one commits is announced to them, and what they commit is read from the log. Such a
// hint carries no event: it may be lost, repeated or late; the heads are polled as well. Owner only; the PubSub outlives it.
class OtherNodes
{
public:
    struct Hint
    {
        DocumentId document;
        CollectionName collection;
        ServerSeq head;
        std::int64_t number = 0; // the document's, so that no other gets it
    };
    struct Calls
    {
        std::function<bool(const DocumentId &)> isSubscribed;          // a document's events are wanted here
        std::function<bool(const CollectionName &)> isWatched;         // ... or its head is
        std::function<void(const eventlog::DocumentPtr &)> headChanged;
    };

    OtherNodes(eventlog::DocumentEngine &engine, Calls calls) : m_engine(engine), m_calls(std::move(calls)) {}

    void join(pubsub::PubSub &pubsub, std::string node);
    bool hasJoined() const { return m_pubsub != nullptr; }
    void announce(const eventlog::DocumentPtr &document, const eventlog::LoggedPtr &last);
    void poll(); // the heads of all documents that are wanted here, as they stand in the log

private:
    void hinted(const Hint &hint);
    void refresh(const eventlog::DocumentPtr &document, ServerSeq head); // reads it again if it stands before `head`

    eventlog::DocumentEngine &m_engine;
    const Calls m_calls;
    pubsub::PubSub *m_pubsub = nullptr;
    std::string m_node;
    pubsub::SubscriptionPtr m_hints, m_link;
    bool m_polling = false;
};

} // namespace eventsync::sync
