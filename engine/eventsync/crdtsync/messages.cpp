// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/messages.h>

#include <eventsync/base/limits.h>
#include <eventsync/crdt/id.h>
#include <eventsync/crdtsync/binarycodec.h>
#include <eventsync/crdtsync/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/pubsub/limits.h>

namespace eventsync::crdtsync {

namespace {

constexpr auto kMaxReplica = static_cast<std::int64_t>(crdt::kMaxSessionId);

bool isReplica(ReplicaId replica)
{
    return replica.value() >= static_cast<std::int64_t>(crdt::kFirstFreeSession) && replica.value() <= kMaxReplica;
}

bool isRange(const PatchRange &range)
{
    return isReplica(range.replica) && range.first.value() >= 1 && range.first <= range.last &&
           range.last.value() <= limits::kMaxInteger;
}

// Ranges in order, that do not touch each other's patches.
template<class T, class Project>
Result<> checkRanges(const std::vector<T> &items, Project project)
{
    const PatchRange *before = nullptr;
    for (const T &item : items) {
        const PatchRange &range = project(item);
        if (!isRange(range))
            return failure(ErrorCode::InvalidMessage, "no range of patches");
        if (before && !(PatchId{before->replica, before->last} < PatchId{range.replica, range.first}))
            return failure(ErrorCode::InvalidMessage, "ranges out of order");
        before = &range;
    }
    return {};
}

Result<> checkBody(const PatchesMessage &body)
{
    for (const NumberedPatch &item : body.patches) {
        if (!isReplica(item.id.replica) || item.id.number.value() < 1)
            return failure(ErrorCode::InvalidMessage, "no patch number");
        if (item.patch.isEmpty() || replicaOf(item.patch) != item.id.replica)
            return failure(ErrorCode::InvalidMessage, "a patch under another replica's name");
    }
    return {};
}

Result<> checkBody(const StateMessage &body)
{
    if (body.count < 0 || body.count > limits::kMaxInteger)
        return failure(ErrorCode::InvalidMessage, "no count");
    if (body.vector) {
        for (const auto &[replica, number] : body.vector->rows()) {
            if (!isRange({replica, PatchNumber(1), number}))
                return failure(ErrorCode::InvalidMessage, "no row of a state vector");
        }
    }
    return {};
}

Result<> checkBody(const RequestMessage &body)
{
    return checkRanges(body.ranges, [](const PatchRange &range) -> const PatchRange & { return range; });
}

Result<> checkBody(const CompareMessage &body)
{
    if (body.ranges.size() > limits::kCompareRanges)
        return failure(ErrorCode::TooLarge, "more ranges than one comparison may have");
    std::size_t runs = 0;
    PatchId before = kFirstPatch;
    for (const ComparedRange &range : body.ranges) {
        const bool isEnd = range.until == kPastPatches;
        if (range.until <= before || (!isEnd && (!isReplica(range.until.replica) || range.until.number.value() < 1)))
            return failure(ErrorCode::InvalidMessage, "a comparison's ranges out of order");
        before = range.until;
        if (const auto *list = std::get_if<ComparedRange::Runs>(&range.holds)) {
            runs += list->size();
            EVENTSYNC_CHECK(checkRanges(*list, [](const auto &run) -> const PatchRange & { return run.range; }));
        }
    }
    // One full answer, and the last range that filled it.
    if (runs > 2 * limits::kCompareRuns)
        return failure(ErrorCode::TooLarge, "more runs than one comparison may have");
    return {};
}

Result<> checkBody(const SnapshotMessage &body)
{
    EVENTSYNC_CHECK(checkRanges(body.rows, [](const auto &row) -> const PatchRange & { return row.range; }));
    for (const SnapshotMessage::Row &row : body.rows) {
        if (row.range.first.value() != 1)
            return failure(ErrorCode::InvalidMessage, "a snapshot's rows begin with the first patch");
        if (row.time < 1 || row.time > crdt::kMaxTime)
            return failure(ErrorCode::InvalidMessage, "no logical time in a snapshot's row");
    }
    return {};
}

} // namespace

Result<> check(const Message &message)
{
    if (message.from.empty() || message.from.size() > limits::kClientIdBytes || message.to.size() > limits::kClientIdBytes)
        return failure(ErrorCode::InvalidMessage, "no node's name");
    return std::visit([](const auto &body) { return checkBody(body); }, message.body);
}

Bytes encode(const Message &message, EncodingFormat format)
{
    return format == EncodingFormat::Binary ? encodeBinaryMessage(message)
                                            : encodeJsonMessage(message, format == EncodingFormat::CompactJson);
}

Result<Message> decode(std::string_view bytes)
{
    if (bytes.size() > limits::kPubSubMessageBytes)
        return failure(ErrorCode::TooLarge, "a message of " + std::to_string(bytes.size()) + " bytes");
    if (bytes.empty())
        return failure(ErrorCode::InvalidMessage, "nothing");
    EVENTSYNC_TRY(Message message,
                  bytes.front() == kBinaryVersion ? decodeBinaryMessage(bytes) : decodeJsonMessage(bytes));
    EVENTSYNC_CHECK(check(message));
    return message;
}

} // namespace eventsync::crdtsync
