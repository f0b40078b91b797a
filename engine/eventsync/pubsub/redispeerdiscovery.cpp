// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/redispeerdiscovery.h>

#include <eventsync/base/limits.h>
#include <eventsync/pubsub/handlertarget_p.h>
#include <eventsync/pubsub/limits.h>
#include <eventsync/pubsub/redisthread_p.h>

#include <hiredis/hiredis.h>

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <utility>

namespace eventsync::pubsub {

namespace {

// KEYS: ids by the time at which they are removed; id -> token and address. ARGV: id, token, address, keep (ms), most. Answers
// a flat list of ids and addresses, or 0 if another node has the id.
constexpr std::string_view kAnnounce = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local silent = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
for _, id in ipairs(silent) do
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
end
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known and string.sub(known, 1, #ARGV[2]) ~= ARGV[2] then
    return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4] * 2)
redis.call('PEXPIRE', KEYS[2], ARGV[4] * 2)
local list = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[5] - 1)) do
    list[#list + 1] = id
    list[#list + 1] = string.sub(redis.call('HGET', KEYS[2], id) or '', #ARGV[2] + 1)
end
return list
)";

constexpr std::string_view kGoodbye = R"(
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known and string.sub(known, 1, #ARGV[2]) == ARGV[2] then
    redis.call('ZREM', KEYS[1], ARGV[1])
    redis.call('HDEL', KEYS[2], ARGV[1])
end
return 1
)";

// All replies' tokens have one length, so that the script can cut them off.
std::string newToken(Random &random)
{
    Bytes raw;
    for (int i = 0; i < 2; ++i) {
        std::uint64_t number = random.next();
        for (int byte = 0; byte < 8; ++byte, number >>= 8)
            raw.push_back(static_cast<char>(number & 0xFF));
    }
    return toHex(raw);
}

} // namespace

struct RedisPeerDiscovery::Group
{
    Group(Options wanted, const Clock &clockToUse, Random &randomToUse)
        : options(std::move(wanted)), clock(clockToUse), random(randomToUse), token(newToken(random)),
          names(keysOf(options.group)), thread(clock)
    {
    }
    void connect()
    {
        connection = std::make_unique<RedisConnection>(
            options.endpoint, options.timing, clock, random,
            RedisConnection::Handlers{[this] { announce(); }, [this](const Error &) { answered({}); }});
        thread.add(connection.get());
    }
    void disconnect()
    {
        thread.wakeAt(std::chrono::milliseconds::max(), {});
        thread.remove(connection.get());
        connection.reset();
        show({});
    }
    static std::pair<std::string, std::string> keysOf(const std::string &group)
    {
        // The braces keep both keys on one node of a cluster.
        return {"eventsync:{" + group + "}:peers", "eventsync:{" + group + "}:addresses"};
    }

    std::chrono::milliseconds keep() const { return options.interval * limits::kPeerMissed; }

    // The first answer of any kind ends the waiting of start().
    void answered(std::optional<Error> error)
    {
        const std::lock_guard lock(mutex);
        isAnswered = true;
        if (error && !refused)
            refused = std::move(error);
        arrived.notify_all();
    }

    void announce()
    {
        thread.wakeAt(clock.steady() + options.interval, [this] { announce(); });
        if (!lastReceived || clock.steady() - *lastReceived > keep())
            show({});
        if (!connection->isUp())
            return;
        const std::string keepText = std::to_string(keep().count());
        connection->command({"EVAL", kAnnounce, "2", names.first, names.second, options.self.nodeId, token,
                            options.self.address, keepText, std::to_string(limits::kPeers)},
                           [this](const redisReply *reply) { listed(reply); });
    }

    void listed(const redisReply *reply)
    {
        if (!reply)
            return;
        if (reply->type != REDIS_REPLY_ARRAY) {
            if (reply->type == REDIS_REPLY_INTEGER)
                return answered(Error{ErrorCode::Conflict, "a node with the id '" + options.self.nodeId + "' is there already"});
            return answered(Error{ErrorCode::Unavailable, "Redis: " + std::string(reply->str ? textOf(*reply) : "")});
        }
        lastReceived = clock.steady();
        std::vector<Peer> list;
        for (std::size_t i = 0; i + 1 < reply->elements; i += 2) {
            Peer peer{std::string(textOf(*reply->element[i])), std::string(textOf(*reply->element[i + 1]))};
            if (peer.nodeId != options.self.nodeId)
                list.push_back(std::move(peer));
        }
        std::sort(list.begin(), list.end());
        show(std::move(list));
        answered({});
    }

