// SPDX-License-Identifier: Apache-2.0
//
// Both codecs share one reader and one writer of messages, which know the JSON form only. JSON frames are canonical JSON as a
// whole, so `events`, `push` and `ack`, which are most of the traffic, are composed as text from the canonical bytes of events,
// without parsing them; their CBOR is that text, transcoded. A plain `push` in CBOR is read directly.
#include <eventsync/protocol/codec.h>

#include <eventsync/json/limits.h>
#include <eventsync/json/text.h>
#include <eventsync/model/canonicalwriter.h>
#include <eventsync/model/limits.h>
#include <eventsync/protocol/cbor_p.h>
#include <eventsync/protocol/cborpush_p.h>
#include <eventsync/protocol/messagereader.h>
#include <eventsync/protocol/messagewriter.h>
#include <eventsync/protocol/names_p.h>

#include <utility>

namespace eventsync::protocol {

namespace {

// The most bytes of canonical JSON for one byte of a frame: a double of five bytes in CBOR can take 23, a half of three bytes
// 21, a control character six.
constexpr std::size_t kLargestGrowth = 8;

constexpr std::size_t kFrameRoom = 256; // an `events` frame without its events

ReadLimits readLimits(std::string_view frame, const DecodeLimits &limits)
{
    return {.eventBytes = limits.eventBytes, .measureEvents = frame.size() > limits.eventBytes / kLargestGrowth};
}

void appendItem(Bytes &out, const EventItem &item)
{
    if (item.vectorClock)
        out += R"({"event":)";
    if (item.canonical)
        out += *item.canonical;
    else if (item.event)
        out += canonicalBytes(*item.event, EventForm::Logged);
    else
        out += "null"; // violates the contract of EventItem: the peer refuses it
    if (item.vectorClock) {
        out += R"(,"vectorClock":)";
        json::appendCanonical(out, item.vectorClock->toJson());
        out += '}';
    }
}

// Writes the items by append(out, item), separated by commas.
template<class T, class Append>
void appendList(Bytes &out, const std::vector<T> &items, const Append &append)
{
    bool first = true;
    for (const T &item : items) {
        if (!std::exchange(first, false))
            out += ',';
        append(out, item);
    }
}

Bytes jsonOf(const Events &events)
{
    std::size_t size = kFrameRoom;
    for (const EventItem &item : events.events)
        size += (item.canonical ? item.canonical->size() : kFrameRoom) + 1;
    Bytes out;
    out.reserve(size);
    out += R"({"chain":)";
    canonical::appendPlain(out, events.chain.toHex());
    out += R"(,"documentId":)";
    canonical::appendPlain(out, events.documentId.text());
    out += R"(,"events":[)";
    appendList(out, events.events, appendItem);
    out += R"(],"type":"events"})";
    return out;
}

Bytes jsonOf(const Push &push)
{
    Bytes out = R"({"batchId":)";
    canonical::appendInteger(out, push.batchId.value());
    out += R"(,"documentId":)";
    canonical::appendPlain(out, push.documentId.text());
    out += R"(,"events":[)";
    appendList(out, push.events, [](Bytes &to, const EventPtr &event) { to += canonicalBytes(*event, EventForm::Pushed); });
    out += R"(],"type":"push"})";
    return out;
}

void appendResult(Bytes &out, const AckResult &result)
{
    const auto number = [&out](std::string_view name, std::int64_t value) {
        out += name;
        canonical::appendInteger(out, value);
    };
    number(R"({"clientSeq":)", result.clientSeq.value());
    if (result.code) {
        out += R"(,"code":)";
        canonical::appendPlain(out, errorName(*result.code));
    }
    if (result.head)
        number(R"(,"head":)", result.head->value());
    out += R"(,"id":)";
    canonical::appendUuid(out, result.id);
    if (result.path) {
        out += R"(,"path":)";
        json::appendString(out, *result.path);
    }
    if (result.reason) {
        out += R"(,"reason":)";
        json::appendString(out, *result.reason);
    }
    if (result.serverSeq)
        number(R"(,"serverSeq":)", result.serverSeq->value());
    out += R"(,"status":)";
    canonical::appendPlain(out, names::nameOf(result.status, names::kAckStatuses));
    out += '}';
}

Bytes jsonOf(const Ack &ack)
{
    Bytes out;
    out.reserve(kFrameRoom * (1 + ack.results.size()));
    out += R"({"batchId":)";
    canonical::appendInteger(out, ack.batchId.value());
    out += R"(,"documentId":)";
    canonical::appendPlain(out, ack.documentId.text());
    out += R"(,"results":[)";
    appendList(out, ack.results, appendResult);
    out += R"(],"type":"ack"})";
    return out;
}

// Only for the messages that are most of the traffic.
std::optional<Bytes> directJson(const Message &message)
{
    if (const auto *events = std::get_if<Events>(&message))
        return jsonOf(*events);
    if (const auto *push = std::get_if<Push>(&message))
        return jsonOf(*push);
    if (const auto *ack = std::get_if<Ack>(&message))
        return jsonOf(*ack);
    return std::nullopt;
}

constexpr int kFrameDepth = limits::kDepth + limits::kEventDepthExtra + limits::kFrameDepthExtra;

Result<json::Value> parsed(std::string_view bytes, Codec codec, const DecodeLimits &limits)
{
    if (codec == Codec::Cbor)
        return cbor::read(bytes, messageShape(), {.bytes = limits.frameBytes, .depth = limits.depth});
    return json::parse(bytes, {.bytes = limits.frameBytes, .depth = limits.depth});
}

} // namespace

Result<Message> decode(std::string_view bytes, Codec codec, const DecodeLimits &limits)
{
    if (codec == Codec::Cbor) {
        if (auto push = cbor::readPlainPush(bytes, limits))
            return std::move(*push);
    }
    EVENTSYNC_TRY(const json::Value value, parsed(bytes, codec, limits));
    return messageFrom(value, readLimits(bytes, limits));
}

RefusedNames namesInRefused(std::string_view bytes, Codec codec, const DecodeLimits &limits)
{
    const auto message = parsed(bytes, codec, limits);
    const json::Object *object = message ? message->if_object() : nullptr;
    const auto text = [&](std::string_view member) -> std::optional<std::string> {
        const json::Value *value = object ? object->if_contains(member) : nullptr;
        return value && value->is_string() ? std::optional(std::string(value->get_string())) : std::nullopt;
    };
    RefusedNames names;
    if (const auto id = text("documentId")) {
        if (auto documentId = documentIdFrom(*id))
            names.documentId = std::move(*documentId);
    }
    if (text("type") == "query")
        names.requestId = text("requestId");
    return names;
}

Result<std::vector<Message>> decodeList(std::string_view text, const DecodeLimits &limits)
{
    EVENTSYNC_TRY(const json::Value value, json::parse(text, {.bytes = limits.frameBytes, .depth = limits.depth + 1}));
    const ReadLimits readable = readLimits(text, limits);
    std::vector<Message> messages;
    const auto *list = value.if_array();
    if (!list) {
        EVENTSYNC_TRY(Message message, messageFrom(value, readable));
        messages.push_back(std::move(message));
        return messages;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto message = messageFrom((*list)[i], readable);
        if (!message)
            return failure(message.error().code, message.error().message, '/' + std::to_string(i) + message.error().path);
        messages.push_back(std::move(*message));
    }
    return messages;
}

Bytes encode(const Message &message, Codec codec)
{
    std::optional<Bytes> direct = directJson(message);
    if (codec == Codec::Json)
        return direct ? std::move(*direct) : json::canonical(toObject(message));
    Bytes out;
    if (direct) {
        out.reserve(direct->size());
        if (cbor::appendCanonical(out, *direct, messageShape(), kFrameDepth))
            return out;
    }
    cbor::append(out, toObject(message), messageShape());
    return out;
}

std::shared_ptr<const Bytes> OutgoingMessage::encoded(Codec codec) const
{
    const auto index = static_cast<std::size_t>(codec);
    std::call_once(m_once[index], [&] { m_bytes[index] = std::make_shared<const Bytes>(encode(m_message, codec)); });
    return m_bytes[index];
}

} // namespace eventsync::protocol
