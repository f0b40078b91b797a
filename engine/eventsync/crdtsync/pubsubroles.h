// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/messages.h>
#include <eventsync/pubsub/pubsub.h>

#include <functional>
#include <memory>

namespace eventsync::crdtsync {

using MessageHandler = std::function<void(const Message &)>;
using BadMessageHandler = std::function<void(const Error &)>;

/// Sends messages to the other nodes of one document and receives theirs. Messages may be lost, repeated or late; a message
/// that cannot be read is reported and dropped.
class Channel
{
public:
    virtual ~Channel() = default;
    /// Handlers are called on the executor, until stop().
    virtual void start(Executor &executor, MessageHandler handler, BadMessageHandler bad,
                       std::function<void(pubsub::PubSub::Link)> link) = 0;
    virtual void stop() = 0;
    virtual void send(const Message &message) = 0;
};

/// Sends new patches to all nodes.
class Broadcaster : public Channel
{
};
/// Carries the exchange of states, and the patches requested in it.
class Syncer : public Channel
{
};

/// Uses one topic of a PubSub. Every program that may publish there may write the document: the broker's access control is that
/// of the document. Owner only; the hub must outlive it.
template<class Role>
class PubSubChannel : public Role
{
public:
    PubSubChannel(pubsub::PubSub &hub, std::string topic, EncodingFormat format)
        : m_hub(hub), m_topic(std::move(topic)), m_format(format)
    {
    }
    ~PubSubChannel() override { PubSubChannel::stop(); }

    void start(Executor &executor, MessageHandler handler, BadMessageHandler bad,
               std::function<void(pubsub::PubSub::Link)> link) override
    {
        m_executor = &executor;
        m_bad = bad;
        m_subscription = m_hub.subscribe(m_topic, executor, [handler, bad](const std::string &, const Bytes &bytes) {
            const auto message = decode(bytes);
            if (message)
                handler(*message);
            else
                bad(message.error());
        });
        m_link = m_hub.watchLink(executor, std::move(link));
    }
    void stop() override
    {
        m_subscription.reset();
        m_link.reset();
        m_executor = nullptr;
    }
    void send(const Message &message) override
    {
        if (m_executor)
            m_hub.publish(m_topic, encode(message, m_format), *m_executor, {});
    }

private:
    pubsub::PubSub &m_hub;
    std::string m_topic;
    EncodingFormat m_format;
    Executor *m_executor = nullptr;
    BadMessageHandler m_bad;
    pubsub::SubscriptionPtr m_subscription, m_link;
};

using PubSubBroadcaster = PubSubChannel<Broadcaster>;
using PubSubSyncer = PubSubChannel<Syncer>;

} // namespace eventsync::crdtsync
