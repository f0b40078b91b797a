// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <algorithm>

namespace eventsync::simulation {

std::size_t roughBytes(const protocol::Message &message)
{
    std::size_t bytes = 100;
    if (const auto *events = std::get_if<protocol::Events>(&message)) {
        for (const auto &item : events->events)
            bytes += item.canonical ? item.canonical->size() : 300;
    }
    return bytes;
}

void Link::sendUp(protocol::Message message)
{
    if (!cut)
        up.push_back(std::move(message));
}

void Link::sendDown(Down message)
{
    if (cut)
        return;
    if (message.message)
        downBytes += roughBytes(message.message->message());
    down.push_back(std::move(message));
}

void Link::sever(std::uint64_t randomBits)
{
    if (cut)
        return;
    cut = true;
    up.resize(randomBits % (up.size() + 1));
    down.resize((randomBits / 64) % (down.size() + 1));
}

namespace {

bool isPush(const std::deque<protocol::Message> &up)
{
    return !up.empty() && std::holds_alternative<protocol::Push>(up.front());
}

bool isRepeatable(const std::deque<Link::Down> &down)
{
    if (down.empty() || !down.front().message)
        return false;
    const protocol::Message &message = down.front().message->message();
    return std::holds_alternative<protocol::Events>(message) || std::holds_alternative<protocol::Ack>(message);
}

} // namespace

bool Link::canRepeat() const
{
    return isPush(up) || (!dead && isRepeatable(down));
}

void Link::repeat()
{
    if (isPush(up)) {
        up.push_front(up.front());
        return;
    }
    downBytes += roughBytes(down.front().message->message());
    down.push_front(down.front());
}

} // namespace eventsync::simulation
