// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/document.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/crdt/utf16_p.h>

#include <eventsync/base/assert.h>

// Applying patches. Everything that could refuse a patch is checked before anything is changed.
//
// Why any order gives one result: elements of sequences never go (deleted ones stay as runs of ids), and a register keeps
// the largest of all values ever put into it. A value that loses its register, by being displaced or by coming too late,
// is dead, with all below it; so is a value put into a dead container. Dead nodes are forgotten (the clock remembers that
// their ids were seen), and whatever refers to them later does nothing. All of this depends on which operations there
// are, not on their order.

namespace eventsync::crdt {

namespace {

constexpr std::uint64_t kRegisterUnits = 0; // a change of a register moves no units

std::uint32_t asUnits(std::uint64_t count)
{
    return static_cast<std::uint32_t>(count);
}

// The units of inserted text, from `skip` on; `buffer` keeps them if they had to be converted.
Units unitsOf(const Operation &op, std::uint64_t skip, std::u16string &buffer)
{
    if (op.content.size() == op.span) // ASCII, or bytes
        return {op.content.data() + skip, asUnits(op.span - skip), 1};
    buffer.clear();
    appendUtf16(buffer, op.content);
    return {buffer.data() + skip, asUnits(op.span - skip), 2};
}

// What a container takes: only values younger than itself, so that no node ever stands below itself, and none of the system's
// own. As in the reference a val compares whole ids, the others only times. That the container is gone must not change
// whose values it takes.
bool takes(OpCode insertion, Id container, Id value)
{
    if (value.sid == kSystemSession)
        return false;
    return insertion == OpCode::InsVal ? container < value : container.time < value.time;
}

} // namespace

// ---- checking

bool Document::knows(Id id, const IdSpan &self) const
{
    if (id.sid == self.sid && id.time >= self.time && id.time < self.end())
        return true;
    return m_clock->knows(id);
}

// The first id that the operation refers to and nobody has seen; kOrigin: none. `self`: the ids of the patch's operations
// before this one.
Id Document::firstUnknown(const Operation &op, const IdSpan &self) const
{
    Id unknown = kOrigin;
    const auto needs = [&](Id id) {
        if (knows(id, self))
            return false;
        unknown = id;
        return true;
    };
    const auto need = [&](Id id) {
        if (unknown == kOrigin)
            needs(id);
    };
    const std::uint64_t sid = op.id.sid;
    switch (op.code) {
    case OpCode::NewCon:
        return op.isReference && needs(op.value) ? unknown : kOrigin;
    case OpCode::InsVal:
        return needs(op.object) || needs(op.value) ? unknown : kOrigin;
    case OpCode::InsObj:
        need(op.object);
        forEachKey(op, sid, [&](const KeyEntry &entry) { need(entry.value); });
        return unknown;
    case OpCode::InsVec:
        need(op.object);
        forEachIndex(op, sid, [&](const IndexEntry &entry) { need(entry.value); });
        return unknown;
    case OpCode::InsArr:
        need(op.object), need(op.ref);
        forEachElement(op, sid, [&](Id element) { need(element); });
        return unknown;
    case OpCode::InsStr:
    case OpCode::InsBin:
        return needs(op.object) || needs(op.ref) ? unknown : kOrigin;
    case OpCode::UpdArr:
        return needs(op.object) || needs(op.ref) || needs(op.value) ? unknown : kOrigin;
    case OpCode::Del:
        need(op.object);
        forEachSpan(op, sid, [&](IdSpan span) {
            IdSpan before = span; // what of it is not of this patch: text typed on may be deleted with what stood before
            if (span.sid == self.sid && span.end() <= self.end() && span.end() > self.time)
                before.length = span.time < self.time ? self.time - span.time : 0;
            if (unknown == kOrigin && before.length > 0 && !m_clock->knowsAll(before))
                unknown = span.first();
        });
        return unknown;
    default:
        return kOrigin;
    }
}

Result<> Document::checkOperation(const Operation &op, const IdSpan &self) const
{
    if (const Id unknown = firstUnknown(op, self); unknown != kOrigin)
        return failure(ErrorCode::MissingDependency,
                       "id " + std::to_string(unknown.sid) + "." + std::to_string(unknown.time) + " has not been seen");
    if (op.code != OpCode::InsStr && op.code != OpCode::InsBin && op.code != OpCode::InsArr)
        return {};
    const NodeIndex node = find(op.object);
    if (node != kNoNode && m_nodes[node].kind >= NodeKind::Str
        && op.span > Sequence::kMaxElements - m_nodes[node].sequence().total())
        return failure(ErrorCode::TooLarge, "a sequence has too many elements");
    return {};
}

Result<> Document::check(const PatchView &patch) const
{
    const IdSpan span = patch.idSpan();
    if (m_clock->isServer() != (span.sid == kServerSession))
        return failure(ErrorCode::InvalidValue, "a patch of the other kind of clock");
    if (m_clock->isServer() && span.time > m_clock->time())
        return failure(ErrorCode::MissingDependency, "a gap before this patch");
    const std::uint64_t end = span.end() - 1;
    if (end > m_clock->time() && end - m_clock->time() > limits::kCrdtClockJump)
        return failure(ErrorCode::InvalidValue, "a time too far ahead");
    Result<> result;
    patch.forEach([&](const Operation &op) {
        if (!result)
            return;
        if (Result<> one = checkOperation(op, {span.sid, span.time, op.id.time - span.time}); !one)
            result = std::move(one);
    });
    return result;
}

Result<Applied> Document::apply(const PatchView &patch)
{
    if (patch.operationCount() == 1 && typesOn(patch.first()))
        return Applied::New;
    if (patch.operationCount() == 0 || m_clock->sawAll(patch.idSpan()))
        return Applied::Known;
    EVENTSYNC_CHECK(check(patch));
    const bool isOne = patch.operationCount() == 1;
    patch.forEach([&](const Operation &op) {
        if (isOne || !m_clock->sawAll({op.id.sid, op.id.time, op.span}))
            perform(op);
        m_clock->observe({op.id.sid, op.id.time, op.span});
    });
    return Applied::New;
}

// The usual patch of somebody who types: one insertion that goes on where that session's last operation ended. It is new,
// then, and refers to nothing that has not been seen, so nothing needs to be checked. False: it is something else.
bool Document::typesOn(const Operation &op)
{
    const bool isNext = op.code == OpCode::InsStr && op.ref.sid == op.id.sid && op.ref.time + 1 == op.id.time
        && op.ref != op.object && !m_clock->isServer() && m_clock->goesOn(op.id);
    const NodeIndex index = isNext ? container(op.object, NodeKind::Str) : kNoNode;
    if (index == kNoNode || op.span > Sequence::kMaxElements - m_nodes[index].sequence().total())
        return false;
    insertUnits(index, op, 0);
    m_clock->observe({op.id.sid, op.id.time, op.span});
    return true;
}

Result<Applied> Document::apply(const Patch &patch)
{
    return apply(patch.view());
}

Result<Applied> Document::applyBinary(std::string_view bytes)
{
    PatchView patch;
    EVENTSYNC_CHECK(patch.read(bytes));
    return apply(patch);
}

// ---- performing

void Document::perform(const Operation &op)
{
    switch (op.code) {
    case OpCode::NewCon: case OpCode::NewVal: case OpCode::NewObj: case OpCode::NewVec:
    case OpCode::NewStr: case OpCode::NewBin: case OpCode::NewArr:
        return createNode(op);
    case OpCode::InsVal: return setValue(op);
    case OpCode::InsObj: return setKeys(op);
    case OpCode::InsVec: return setSlots(op);
    case OpCode::InsStr: case OpCode::InsBin: return insertUnits(op);
    case OpCode::InsArr: return insertElements(op);
    case OpCode::UpdArr: return updateElement(op);
    case OpCode::Del: return erase(op);
    case OpCode::Nop: return;
    }
}

void Document::applyLocally(const Operation &op)
{
    perform(op);
    m_clock->observe({op.id.sid, op.id.time, op.span});
}

void Document::createNode(const Operation &op)
{
    const Sequence::Stamp id{m_clock->number(op.id.sid), op.id.time};
    if (m_nodes.find(id) != kNoNode)
        return;
    const NodeIndex node = m_nodes.create(id, static_cast<NodeKind>(op.code));
    if (op.code != OpCode::NewCon)
        return;
    if (op.isReference) {
        m_nodes[node].setConstant(op.value);
    } else {
        ByteReader in(op.content);
        m_nodes[node].setConstant(readCbor(in));
    }
}

NodeIndex Document::container(Id id, NodeKind kind) const
{
    const NodeIndex node = find(id);
    return node != kNoNode && m_nodes[node].kind == kind && !m_nodes[node].isDead ? node : kNoNode;
}

// The node, or, where its id is wanted for a register though it is gone, a dead one in its place.
NodeIndex Document::resolve(Id id, bool wanted)
{
    NodeIndex node = find(id);
    if (node == kNoNode && wanted && id.sid != kSystemSession) {
        node = m_nodes.create({m_clock->number(id.sid), id.time}, NodeKind::Con);
        m_nodes[node].isDead = true;
    }
    return node;
}

void Document::discard(Id value)
{
    if (const NodeIndex node = find(value); node != kNoNode)
        m_nodes.collect(node);
}

// A register takes the larger of its value and the new one; the other is dead.
bool Document::put(NodeIndex &slot, Id value, NodeIndex container)
{
    if (value.sid == kSystemSession)
        return false;
    if (slot != kNoNode && !isLess(slot, value)) {
        if (idOf(slot) != value)
            discard(value);
        return false;
    }
    const NodeIndex old = slot;
    const NodeIndex node = resolve(value, true); // never touches the containers `slot` may lie in
    slot = node;
    m_nodes.addReference(node, container);
    if (old != kNoNode)
        m_nodes.dropReference(old);
    return true;
}

void Document::setValue(const Operation &op)
{
    if (op.object.isOrigin()) {
        if (put(m_root, op.value, kNoNode))
            notify({Change::Kind::Value, kOrigin, 0, kRegisterUnits, kRegisterUnits, {}});
        return;
    }
    const NodeIndex node = container(op.object, NodeKind::Val);
    if (!takes(op.code, op.object, op.value))
        return;
    if (node == kNoNode)
        return discard(op.value);
    NodeIndex slot = m_nodes[node].value();
    const bool isNew = put(slot, op.value, node);
    m_nodes[node].value() = slot;
    if (isNew)
        notify({Change::Kind::Value, op.object, 0, 0, 0, {}});
}

void Document::setKey(NodeIndex node, Id object, const KeyEntry &entry)
{
    if (!takes(OpCode::InsObj, object, entry.value))
        return;
    ObjectKeys &keys = m_nodes[node].keys(); // lies on the heap: making nodes does not move it
    if (put(keys.findOrAdd(entry.key), entry.value, node) && m_observer)
        notify({Change::Kind::Value, object, 0, 0, 0, std::string(entry.key)});
}

void Document::setKeys(const Operation &op)
{
    const NodeIndex node = container(op.object, NodeKind::Obj);
    forEachKey(op, op.id.sid, [&](const KeyEntry &entry) {
        if (node != kNoNode)
            setKey(node, op.object, entry);
        else if (takes(op.code, op.object, entry.value))
            discard(entry.value);
    });
}

void Document::setSlots(const Operation &op)
{
    const NodeIndex node = container(op.object, NodeKind::Vec);
    forEachIndex(op, op.id.sid, [&](const IndexEntry &entry) {
        if (!takes(op.code, op.object, entry.value))
            return;
        if (node == kNoNode)
            return discard(entry.value);
        VecSlots &slots = m_nodes[node].vecSlots();
        if (slots.size() <= entry.index)
            slots.resize(entry.index + 1, kNoNode);
        if (put(slots[entry.index], entry.value, node))
            notify({Change::Kind::Value, op.object, entry.index, 0, 0, {}});
    });
}

// How many of the operation's first elements are there already: a patch may come again, merged with others or compacted.
std::uint64_t Document::knownPrefix(const Sequence &sequence, const Operation &op) const
{
    const LogicalClock::SessionIndex session = m_clock->find(op.id.sid);
    if (session == LogicalClock::kNone || !m_clock->knows(op.id))
        return 0;
    std::uint64_t known = 0;
    while (known < op.span && sequence.contains({session, op.id.time + known}))
        ++known;
    return known;
}

void Document::insertUnits(const Operation &op)
{
    const NodeIndex index = container(op.object, op.code == OpCode::InsStr ? NodeKind::Str : NodeKind::Bin);
    if (index == kNoNode)
        return;
    const std::uint64_t known = knownPrefix(m_nodes[index].sequence(), op);
    if (known < op.span)
        insertUnits(index, op, known);
}

// `known`: how many of the units are there already.
void Document::insertUnits(NodeIndex index, const Operation &op, std::uint64_t known)
{
    Sequence &sequence = m_nodes[index].sequence();
    const Sequence::Stamp id{m_clock->number(op.id.sid), op.id.time + known};
    Sequence::Stamp ref;
    if (known > 0)
        ref = {id.session, id.time - 1};
    else if (op.ref != op.object)
        ref = stampOf(op.ref);
    if (ref.session == LogicalClock::kNone && op.ref != op.object && known == 0)
        return;
    std::u16string buffer;
    const Units units = unitsOf(op, known, buffer);
    std::uint32_t position = 0;
    if (sequence.insert(ref, id, units, m_observer ? &position : nullptr) && m_observer) {
        const auto kind = op.code == OpCode::InsStr ? Change::Kind::Text : Change::Kind::Bytes;
        notify({kind, op.object, position, 0, units.count, {}});
    }
}

void Document::insertElements(const Operation &op)
{
    const NodeIndex index = container(op.object, NodeKind::Arr);
    std::vector<NodeIndex> elements;
    if (index == kNoNode) {
        forEachElement(op, op.id.sid, [&](Id value) {
            if (takes(op.code, op.object, value))
                discard(value);
        });
        return;
    }
    Sequence &sequence = m_nodes[index].sequence();
    const LogicalClock::SessionIndex session = m_clock->number(op.id.sid);
    const std::uint64_t known = knownPrefix(sequence, op);
    // Those behind a value it does not take move up, as in the reference.
    std::uint64_t at = 0;
    forEachElement(op, op.id.sid, [&](Id value) {
        if (!takes(op.code, op.object, value))
            return;
        NodeIndex there = kNoNode;
        if (at >= known)
            elements.push_back(resolve(value, true));
        else if (!sequence.nodeOf({session, op.id.time + at}, &there) || idOf(there) != value)
            discard(value);
        ++at;
    });
    if (elements.empty())
        return;
    Sequence::Stamp ref;
    if (known > 0)
        ref = {session, op.id.time + known - 1};
    else if (op.ref != op.object)
        ref = stampOf(op.ref);
    const bool hasRef = ref.session != LogicalClock::kNone || op.ref == op.object;
    std::uint32_t position = 0;
    const Units units{elements.data(), asUnits(elements.size()), 4};
    if (!hasRef || !sequence.insert(ref, {session, op.id.time + known}, units, &position)) {
        for (const NodeIndex element : elements)
            m_nodes.collect(element);
        return;
    }
    for (const NodeIndex element : elements)
        m_nodes.addReference(element, index);
    notify({Change::Kind::Elements, op.object, position, 0, units.count, {}});
}

void Document::updateElement(const Operation &op)
{
    const NodeIndex index = container(op.object, NodeKind::Arr);
    const Sequence::Stamp ref = stampOf(op.ref);
    NodeIndex slot = kNoNode;
    if (index == kNoNode || ref.session == LogicalClock::kNone || !m_nodes[index].sequence().nodeOf(ref, &slot))
        return discard(op.value);
    if (!put(slot, op.value, index))
        return;
    Sequence &sequence = m_nodes[index].sequence();
    NodeIndex old = kNoNode;
    sequence.setNode(ref, slot, &old);
    if (m_observer)
        notify({Change::Kind::Value, op.object, sequence.positionOf(ref), 0, 0, {}});
}

void Document::erase(NodeIndex index, const IdSpan &ids, std::vector<NodeIndex> &gone)
{
    const LogicalClock::SessionIndex session = m_clock->find(ids.sid);
    if (session == LogicalClock::kNone)
        return;
    const NodeKind kind = m_nodes[index].kind;
    std::vector<Sequence::Removal> removals;
    m_nodes[index].sequence().erase({session, ids.time}, ids.length, kind == NodeKind::Arr ? &gone : nullptr,
                                    m_observer ? &removals : nullptr);
    for (const Sequence::Removal &removal : removals) {
        const auto what = kind == NodeKind::Str   ? Change::Kind::Text
                          : kind == NodeKind::Bin ? Change::Kind::Bytes
                                                  : Change::Kind::Elements;
        notify({what, idOf(index), removal.position, removal.length, 0, {}});
    }
}

void Document::erase(const Operation &op)
{
    const NodeIndex index = find(op.object);
    if (index == kNoNode || m_nodes[index].kind < NodeKind::Str)
        return;
    std::vector<NodeIndex> gone;
    forEachSpan(op, op.id.sid, [&](const IdSpan &ids) { erase(index, ids, gone); });
    for (const NodeIndex node : gone)
        m_nodes.dropReference(node);
}

void Document::eraseLocally(NodeIndex index, std::span<const IdSpan> spans)
{
    std::vector<NodeIndex> gone;
    for (const IdSpan &ids : spans)
        erase(index, ids, gone);
    for (const NodeIndex node : gone)
        m_nodes.dropReference(node);
    m_clock->advance(1);
}

bool Document::eraseRunLocally(NodeIndex index, std::uint32_t position, std::uint32_t count, IdSpan *ids)
{
    const NodeKind kind = m_nodes[index].kind;
    Sequence::Run run;
    if (kind == NodeKind::Arr || !m_nodes[index].sequence().eraseRunAt(position, count, &run))
        return false;
    const Id first = idOf(run.first);
    *ids = {first.sid, first.time, count};
    if (m_observer)
        notify({kind == NodeKind::Str ? Change::Kind::Text : Change::Kind::Bytes, idOf(index), position, count, 0, {}});
    m_clock->advance(1);
    return true;
}

Id Document::insertLocally(NodeIndex node, std::uint32_t position, const Units &units)
{
    Sequence &sequence = m_nodes[node].sequence();
    Sequence::Stamp ref;
    const bool fits = sequence.insertAt(position, {m_clock->own(), m_clock->time()}, units, &ref);
    EVENTSYNC_ASSERT(fits);
    m_clock->advance(units.count);
    if (m_observer) {
        const auto kind = m_nodes[node].kind == NodeKind::Str ? Change::Kind::Text : Change::Kind::Bytes;
        notify({kind, idOf(node), position, 0, units.count, {}});
    }
    return position == 0 ? idOf(node) : idOf(ref);
}

Id Document::createLocally(const Constant &constant)
{
    const Id id = m_clock->next();
    const NodeIndex node = m_nodes.create({m_clock->own(), id.time}, NodeKind::Con);
    m_nodes[node].setConstant(constant);
    m_clock->advance(1);
    return id;
}

void Document::setKeyLocally(NodeIndex node, std::string_view key, Id value)
{
    setKey(node, idOf(node), {key, value});
    m_clock->advance(1);
}

} // namespace eventsync::crdt
