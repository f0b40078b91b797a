// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/eventcheck.h>

#include <eventsync/base/limits.h>
#include <eventsync/json/cbor.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/limits.h>

#include <algorithm>

namespace eventsync {

namespace {

// A number that is no integer takes nine bytes of CBOR, or five where single precision keeps it; with what stands around it in
// JSON it takes at least four there ("0.1,").
constexpr std::size_t kDoubleBytes = 9;
constexpr std::size_t kSingleBytes = 5;
constexpr std::size_t kShortestFraction = 4;
constexpr std::size_t kFrameRoom = limits::kFrameBytes - kEventFrameRoom;
constexpr int kWrappers = 4; // containers around an operation's value: the event, its diff, the patch, the operation

std::size_t extraIn(const json::Value &value)
{
    std::size_t extra = 0;
    if (const auto *object = value.if_object()) {
        for (const auto &member : *object)
            extra += extraIn(member.value());
    } else if (const auto *list = value.if_array()) {
        for (const json::Value &element : *list)
            extra += extraIn(element);
    } else if (const double *number = value.if_double()) {
        const std::size_t text = json::canonicalSize(value) + 1;
        extra = std::max(json::cbor::isSingle(*number) ? kSingleBytes : kDoubleBytes, text) - text;
    }
    return extra;
}

template<class Visit>
void eachValue(const Event &event, const Visit &visit)
{
    if (!event.diff.isCrdt()) {
        for (const json::PatchOperation &operation : event.diff.patch().operations())
            visit(operation.value, kWrappers);
    }
    if (event.metadata) {
        for (const auto &member : *event.metadata)
            visit(member.value(), 2);
    }
}

Error tooLarge(const std::string &what, std::size_t has, std::size_t may)
{
    return {ErrorCode::TooLarge,
            "the event has " + std::to_string(has) + " bytes " + what + ", the limit is " + std::to_string(may)};
}

} // namespace

std::size_t frameBytesOf(const Event &event, std::size_t canonicalBytes)
{
    std::size_t extra = 0;
    eachValue(event, [&](const json::Value &value, int) { extra += extraIn(value); });
    return canonicalBytes + extra;
}

Result<> checkEventSize(const Event &event, EventForm form, std::size_t canonicalBytes)
{
    const std::size_t most = limits::kEventBytes + (form == EventForm::Logged ? limits::kLoggedEventExtraBytes : 0);
    if (canonicalBytes > most)
        return failure(tooLarge("of canonical JSON", canonicalBytes, most));
    if (canonicalBytes + canonicalBytes / kShortestFraction * (kDoubleBytes - kShortestFraction) > kFrameRoom) {
        if (const std::size_t bytes = frameBytesOf(event, canonicalBytes); bytes > kFrameRoom)
            return failure(tooLarge("in a binary frame", bytes, kFrameRoom));
    }
    int depth = 0;
    eachValue(event, [&](const json::Value &value, int wrappers) { depth = std::max(depth, wrappers + json::depth(value)); });
    if (constexpr int deepest = limits::kDepth + limits::kEventDepthExtra; depth > deepest)
        return failure(ErrorCode::TooDeep, "the event is " + std::to_string(depth) + " levels deep, the limit is " +
                                               std::to_string(deepest));
    return {};
}

Result<> checkReplaces(const json::Object &metadata)
{
    const auto *replaces = metadata.if_contains("replaces");
    if (!replaces)
        return {};
    const auto *ids = replaces->if_array();
    if (!ids || ids->size() != 2)
        return failure(ErrorCode::InvalidMessage, "replaces is a list of two ids", "/replaces");
    for (const auto &id : *ids) {
        const auto *text = id.if_string();
        if (!text)
            return failure(ErrorCode::InvalidMessage, "replaces is a list of two ids", "/replaces");
        if (auto read = eventIdFrom({text->data(), text->size()}); !read)
            return failure(read.error().code, read.error().message, "/replaces");
    }
    return {};
}

} // namespace eventsync