    void show(std::vector<Peer> list)
    {
        {
            const std::lock_guard lock(mutex);
            if (list == others)
                return;
            others = list;
        }
        dropEnded(watchers);
        for (const auto &watcher : watchers)
            watcher->post([list](const Handler &observer) { observer(list); });
    }

    void sayGoodbye()
    {
        thread.wakeAt(std::chrono::milliseconds::max(), {});
        const auto leave = [this](const redisReply *) {
            const std::lock_guard lock(mutex);
            isGone = true;
            arrived.notify_all();
        };
        if (connection->isUp())
            connection->command({"EVAL", kGoodbye, "2", names.first, names.second, options.self.nodeId, token}, leave);
        else
            leave(nullptr);
    }

    const Options options;
    const Clock &clock;
    Random &random;
    const std::string token; // distinguishes this object's entry from that of another with the same id
    const std::pair<std::string, std::string> names;
    mutable std::mutex mutex; // guards the next four
    std::vector<Peer> others;
    bool isAnswered = false, isGone = false;
    std::optional<Error> refused;
    std::condition_variable arrived;
    bool isStarted = false; // of the owner
    std::optional<std::chrono::milliseconds> lastReceived;
    TargetList<Handler> watchers;
    std::unique_ptr<RedisConnection> connection; // between start() and stop()
    RedisThread thread;
};

RedisPeerDiscovery::RedisPeerDiscovery(Options options, const Clock &clock, Random &random)
    : m_group(std::make_shared<Group>(std::move(options), clock, random))
{
}

RedisPeerDiscovery::~RedisPeerDiscovery()
{
    stop();
    m_group->thread.end();
}

Result<> RedisPeerDiscovery::start()
{
    Group &group = *m_group;
    if (group.isStarted)
        return {};
    if (group.options.self.nodeId.empty() || group.options.self.nodeId.size() > limits::kClientIdBytes ||
        group.options.self.address.size() > limits::kPeerAddressBytes || group.options.group.size() > limits::kPubSubTopicBytes)
        return failure(ErrorCode::InvalidValue, "a node's id, address or group that is empty or too long");
    group.isStarted = true;
    std::unique_lock lock(group.mutex);
    group.isAnswered = group.isGone = false;
    group.refused.reset();
    group.thread.post([&group] { group.connect(); });
    group.arrived.wait_for(lock, group.options.timing.connect, [&group] { return group.isAnswered; });
    if (!group.refused || group.refused->code != ErrorCode::Conflict)
        return {};
    const Error error = *group.refused;
    lock.unlock();
    stop();
    return failure(error);
}

void RedisPeerDiscovery::stop()
{
    Group &group = *m_group;
    if (!std::exchange(group.isStarted, false))
        return;
    group.thread.post([&group] { group.sayGoodbye(); });
    {
        std::unique_lock lock(group.mutex);
        group.arrived.wait_for(lock, group.options.interval, [&group] { return group.isGone; });
    }
    group.thread.post([&group] { group.disconnect(); });
}

std::vector<Peer> RedisPeerDiscovery::peers() const
{
    const std::lock_guard lock(m_group->mutex);
    return m_group->others;
}

SubscriptionPtr RedisPeerDiscovery::watch(Executor &executor, Handler handler)
{
    auto target = std::make_shared<HandlerTarget<Handler>>(executor, std::move(handler));
    m_group->thread.post([group = m_group.get(), target] {
        group->watchers.push_back(target);
        target->post([list = [group] {
            const std::lock_guard lock(group->mutex);
            return group->others;
        }()](const Handler &observer) { observer(list); });
    });
    return std::make_unique<TargetHold<Handler>>(std::move(target));
}

} // namespace eventsync::pubsub
