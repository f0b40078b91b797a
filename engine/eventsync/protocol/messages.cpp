// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/messages.h>

namespace eventsync::protocol {

namespace {

// In the order of the variant.
constexpr std::string_view kTypes[] = {
    "hello",    "welcome",     "auth",    "subscribe", "snapshot", "events", "synced",   "diverged", "push",
    "ack",      "cursor",      "cursors", "presence",  "unsubscribe", "revoked", "watch", "heads",    "watching",
    "unwatch",  "query",       "result",  "ping",      "pong",     "error",  "goaway"};
static_assert(std::size(kTypes) == std::variant_size_v<MessageVariant>);

} // namespace

template <typename T>
    requires kIsAlternative<T, MessageVariant>
Message::Message(T message) : MessageVariant(std::in_place_type<T>, std::move(message))
{}
template Message::Message(Hello);
template Message::Message(Welcome);
template Message::Message(Auth);
template Message::Message(Subscribe);
template Message::Message(Snapshot);
template Message::Message(Events);
template Message::Message(Synced);
template Message::Message(Diverged);
template Message::Message(Push);
template Message::Message(Ack);
template Message::Message(Cursor);
template Message::Message(Cursors);
template Message::Message(Presence);
template Message::Message(Unsubscribe);
template Message::Message(Revoked);
template Message::Message(Watch);
template Message::Message(Heads);
template Message::Message(Watching);
template Message::Message(Unwatch);
template Message::Message(Query);
template Message::Message(QueryResult);
template Message::Message(Ping);
template Message::Message(Pong);
template Message::Message(ErrorMessage);
template Message::Message(GoAway);

Message::Message() = default;
Message::Message(const Message &other) = default;
Message::Message(Message &&other) noexcept = default;
Message &Message::operator=(const Message &other) = default;
Message &Message::operator=(Message &&other) noexcept = default;
Message::~Message() = default;

std::string_view messageType(const Message &message)
{
    return kTypes[message.index()];
}

std::optional<std::size_t> messageIndex(std::string_view type)
{
    for (std::size_t i = 0; i < std::size(kTypes); ++i) {
        if (kTypes[i] == type)
            return i;
    }
    return std::nullopt;
}

} // namespace eventsync::protocol
