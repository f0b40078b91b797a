// SPDX-License-Identifier: Apache-2.0
//
// A patch in JSON has one of the JSON encodings of JSON CRDT Patch: an object is the verbose one, an array the compact one. Its
// hash is that of its binary form, so if JSON would not preserve the bytes (for instance a number with an unusual width), the
// binary form is sent as base64url text.
#include <eventsync/crdtsync/binarycodec.h>

#include <eventsync/crdt/limits.h>
#include <eventsync/json/value.h>
#include <eventsync/model/jsonfields.h>
#include <eventsync/pubsub/limits.h>

namespace eventsync::crdtsync {

namespace {

constexpr int kMessageDepth = limits::kCrdtEncodingDepth;
constexpr json::ParseLimits kTextLimits{limits::kPubSubMessageBytes, kMessageDepth};

json::Array listOf(const PatchRange &range)
{
    return {range.replica.value(), range.first.value(), range.last.value()};
}

json::Value valueOf(const crdt::Patch &patch, bool compact)
{
    const std::string text = compact ? patch.toCompact() : patch.toVerbose();
    if (auto value = json::parse(text, kTextLimits)) {
        const std::string again = json::canonical(*value);
        const auto back = compact ? crdt::Patch::fromCompact(again) : crdt::Patch::fromVerbose(again);
        if (back && *back == patch)
            return std::move(*value);
    }
    return json::Value(toBase64Url(patch.bytes()));
}

Result<crdt::Patch> patchFrom(const json::Value &value)
{
    if (const auto *text = value.if_string()) {
        EVENTSYNC_TRY(Bytes bytes, fromBase64Url({text->data(), text->size()}));
        return crdt::Patch::decode(std::move(bytes));
    }
    const std::string text = json::canonical(value);
    return value.is_array() ? crdt::Patch::fromCompact(text) : crdt::Patch::fromVerbose(text);
}

void write(json::Object &out, const PatchesMessage &body, bool compact)
{
    out["type"] = "patches";
    if (body.more)
        out["more"] = true;
    json::Array patches;
    for (const NumberedPatch &item : body.patches) {
        patches.push_back(json::Object{{"replica", item.id.replica.value()}, {"number", item.id.number.value()},
                                       {"patch", valueOf(item.patch, compact)}});
    }
    out["patches"] = std::move(patches);
}

void write(json::Object &out, const StateMessage &body, bool)
{
    out["type"] = "state";
    out["count"] = body.count;
    out["fingerprint"] = toHex(body.fingerprint.view());
    if (!body.vector)
        return;
    json::Array rows;
    for (const auto &[replica, number] : body.vector->rows())
        rows.push_back(json::Array{replica.value(), number.value()});
    out["vector"] = std::move(rows);
}

void write(json::Object &out, const RequestMessage &body, bool)
{
    out["type"] = "request";
    out["snapshot"] = body.snapshot;
    json::Array ranges;
    for (const PatchRange &range : body.ranges)
        ranges.push_back(listOf(range));
    out["ranges"] = std::move(ranges);
}

void write(json::Object &out, const CompareMessage &body, bool)
{
    out["type"] = "compare";
    json::Array ranges;
    for (const ComparedRange &range : body.ranges) {
        json::Object item;
        if (range.until != kPastPatches)
            item["until"] = json::Array{range.until.replica.value(), range.until.number.value()};
        if (const auto *fingerprint = std::get_if<Fingerprint>(&range.holds)) {
            item["fingerprint"] = toHex(fingerprint->view());
        } else if (const auto *runs = std::get_if<ComparedRange::Runs>(&range.holds)) {
            json::Array list;
            for (const ComparedRange::Run &run : *runs) {
                list.push_back(json::Object{{"range", listOf(run.range)}, {"block", run.isBlock},
                                            {"fingerprint", toHex(run.fingerprint.view())}});
            }
            item["runs"] = std::move(list);
        }
        ranges.push_back(std::move(item));
    }
    out["ranges"] = std::move(ranges);
}

void write(json::Object &out, const SnapshotMessage &body, bool)
{
    out["type"] = "snapshot";
    json::Array rows;
    for (const SnapshotMessage::Row &row : body.rows)
        rows.push_back(json::Object{{"range", listOf(row.range)}, {"sum", row.sum.toDigest().toHex()},
                                    {"time", static_cast<std::int64_t>(row.time)}});
    out["rows"] = std::move(rows);
    out["document"] = toBase64Url(body.document);
}

// Numbers in a list, as many as `size`; else InvalidMessage.
Result<std::vector<std::int64_t>> numbers(const json::Value &value, std::size_t size)
{
    std::vector<std::int64_t> list;
    const auto *array = value.if_array();
    if (array && array->size() == size) {
        for (const json::Value &item : *array) {
            if (const auto *number = item.if_int64(); number && *number >= 0)
                list.push_back(*number);
        }
    }
    if (list.size() != size)
        return failure(ErrorCode::InvalidMessage, "not a list of " + std::to_string(size) + " numbers");
    return list;
}

Result<PatchRange> rangeFrom(const json::Value &value)
{
    EVENTSYNC_TRY(const auto list, numbers(value, 3));
    return PatchRange{ReplicaId(list[0]), PatchNumber(list[1]), PatchNumber(list[2])};
}

Fingerprint fingerprintFrom(FieldReader &in)
{
    const Bytes raw = in.take(fromHex(in.text("fingerprint")), "fingerprint");
    if (raw.size() != Fingerprint::kBytes)
        in.fail({ErrorCode::InvalidMessage, "a fingerprint has 16 bytes"}, "fingerprint");
    return Fingerprint::fromBytes(raw);
}

// Calls f(item) for every item of a list of the message; stops at the first error.
template<class F>
Result<> forEach(FieldReader &in, std::string_view name, F f)
{
    if (const json::Array *list = in.array(name)) {
        for (const json::Value &item : *list)
            EVENTSYNC_CHECK(f(item));
    }
    return in.finish(UnknownFields::Ignore);
}

Result<PatchesMessage> readPatches(FieldReader &in)
{
    PatchesMessage body;
    body.more = in.optionalBoolean("more").value_or(false);
    EVENTSYNC_CHECK(forEach(in, "patches", [&](const json::Value &value) -> Result<> {
        FieldReader fields(value, "/patches");
        NumberedPatch item;
        item.id = {ReplicaId(fields.integer("replica")), PatchNumber(fields.integer("number"))};
        item.patch = fields.take(patchFrom(fields.required("patch")), "patch");
        body.patches.push_back(std::move(item));
        return fields.finish(UnknownFields::Ignore);
    }));
    return body;
}

Result<StateMessage> readState(FieldReader &in)
{
    StateMessage body;
    body.count = in.integer("count");
    body.fingerprint = fingerprintFrom(in);
    if (!in.has("vector"))
        return body;
    body.vector.emplace();
    EVENTSYNC_CHECK(forEach(in, "vector", [&](const json::Value &value) -> Result<> {
        EVENTSYNC_TRY(const auto row, numbers(value, 2));
        body.vector->advance(ReplicaId(row[0]), PatchNumber(row[1]));
        return {};
    }));
    return body;
}

Result<RequestMessage> readRequest(FieldReader &in)
{
    RequestMessage body;
    body.snapshot = in.boolean("snapshot");
    EVENTSYNC_CHECK(forEach(in, "ranges", [&](const json::Value &value) -> Result<> {
        EVENTSYNC_TRY(const PatchRange range, rangeFrom(value));
        body.ranges.push_back(range);
        return {};
    }));
    return body;
}

Result<ComparedRange> comparedFrom(const json::Value &value)
{
    FieldReader in(value, "/ranges");
    ComparedRange range;
    if (const json::Value *until = in.optional("until")) {
        EVENTSYNC_TRY(const auto id, numbers(*until, 2));
        range.until = {ReplicaId(id[0]), PatchNumber(id[1])};
    }
    if (in.has("fingerprint")) {
        range.holds = fingerprintFrom(in);
    } else if (in.has("runs")) {
        ComparedRange::Runs runs;
        EVENTSYNC_CHECK(forEach(in, "runs", [&](const json::Value &item) -> Result<> {
            FieldReader fields(item, "/ranges/runs");
            ComparedRange::Run run;
            run.range = fields.take(rangeFrom(fields.required("range")), "range");
            run.fingerprint = fingerprintFrom(fields);
            run.isBlock = fields.optionalBoolean("block").value_or(false);
            runs.push_back(run);
            return fields.finish(UnknownFields::Ignore);
        }));
        range.holds = std::move(runs);
    }
    EVENTSYNC_CHECK(in.finish(UnknownFields::Ignore));
    return range;
}

Result<CompareMessage> readCompare(FieldReader &in)
{
    CompareMessage body;
    EVENTSYNC_CHECK(forEach(in, "ranges", [&](const json::Value &value) -> Result<> {
        EVENTSYNC_TRY(ComparedRange range, comparedFrom(value));
        body.ranges.push_back(std::move(range));
        return {};
    }));
    return body;
}

Result<SnapshotMessage> readSnapshot(FieldReader &in)
{
    SnapshotMessage body;
    body.document = in.base64("document");
    EVENTSYNC_CHECK(forEach(in, "rows", [&](const json::Value &value) -> Result<> {
        FieldReader fields(value, "/rows");
        SnapshotMessage::Row row;
        row.range = fields.take(rangeFrom(fields.required("range")), "range");
        row.sum = PatchDigest::fromDigest(fields.digest("sum"));
        row.time = static_cast<std::uint64_t>(fields.integer("time", 1));
        body.rows.push_back(row);
        return fields.finish(UnknownFields::Ignore);
    }));
    return body;
}

} // namespace

Bytes encodeJsonMessage(const Message &message, bool compact)
{
    json::Object out;
    out["from"] = message.from;
    if (!message.to.empty())
        out["to"] = message.to;
    std::visit([&](const auto &body) { write(out, body, compact); }, message.body);
    return json::canonical(json::Value(std::move(out)));
}

Result<Message> decodeJsonMessage(std::string_view bytes)
{
    EVENTSYNC_TRY(const json::Value value, json::parse(bytes, kTextLimits));
    FieldReader in(value);
    Message message;
    const std::string type = in.text("type");
    message.from = in.text("from");
    message.to = in.optionalText("to").value_or(std::string());
    EVENTSYNC_CHECK(in.finish(UnknownFields::Ignore));
    if (type == "patches") {
        EVENTSYNC_TRY(message.body, readPatches(in));
    } else if (type == "state") {
        EVENTSYNC_TRY(message.body, readState(in));
    } else if (type == "request") {
        EVENTSYNC_TRY(message.body, readRequest(in));
    } else if (type == "compare") {
        EVENTSYNC_TRY(message.body, readCompare(in));
    } else if (type == "snapshot") {
        EVENTSYNC_TRY(message.body, readSnapshot(in));
    } else {
        return failure(ErrorCode::UnknownMessage, "type '" + type.substr(0, 40) + "'");
    }
    EVENTSYNC_CHECK(in.finish(UnknownFields::Ignore));
    return message;
}

} // namespace eventsync::crdtsync
