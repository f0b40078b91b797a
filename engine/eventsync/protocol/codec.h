// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/codec.h>
#include <eventsync/base/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/limits.h>
#include <eventsync/protocol/messages.h>

#include <array>
#include <memory>
#include <mutex>

namespace eventsync::protocol {

/// How large a received message may be.
struct DecodeLimits
{
    std::size_t frameBytes = limits::kFrameBytes;
    std::size_t eventBytes = limits::kEventBytes;
    int depth = limits::kDepth + limits::kEventDepthExtra + limits::kFrameDepthExtra;
};

/// Decodes any bytes, with a message or one of these errors as the result: InvalidMessage, UnknownMessage, InvalidValue,
/// UnknownField (of an event), TooLarge, TooDeep. CBOR that is not RFC 8949 section 4.2.1 deterministic is InvalidValue. Never
/// throws.
Result<Message> decode(std::string_view bytes, Codec codec, const DecodeLimits &limits = {});
/// The names in a message that decode() refused, as far as they can be read, so that the error can be reported for the right
/// document or query.
struct RefusedNames
{
    std::optional<DocumentId> documentId = {};
    std::optional<std::string> requestId = {}; ///< of a query
};
RefusedNames namesInRefused(std::string_view bytes, Codec codec, const DecodeLimits &limits = {});
/// One JSON message, or a list of them, as POST /api/stream takes them.
Result<std::vector<Message>> decodeList(std::string_view json, const DecodeLimits &limits = {});
Bytes encode(const Message &message, Codec codec);

/// A message on its way to one or many peers: encoded at most once per codec, at the first use. Immutable; any thread.
class OutgoingMessage
{
public:
    explicit OutgoingMessage(Message message) : m_message(std::move(message)) {}
    const Message &message() const { return m_message; }
    std::shared_ptr<const Bytes> encoded(Codec codec) const;

private:
    Message m_message;
    mutable std::array<std::once_flag, 2> m_once;
    mutable std::array<std::shared_ptr<const Bytes>, 2> m_bytes;
};
using OutgoingPtr = std::shared_ptr<const OutgoingMessage>;

} // namespace eventsync::protocol
