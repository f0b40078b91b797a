// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/pubsub/pubsub.h>

#include <functional>
#include <optional>
#include <string>

namespace eventsync::sync {

// The other nodes that use the same store: commits of this node are announced to them, and their commits are read from the log.
// A hint contains no event and may be lost, repeated or late; the heads are polled as well. Owner only; the PubSub must outlive
// it.
class OtherNodes
{
public:
    struct Hint
    {
        DocumentId document;
        CollectionName collection;
        ServerSeq head;
        std::int64_t number = 0; // the number of the document, so that no other document gets it
    };
    struct Calls
    {
        std::function<bool(const DocumentId &)> isSubscribed;          // a document has subscribers on this node
        std::function<bool(const CollectionName &)> isWatched;         // a collection has watches on this node
        std::function<void(const eventlog::DocumentPtr &)> headChanged;
    };

    OtherNodes(eventlog::DocumentEngine &engine, Calls calls) : m_engine(engine), m_calls(std::move(calls)) {}

    void join(pubsub::PubSub &pubsub, std::string node);
    bool hasJoined() const { return m_pubsub != nullptr; }
    void announce(const eventlog::DocumentPtr &document, const eventlog::LoggedPtr &last);
    void poll(); // reads the heads of all documents with subscribers or watches on this node

private:
    void hinted(const Hint &hint);
    void refresh(const eventlog::DocumentPtr &document, ServerSeq head); // reads the document again if it is behind `head`

    eventlog::DocumentEngine &m_engine;
    const Calls m_calls;
    pubsub::PubSub *m_pubsub = nullptr;
    std::string m_node;
    pubsub::SubscriptionPtr m_hints, m_link;
    bool m_polling = false;
};

} // namespace eventsync::sync
