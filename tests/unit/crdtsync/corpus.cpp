// SPDX-License-Identifier: Apache-2.0
#include "corpus.h"

#include <eventsync/base/assert.h>
#include <eventsync/crdt/encoding.h>

namespace eventsync::test {

using namespace crdtsync;

crdt::Patch smallPatch(std::int64_t replica, std::uint64_t time, std::int64_t value)
{
    crdt::PatchBuilder builder({static_cast<std::uint64_t>(replica), time});
    builder.newCon(crdt::Constant(json::Value(value)));
    return builder.flush();
}

NumberedPatch numbered(std::int64_t replica, std::int64_t number, std::int64_t value)
{
    return {idOf(replica, number), smallPatch(replica, static_cast<std::uint64_t>(number), value)};
}

PatchDigest patchDigestOf(const PatchId &id, std::int64_t value)
{
    return PatchDigest::of(id, numbered(id.replica.value(), id.number.value(), value).patch);
}

crdt::Patch randomEdit(Random &random, crdt::Api &api)
{
    if (api.document().isEmpty()) {
        EVENTSYNC_ASSERT(api.root(json::Object{{"text", "x"}, {"list", json::Array{1, 2}}}).has_value());
        return api.flush();
    }
    const auto key = "/" + std::string(1, static_cast<char>('a' + random.below(4)));
    switch (random.below(5)) {
    case 0: {
        if (auto object = api.obj(""))
            (void)object->set(key.substr(1), json::Value(static_cast<std::int64_t>(random.below(1000))));
        break;
    }
    case 1: {
        if (auto list = api.arr("/list"))
            (void)list->ins(random.below(list->length() + 1), {json::Value(static_cast<std::int64_t>(random.below(9)))});
        break;
    }
    case 2: {
        if (auto list = api.arr("/list"); list && list->length() > 0)
            (void)list->del(random.below(list->length()), 1);
        break;
    }
    default: {
        auto text = api.str("/text");
        if (!text)
            break;
        const auto at = static_cast<qsizetype>(random.below(static_cast<std::uint64_t>(text->length()) + 1));
        if (random.below(3) == 0 && at < text->length())
            (void)text->del(at, 1);
        else
            (void)text->ins(at, QStringLiteral("한글 ab").mid(static_cast<qsizetype>(random.below(4)), 2));
    }
    }
    return api.flush();
}

std::vector<Message> sampleMessages()
{
    crdt::Document document(static_cast<std::uint64_t>(kAlice));
    crdt::Api api(document);
    EVENTSYNC_ASSERT(api.root(json::Object{{"title", "안녕"}, {"n", 1.5}, {"list", json::Array{true, nullptr}}}).has_value());
    const crdt::Patch patch = api.flush();
    const Fingerprint fingerprint = Fingerprint::of(PatchDigest::of(idOf(kAlice, 1), patch), 1);
    VersionVector vector;
    vector.advance(ReplicaId(kAlice), PatchNumber(7));
    vector.advance(ReplicaId(9'007'199'254'740'991), PatchNumber(1));
    const Comparison ranges{{idOf(kAlice, 5), ComparedRange::Same{}},
                            {idOf(kBob, 1), fingerprint},
                            {kPastPatches, ComparedRange::Runs{{rangeOf(kBob, 1, 9), fingerprint, true},
                                                               {rangeOf(kBob, 11, 11), fingerprint, false}}}};
    return {{"a", {}, PatchesMessage{{{idOf(kAlice, 1), patch}, numbered(kBob, 3)}, false}},
            {"a", "b", PatchesMessage{{numbered(kBob, 1)}, true}},
            {"a", {}, StateMessage{8, fingerprint, vector}},
            {"a", "b", StateMessage{0, fingerprint, {}}},
            {"노드", "b", RequestMessage{{rangeOf(kAlice, 1, 3), rangeOf(kAlice, 5, 5), rangeOf(kBob, 2, 9)}, false}},
            {"a", "b", CompareMessage{ranges}},
            {"a", "b", SnapshotMessage{{{rangeOf(kAlice, 1, 1), PatchDigest::of(idOf(kAlice, 1), patch), patch.span()}}, crdt::encodeBinary(document)}}};
}

std::vector<std::uint64_t> seeds(int brief, int full)
{
    if (qEnvironmentVariableIsSet("EVENTSYNC_SEED"))
        return {qEnvironmentVariable("EVENTSYNC_SEED").toULongLong()};
    std::vector<std::uint64_t> list;
    const int count = qEnvironmentVariableIntValue("EVENTSYNC_LONG") == 1 ? full : brief;
    for (int i = 1; i <= count; ++i)
        list.push_back(static_cast<std::uint64_t>(i));
    return list;
}

} // namespace eventsync::test
