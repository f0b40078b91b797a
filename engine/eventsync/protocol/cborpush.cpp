// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/cborpush_p.h>

#include <eventsync/base/bytes.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/cborcursor_p.h>

#include <algorithm>

namespace eventsync::protocol::cbor {

namespace {

constexpr std::size_t kLargestFrame = 64 * 1024; // in larger ones, events are measured
constexpr int kDepthOfEvent = 2;                 // containers around an event
constexpr int kDepthOfValue = kDepthOfEvent + 4; // around an operation's value: event, diff, patch, operation
constexpr std::uint64_t kEventFields = 9, kLongestOperation = 3;
constexpr std::uint64_t kReserve = 64;           // events, operations

// Every function returns false if the frame is not as expected. Map keys are known and have one order, so their bytes are
// compared.
class PushReader
{
public:
    PushReader(std::string_view frame, int maxDepth) : m_in(frame), m_maxDepth(maxDepth) {}

    bool read(Push &push)
    {
        std::uint64_t count = 0;
        if (!container(Major::Map, count) || count != 4 || !key("type") || !word("push") || !key("events") ||
            !container(Major::List, count))
            return false;
        std::vector<std::shared_ptr<Event>> events;
        events.reserve(static_cast<std::size_t>(std::min(count, kReserve)));
        for (; count > 0; --count) {
            if (!event(*events.emplace_back(std::make_shared<Event>())))
                return false;
        }
        std::int64_t batch = 0;
        if (!key("batchId") || !integer(batch, 0) || !key("documentId") || !from(documentIdFrom, push.documentId) ||
            m_in.left() > 0)
            return false;
        push.batchId = BatchId(batch);
        for (auto &one : events) {
            if (one->documentId != push.documentId)
                return false;
            push.events.push_back(std::move(one));
        }
        return true;
    }

private:
    bool container(Major major, std::uint64_t &count)
    {
        ItemHead head;
        if (!m_in.head(head) || head.major != major)
            return false;
        count = head.argument;
        return count <= m_in.left();
    }

    bool text(std::string_view &out)
    {
        ItemHead head;
        return m_in.head(head) && head.major == Major::Text && m_in.take(head.argument, out);
    }

    bool word(std::string_view wanted)
    {
        std::string_view found;
        return text(found) && found == wanted;
    }
    bool key(std::string_view name) { return word(name); }

    bool integer(std::int64_t &out, std::int64_t min)
    {
        ItemHead head;
        if (!m_in.head(head) || head.major != Major::Unsigned || head.argument > static_cast<std::uint64_t>(limits::kMaxInteger))
            return false;
        out = static_cast<std::int64_t>(head.argument);
        return out >= min;
    }

    template<class T>
    bool from(Result<T> (*reading)(std::string_view), T &out)
    {
        std::string_view content;
        if (!text(content))
            return false;
        auto value = reading(content);
        if (!value)
            return false;
        out = std::move(*value);
        return true;
    }

    bool event(Event &event)
    {
        std::uint64_t count = 0;
        std::int64_t base = 0, clientSeq = 0;
        const bool isPlain = container(Major::Map, count) && count == kEventFields && key("id") && from(eventIdFrom, event.id) &&
                          key("diff") && diff(event.diff) && key("baseSeq") && integer(base, 0) && key("clientId") &&
                          from(authorIdFrom, event.clientId) && key("clientSeq") && integer(clientSeq, 1) && key("operation") &&
                          operation(event.operation) && key("timestamp") && from(timestampFrom, event.timestamp) &&
                          key("collection") && from(collectionNameFrom, event.collection) && key("documentId") &&
                          from(documentIdFrom, event.documentId);
        event.baseSeq = ServerSeq(base);
        event.clientSeq = ClientSeq(clientSeq);
        return isPlain;
    }

    bool operation(Operation &out)
    {
        std::string_view name;
        if (!text(name))
            return false;
        for (const Operation one : {Operation::Update, Operation::Create, Operation::Delete}) {
            out = one;
            if (operationName(one) == name)
                return true;
        }
        return false;
    }

    bool diff(Diff &diff)
    {
        std::uint64_t count = 0;
        if (!container(Major::Map, count) || count != 1 || !key("patch") || !container(Major::List, count) ||
            count > limits::kPatchOperations)
            return false;
        std::vector<json::PatchOperation> operations;
        operations.reserve(static_cast<std::size_t>(std::min(count, kReserve)));
        for (; count > 0; --count) {
            if (!patchOperation(operations.emplace_back()))
                return false;
        }
        diff = Diff(json::Patch(std::move(operations)));
        return true;
    }

    bool pointer(json::Pointer &out)
    {
        std::string_view content;
        if (!text(content) || !isValidUtf8(content))
            return false;
        auto path = json::Pointer::parse(content);
        if (!path)
            return false;
        out = std::move(*path);
        return true;
    }

    bool patchOperation(json::PatchOperation &out)
    {
        std::uint64_t count = 0;
        std::string_view name;
        if (!container(Major::Map, count) || !key("op") || !text(name))
            return false;
        const auto kind = json::operationKindFrom(name);
        if (!kind)
            return false;
        out.kind = *kind;
        const bool withFrom = json::hasFrom(*kind), withValue = json::hasValue(*kind);
        if (count != (withFrom || withValue ? kLongestOperation : kLongestOperation - 1))
            return false;
        if (withFrom && (!key("from") || !pointer(out.from)))
            return false;
        if (!key("path") || !pointer(out.path))
            return false;
        static constexpr Shape kValue{.kind = Shape::Kind::Value};
        return !withValue || (key("value") && readItem(m_in, out.value, kValue, kDepthOfValue, m_maxDepth) &&
                              json::checkOperand(*kind, out.value).has_value());
    }

    ItemCursor m_in;
    int m_maxDepth;
};

} // namespace

std::optional<Push> readPlainPush(std::string_view frame, const DecodeLimits &limits)
{
    constexpr std::string_view kBegin("\xA4" "\x64" "type" "\x64" "push", 11);
    if (!frame.starts_with(kBegin) || frame.size() > std::min({kLargestFrame, limits.frameBytes, limits.eventBytes / 8}))
        return std::nullopt;
    Push push;
    const int maxDepth = std::min(limits.depth, kDepthOfEvent + limits::kDepth + limits::kEventDepthExtra);
    if (maxDepth < kDepthOfValue || !PushReader(frame, maxDepth).read(push))
        return std::nullopt;
    return push;
}

} // namespace eventsync::protocol::cbor
