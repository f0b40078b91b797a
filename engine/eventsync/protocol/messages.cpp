// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/messages.h>

namespace eventsync::protocol {

namespace {

// In the order of the variant.
constexpr std::string_view kTypes[] = {
    "hello",    "welcome",     "auth",    "subscribe", "snapshot", "events", "synced",   "diverged", "push",
    "ack",      "cursor",      "cursors", "presence",  "unsubscribe", "revoked", "watch", "heads",    "watching",
    "unwatch",  "query",       "result",  "ping",      "pong",     "error",  "goaway"};
static_assert(std::size(kTypes) == std::variant_size_v<Message>);

} // namespace

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
