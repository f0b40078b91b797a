// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/requestid.h>

#include <eventsync/protocol/cbor.h>
#include <eventsync/protocol/shape.h>

namespace eventsync::protocol {

std::optional<std::string> requestIdOf(std::string_view frame, Codec codec, const DecodeLimits &limits)
{
    const auto value = codec == Codec::Cbor
                           ? cbor::read(frame, messageShape(), {.bytes = limits.frameBytes, .depth = limits.depth})
                           : json::parse(frame, {.bytes = limits.frameBytes, .depth = limits.depth});
    const json::Object *message = value ? value->if_object() : nullptr;
    const json::Value *type = message ? message->if_contains("type") : nullptr;
    const json::Value *id = message ? message->if_contains("requestId") : nullptr;
    if (!type || !id || !type->is_string() || !id->is_string() || type->get_string() != "query")
        return std::nullopt;
    return std::string(id->get_string());
}

} // namespace eventsync::protocol
