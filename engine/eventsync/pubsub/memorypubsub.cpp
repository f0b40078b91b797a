// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/memorypubsub.h>

#include <eventsync/base/guard.h>
#include <eventsync/pubsub/logging_p.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

namespace eventsync::pubsub {

namespace {

// A handler that can be ended while calls of it are already posted.
template<class Handler>
struct Target
{
    Executor &executor;
    Handler handler;
    std::atomic<bool> alive{true};
};

template<class Handler>
class Hold final : public SubscriptionHandle
{
public:
    explicit Hold(std::shared_ptr<Target<Handler>> target) : m_target(std::move(target)) {}
    ~Hold() override { m_target->alive = false; }

private:
    std::shared_ptr<Target<Handler>> m_target;
};

template<class Handler>
std::shared_ptr<Target<Handler>> makeTarget(Executor &executor, Handler handler)
{
    return std::shared_ptr<Target<Handler>>(new Target<Handler>{executor, std::move(handler), {true}});
}

template<class Handler>
void dropDead(std::vector<std::shared_ptr<Target<Handler>>> &targets)
{
    std::erase_if(targets, [](const auto &target) { return !target->alive; });
}

} // namespace

struct MemoryPubSub::Hub
{
    std::mutex mutex;
    std::map<std::string, std::vector<std::shared_ptr<Target<Handler>>>> topics;
};

MemoryPubSub::MemoryPubSub() : m_hub(std::make_shared<Hub>()) {}
MemoryPubSub::~MemoryPubSub() = default;

void MemoryPubSub::publish(const std::string &topic, Bytes message, Executor &executor, std::function<void(Result<>)> done)
{
    const auto shared = std::make_shared<const Bytes>(std::move(message));
    {
        const std::lock_guard lock(m_hub->mutex);
        const auto found = m_hub->topics.find(topic);
        if (found != m_hub->topics.end()) {
            dropDead(found->second);
            for (const auto &target : found->second) {
                target->executor.post([target, topic, shared] {
                    if (target->alive)
                        callListener(lcPubSub(), "a message handler", target->handler, topic, *shared);
                });
            }
            if (found->second.empty())
                m_hub->topics.erase(found);
        }
    }
    if (done)
        executor.post([done = std::move(done)] { done({}); });
}

SubscriptionPtr MemoryPubSub::subscribe(const std::string &topic, Executor &executor, Handler handler,
                                        std::function<void(Result<>)> ready)
{
    auto target = makeTarget<Handler>(executor, std::move(handler));
    {
        const std::lock_guard lock(m_hub->mutex);
        auto &targets = m_hub->topics[topic];
        dropDead(targets);
        targets.push_back(target);
    }
    if (ready) {
        executor.post([target, ready = std::move(ready)] {
            if (target->alive)
                ready({});
        });
    }
    return std::make_unique<Hold<Handler>>(std::move(target));
}

SubscriptionPtr MemoryPubSub::watchLink(Executor &executor, LinkHandler handler)
{
    auto target = makeTarget<LinkHandler>(executor, std::move(handler));
    executor.post([target] {
        if (target->alive)
            callListener(lcPubSub(), "a link handler", target->handler, Link::Up);
    });
    return std::make_unique<Hold<LinkHandler>>(std::move(target));
}

class MemoryPeerDiscovery::Directory
{
public:
    std::mutex mutex;
    std::map<std::string, Peer> nodes;
    struct Watcher
    {
        std::string self;
        std::shared_ptr<Target<Handler>> target;
    };
    std::vector<Watcher> watchers;

    std::vector<Peer> others(const std::string &self) const
    {
        std::vector<Peer> list;
        for (const auto &[id, peer] : nodes) {
            if (id != self)
                list.push_back(peer);
        }
        return list;
    }
    void notify()
    {
        std::erase_if(watchers, [](const Watcher &watcher) { return !watcher.target->alive; });
        for (const Watcher &watcher : watchers) {
            watcher.target->executor.post([target = watcher.target, list = others(watcher.self)] {
                if (target->alive)
                    callListener(lcPubSub(), "a peer handler", target->handler, list);
            });
        }
    }
};

std::shared_ptr<MemoryPeerDiscovery::Directory> MemoryPeerDiscovery::makeDirectory()
{
    return std::make_shared<Directory>();
}

MemoryPeerDiscovery::MemoryPeerDiscovery(std::shared_ptr<Directory> directory, Peer self)
    : m_directory(std::move(directory)), m_self(std::move(self))
{
}

MemoryPeerDiscovery::~MemoryPeerDiscovery()
{
    stop();
}

Result<> MemoryPeerDiscovery::start()
{
    const std::lock_guard lock(m_directory->mutex);
    if (m_started)
        return {};
    if (!m_directory->nodes.emplace(m_self.nodeId, m_self).second)
        return failure(ErrorCode::Conflict, "a node with the id '" + m_self.nodeId + "' is there already");
    m_started = true;
    m_directory->notify();
    return {};
}

void MemoryPeerDiscovery::stop()
{
    const std::lock_guard lock(m_directory->mutex);
    if (!m_started)
        return;
    m_started = false;
    m_directory->nodes.erase(m_self.nodeId);
    m_directory->notify();
}

std::vector<Peer> MemoryPeerDiscovery::peers() const
{
    const std::lock_guard lock(m_directory->mutex);
    return m_directory->others(m_self.nodeId);
}

SubscriptionPtr MemoryPeerDiscovery::watch(Executor &executor, Handler handler)
{
    auto target = makeTarget<Handler>(executor, std::move(handler));
    const std::lock_guard lock(m_directory->mutex);
    m_directory->watchers.push_back({m_self.nodeId, target});
    executor.post([target, list = m_directory->others(m_self.nodeId)] {
        if (target->alive)
            callListener(lcPubSub(), "a peer handler", target->handler, list);
    });
    return std::make_unique<Hold<Handler>>(std::move(target));
}

} // namespace eventsync::pubsub
