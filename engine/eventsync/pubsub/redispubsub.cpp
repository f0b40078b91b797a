// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/redispubsub.h>

#include <eventsync/pubsub/handlertarget_p.h>
#include <eventsync/pubsub/limits.h>
#include <eventsync/pubsub/redisthread_p.h>

#include <hiredis/hiredis.h>

#include <map>
#include <utility>

namespace eventsync::pubsub {

namespace {

bool isText(const redisReply &reply)
{
    return reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS;
}

} // namespace

// Used on the thread, except the two counters. The thread is the last member, so it ends before the others are destroyed.
struct RedisPubSub::Hub
{
    using Ready = std::function<void(Result<>)>;
    struct Topic
    {
        bool confirmed = false; // on the connection that is up now
        TargetList<Handler> targets;
        std::vector<std::pair<std::shared_ptr<HandlerTarget<Handler>>, Ready>> waiting;
    };
    struct Outgoing
    {
        std::string channel;
        Bytes message;
        Executor *executor;
        std::function<void(Result<>)> done;
    };

    Hub(Options wanted, const Clock &clock, Random &random)
        : options(std::move(wanted)),
          publisher(options.endpoint, options.timing, clock, random,
                    {[this] { upOrDown(); }, [this](const Error &) { firstTry = false, upOrDown(); }}),
          listener(options.endpoint, options.timing, clock, random,
                   {[this] { listenerUp(); }, [this](const Error &) { listenerDown(); },
                    [this](const redisReply &reply) { receive(reply); }}),
          thread(clock)
    {
        thread.post([this] {
            thread.add(&publisher);
            thread.add(&listener);
        });
    }

    void answer(const Outgoing &item, const Result<> &result)
    {
        waitingBytes -= item.message.size();
        waitingCount -= 1;
        if (item.done)
            item.executor->post([done = item.done, result] { done(result); });
    }

    void publish(Outgoing item)
    {
        if (!publisher.isUp()) {
            if (firstTry && !closing)
                early.push_back(std::move(item));
            else
                answer(item, failure(closing ? ErrorCode::ShuttingDown : ErrorCode::Unavailable, "no connection to Redis"));
            return;
        }
        const auto shared = std::make_shared<Outgoing>(std::move(item));
        publisher.command({"PUBLISH", shared->channel, shared->message}, [this, shared](const redisReply *reply) {
            if (!reply)
                answer(*shared, failure(closing ? ErrorCode::ShuttingDown : ErrorCode::Unavailable, "the connection to Redis broke"));
            else if (reply->type == REDIS_REPLY_ERROR)
                answer(*shared, failure(ErrorCode::Unavailable, "Redis: " + std::string(textOf(*reply))));
            else
                answer(*shared, {});
        });
    }

    void upOrDown()
    {
        if (publisher.isUp() || !firstTry) {
            for (Outgoing &item : std::exchange(early, {}))
                publish(std::move(item));
        }
        if (publisher.isUp())
            firstTry = false;
        bool up = publisher.isUp() && listener.isUp();
        for (const auto &[name, topic] : topics)
            up = up && topic.confirmed;
        if (up == isLinked)
            return;
        // A new topic on a working link is reported without Link::Down.
        if (!up && publisher.isUp() && listener.isUp() && isLinked)
            return;
        isLinked = up;
        dropEnded(watchers);
        for (const auto &watcher : watchers)
            watcher->post([up](const LinkHandler &handler) { handler(up ? Link::Up : Link::Down); });
    }

    void listenerUp()
    {
        for (const auto &[name, topic] : topics)
            listener.command({"SUBSCRIBE", options.prefix + name}, {});
        upOrDown();
    }

    void listenerDown()
    {
        for (auto &[name, topic] : topics)
            topic.confirmed = false;
        upOrDown();
    }

    void receive(const redisReply &reply)
    {
        if (reply.type != REDIS_REPLY_ARRAY || reply.elements < 3 || !isText(*reply.element[0]) || !isText(*reply.element[1]))
            return;
        const std::string_view kind = textOf(*reply.element[0]);
        const std::string name(textOf(*reply.element[1]).substr(std::min(options.prefix.size(), textOf(*reply.element[1]).size())));
        const auto found = topics.find(name);
        if (found == topics.end())
            return;
        Topic &topic = found->second;
        if (kind == "subscribe" && !topic.confirmed) {
            topic.confirmed = true;
            for (auto &[target, ready] : std::exchange(topic.waiting, {}))
                target->post([ready = std::move(ready)](const Handler &) { ready({}); });
            upOrDown();
        } else if (kind == "message" && isText(*reply.element[2]) && topic.confirmed) {
            const auto message = std::make_shared<const Bytes>(textOf(*reply.element[2]));
            for (const auto &target : topic.targets)
                target->post([name, message](const Handler &handler) { handler(name, *message); });
        }
    }

