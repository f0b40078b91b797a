// SPDX-License-Identifier: Apache-2.0
// A small machine whose program is the input: three replicas make operations of every kind, valid ones and ones that point
// anywhere, and the same patches reach the others in another order, twice. All must end equal.
#include <eventsync/base/assert.h>
#include <eventsync/crdt/encoding.h>

#include <algorithm>

using namespace eventsync;
using namespace eventsync::crdt;

namespace {

class Program
{
public:
    Program(const std::uint8_t *data, std::size_t size) : m_at(data), m_end(data + size) {}
    std::uint8_t next() { return m_at < m_end ? *m_at++ : 0; }
    bool isDone() const { return m_at == m_end; }

private:
    const std::uint8_t *m_at;
    const std::uint8_t *m_end;
};

Id pick(Program &program, const std::vector<Id> &ids)
{
    if (ids.empty())
        return kOrigin;
    const Id id = ids[program.next() % ids.size()];
    return {id.sid, id.time + program.next() % 4};
}

Patch make(Program &program, const Document &document, std::vector<Id> &ids)
{
    PatchBuilder builder(document.clock().next());
    const int count = 1 + program.next() % 4;
    for (int i = 0; i < count; ++i) {
        const Id object = pick(program, ids);
        const Id ref = program.next() % 3 == 0 ? object : pick(program, ids);
        Id id;
        switch (program.next() % 13) {
        case 0: id = builder.newCon(json::Value(program.next())); break;
        case 1: id = builder.newNode(static_cast<OpCode>(1 + program.next() % 6)); break;
        case 2: id = builder.newNode(OpCode::NewStr); break;
        case 3: id = builder.newNode(OpCode::NewArr); break;
        case 4: id = builder.insVal(program.next() % 2 == 0 ? kOrigin : object, pick(program, ids)); break;
        case 5: id = builder.insObj(object, {{std::string(1, char('a' + program.next() % 3)), pick(program, ids)}}); break;
        case 6: id = builder.insVec(object, {{std::uint32_t(program.next() % 4), pick(program, ids)}}); break;
        case 7: id = builder.insStr(object, ref, program.next() % 2 == 0 ? "ab" : "\xF0\x9F\x98\x80x"); break;
        case 8: id = builder.insBin(object, ref, "xyz"); break;
        case 9: id = builder.insArr(object, ref, {pick(program, ids), pick(program, ids)}); break;
        case 10: id = builder.updArr(object, ref, pick(program, ids)); break;
        case 11: id = builder.del(object, {{ref.sid, ref.time, std::uint64_t(1 + program.next() % 5)}}); break;
        default: id = builder.nop(1 + program.next() % 3); break;
        }
        ids.push_back(id);
    }
    return builder.flush();
}

void deliver(std::vector<Patch> patches, Document &to)
{
    std::size_t before = 0;
    do { // until nothing more gets in
        before = patches.size();
        std::erase_if(patches, [&](const Patch &patch) { return to.apply(patch).has_value(); });
    } while (patches.size() != before);
    EVENTSYNC_ASSERT(patches.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size > 600)
        return 0;
    Program program(data, size);
    std::vector<Document> replicas;
    for (std::uint64_t sid = 70001; sid <= 70003; ++sid)
        replicas.emplace_back(sid);
    std::vector<Patch> patches;
    std::vector<Id> ids;
    while (!program.isDone()) {
        Document &author = replicas[program.next() % 3];
        if (const std::uint8_t what = program.next(); what % 4 == 0 && !patches.empty()) {
            static_cast<void>(author.apply(patches[program.next() % patches.size()]));
            continue;
        }
        const Patch patch = make(program, author, ids);
        const auto applied = author.apply(patch);
        if (applied)
            patches.push_back(patch);
        else
            EVENTSYNC_ASSERT(applied.error().code == ErrorCode::MissingDependency);
    }
    std::vector<Patch> reversed(patches.rbegin(), patches.rend());
    deliver(patches, replicas[0]);
    deliver(reversed, replicas[1]);
    deliver(reversed, replicas[2]);
    deliver(patches, replicas[2]);
    const std::string view = replicas[0].canonicalView();
    EVENTSYNC_ASSERT(replicas[1].canonicalView() == view);
    EVENTSYNC_ASSERT(replicas[2].canonicalView() == view);
    for (const Document &replica : replicas) {
        const auto copy = decodeBinary(encodeBinary(replica));
        EVENTSYNC_ASSERT(copy.has_value() && copy->canonicalView() == view);
    }
    return 0;
}