    void subscribe(const std::string &name, std::shared_ptr<HandlerTarget<Handler>> target, Ready ready)
    {
        const auto [found, isNew] = topics.try_emplace(name);
        Topic &topic = found->second;
        topic.targets.push_back(target);
        if (ready && topic.confirmed)
            target->post([ready = std::move(ready)](const Handler &) { ready({}); });
        else if (ready)
            topic.waiting.emplace_back(std::move(target), std::move(ready));
        if (isNew && listener.isUp())
            listener.command({"SUBSCRIBE", options.prefix + name}, {});
    }

    void tidy(const std::string &name)
    {
        const auto found = topics.find(name);
        if (found == topics.end())
            return;
        dropEnded(found->second.targets);
        std::erase_if(found->second.waiting, [](const auto &item) { return !item.first->isAlive(); });
        if (!found->second.targets.empty())
            return;
        topics.erase(found);
        if (listener.isUp())
            listener.command({"UNSUBSCRIBE", options.prefix + name}, {});
        upOrDown();
    }

    void close()
    {
        closing = true;
        firstTry = false;
        for (const Outgoing &item : std::exchange(early, {}))
            answer(item, failure(ErrorCode::ShuttingDown, "the connection is being closed"));
        thread.remove(&publisher);
        thread.remove(&listener);
        publisher.close();
        listener.close();
    }

    std::atomic<std::size_t> waitingBytes{0}, waitingCount{0};
    const Options options;
    bool firstTry = true, closing = false, isLinked = false;
    std::vector<Outgoing> early;
    std::map<std::string, Topic> topics;
    TargetList<LinkHandler> watchers;
    RedisConnection publisher, listener;
    RedisThread thread;
};

RedisPubSub::RedisPubSub(Options options, const Clock &clock, Random &random)
    : m_hub(std::make_shared<Hub>(std::move(options), clock, random))
{
}

RedisPubSub::~RedisPubSub()
{
    m_hub->thread.post([hub = m_hub.get()] { hub->close(); });
    m_hub->thread.end();
}

void RedisPubSub::publish(const std::string &topic, Bytes message, Executor &executor, std::function<void(Result<>)> done)
{
    const auto refuse = [&](ErrorCode code, std::string text) {
        if (done)
            executor.post([done, error = Error{code, std::move(text)}] { done(failure(error)); });
    };
    const std::size_t size = message.size();
    if (size > limits::kPubSubMessageBytes || topic.size() > limits::kPubSubTopicBytes)
        return refuse(ErrorCode::TooLarge, "a message of " + std::to_string(size) + " bytes");
    if (m_hub->waitingBytes.fetch_add(size) + size > limits::kPubSubQueueBytes ||
        m_hub->waitingCount.load() >= limits::kPubSubQueue) {
        m_hub->waitingBytes -= size;
        return refuse(ErrorCode::QueueFull, "too much waits for Redis");
    }
    m_hub->waitingCount += 1;
    m_hub->thread.post([hub = m_hub.get(), item = Hub::Outgoing{m_hub->options.prefix + topic, std::move(message), &executor,
                                                                std::move(done)}] { hub->publish(item); });
}

SubscriptionPtr RedisPubSub::subscribe(const std::string &topic, Executor &executor, Handler handler,
                                       std::function<void(Result<>)> ready)
{
    auto target = std::make_shared<HandlerTarget<Handler>>(executor, std::move(handler));
    if (topic.size() > limits::kPubSubTopicBytes) {
        if (ready) {
            target->post([ready = std::move(ready)](const Handler &) {
                ready(failure(ErrorCode::TooLarge, "the topic's name is too long"));
            });
        }
        return std::make_unique<TargetHold<Handler>>(std::move(target));
    }
    m_hub->thread.post([hub = m_hub.get(), topic, target, ready = std::move(ready)] { hub->subscribe(topic, target, ready); });
    return std::make_unique<TargetHold<Handler>>(std::move(target), [weak = std::weak_ptr(m_hub), topic] {
        if (const auto hub = weak.lock())
            hub->thread.post([hub = hub.get(), topic] { hub->tidy(topic); });
    });
}

SubscriptionPtr RedisPubSub::watchLink(Executor &executor, LinkHandler handler)
{
    auto target = std::make_shared<HandlerTarget<LinkHandler>>(executor, std::move(handler));
    m_hub->thread.post([hub = m_hub.get(), target] {
        hub->watchers.push_back(target);
        if (hub->isLinked)
            target->post([](const LinkHandler &observer) { observer(Link::Up); });
    });
    return std::make_unique<TargetHold<LinkHandler>>(std::move(target));
}

} // namespace eventsync::pubsub
