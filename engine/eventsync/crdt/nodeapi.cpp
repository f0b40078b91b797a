// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/api.h>
#include <eventsync/crdt/differ_p.h>
#include <eventsync/crdt/textreader.h>
#include <eventsync/crdt/utf16_p.h>

#include <algorithm>

namespace eventsync::crdt {

// ---- any node

Document &NodeApi::document() const
{
    return m_api->document();
}

inline NodeIndex NodeApi::locate() const
{
    if (!document().isAt(m_index, m_id))
        m_index = document().find(m_id);
    return m_index;
}

bool NodeApi::exists() const
{
    return locate() != kNoNode;
}

std::optional<NodeKind> NodeApi::kind() const
{
    const NodeIndex index = locate();
    return index == kNoNode ? std::nullopt : std::optional(document().node(index).kind);
}

json::Value NodeApi::view() const
{
    return document().view(m_id);
}

Path NodeApi::path() const
{
    return document().pathOf(m_id);
}

inline NodeIndex NodeApi::locate(NodeKind kind) const
{
    const NodeIndex index = locate();
    const bool fits = index != kNoNode && document().node(index).kind == kind && !document().node(index).isDead;
    return fits ? index : kNoNode;
}

Result<NodeIndex> NodeApi::index(NodeKind kind) const
{
    const NodeIndex index = locate();
    if (index == kNoNode || document().node(index).isDead)
        return failure(ErrorCode::NotFound, "the node is gone");
    if (document().node(index).kind != kind)
        return failure(ErrorCode::Invalid, "the node is of another kind");
    return index;
}

template<class T>
Result<T> NodeApi::as(NodeKind kind) const
{
    EVENTSYNC_CHECK(index(kind));
    return T(*m_api, m_id);
}

Result<StrApi> NodeApi::str() const { return as<StrApi>(NodeKind::Str); }
Result<BinApi> NodeApi::bin() const { return as<BinApi>(NodeKind::Bin); }
Result<ArrApi> NodeApi::arr() const { return as<ArrApi>(NodeKind::Arr); }
Result<ObjApi> NodeApi::obj() const { return as<ObjApi>(NodeKind::Obj); }
Result<VecApi> NodeApi::vec() const { return as<VecApi>(NodeKind::Vec); }
Result<ValApi> NodeApi::val() const { return as<ValApi>(NodeKind::Val); }
Result<ConApi> NodeApi::con() const { return as<ConApi>(NodeKind::Con); }

namespace {

bool splitsPair(const Sequence &sequence, std::uint64_t position, std::uint64_t count)
{
    return sequence.kind() == Sequence::Kind::Text
        && (sequence.splitsPair(static_cast<std::uint32_t>(position))
            || (count > 0 && sequence.splitsPair(static_cast<std::uint32_t>(position + count))));
}

// [position, position + count) lies in the sequence and begins and ends between characters.
Result<> checkRange(const Sequence &sequence, std::uint64_t position, std::uint64_t count)
{
    if (position > sequence.length() || count > sequence.length() - position)
        return failure(ErrorCode::NotFound, "a position past the end");
    if (splitsPair(sequence, position, count))
        return failure(ErrorCode::InvalidValue, "a position inside a surrogate pair");
    return {};
}

Result<> checkRoom(const Sequence &sequence, std::uint64_t count)
{
    if (count > Sequence::kMaxElements - sequence.total())
        return failure(ErrorCode::TooLarge, "a sequence has too many elements");
    return {};
}

// What typing asks at every key, without making a Result of the answer: the range is right, and there is room for `more`.
inline bool isSimple(const Sequence &sequence, std::uint64_t position, std::uint64_t count, std::uint64_t more)
{
    return !sequence.mayHavePairs() && position <= sequence.length() && count <= sequence.length() - position
        && more <= Sequence::kMaxElements - sequence.total();
}

} // namespace

// ---- str

qsizetype StrApi::length() const
{
    return TextReader(document(), m_id).length();
}

QString StrApi::text() const
{
    return TextReader(document(), m_id).text();
}

QString StrApi::text(qsizetype position, qsizetype count) const
{
    return TextReader(document(), m_id).text(position, count);
}

Result<> StrApi::ins(qsizetype position, const QString &text)
{
    const std::u16string_view units(reinterpret_cast<const char16_t *>(text.utf16()), static_cast<std::size_t>(text.size()));
    std::string utf8;
    utf8.reserve(units.size());
    appendUtf8(utf8, units, LoneSurrogate::Keep);
    return ins(position, utf8);
}

Result<> StrApi::ins(qsizetype position, std::string_view utf8)
{
    const NodeIndex node = locate(NodeKind::Str);
    if (node == kNoNode)
        return failure(index(NodeKind::Str).error());
    const Sequence &sequence = document().node(node).sequence();
    if (!isSimple(sequence, static_cast<std::uint64_t>(position), 0, utf8.size())) {
        EVENTSYNC_CHECK(checkRange(sequence, static_cast<std::uint64_t>(position), 0));
        EVENTSYNC_CHECK(checkRoom(sequence, utf8.size()));
    }
    if (utf8.empty())
        return {};
    const auto at = static_cast<std::uint32_t>(position);
    if (isAscii(utf8)) {
        m_api->insertUnits(node, at, utf8, {utf8.data(), static_cast<std::uint32_t>(utf8.size()), 1});
        return {};
    }
    if (!isValidUtf8(utf8))
        return failure(ErrorCode::InvalidValue, "half a surrogate pair, or no UTF-8");
    std::u16string units;
    appendUtf16(units, utf8);
    m_api->insertUnits(node, at, utf8, {units.data(), static_cast<std::uint32_t>(units.size()), 2});
    return {};
}

Result<> StrApi::del(qsizetype position, qsizetype count)
{
    const NodeIndex node = locate(NodeKind::Str);
    if (node == kNoNode)
        return failure(index(NodeKind::Str).error());
    const Sequence &sequence = document().node(node).sequence();
    const auto from = static_cast<std::uint64_t>(position);
    if (!isSimple(sequence, from, static_cast<std::uint64_t>(count), 0))
        EVENTSYNC_CHECK(checkRange(sequence, from, static_cast<std::uint64_t>(count)));
    if (count > 0)
        m_api->deleteUnits(node, static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(count));
    return {};
}

Result<> StrApi::replace(qsizetype position, qsizetype count, const QString &text)
{
    if (!text.isValidUtf16())
        return failure(ErrorCode::InvalidValue, "half a surrogate pair");
    EVENTSYNC_CHECK(del(position, count));
    return ins(position, text);
}

Result<> StrApi::diff(const QString &wanted)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Str));
    if (!wanted.isValidUtf16())
        return failure(ErrorCode::InvalidValue, "half a surrogate pair");
    Differ(*m_api).editText(node, wanted.toStdU16String());
    return {};
}

Anchor StrApi::anchor(qsizetype position) const
{
    return TextReader(document(), m_id).anchor(position);
}

qsizetype StrApi::position(const Anchor &anchor) const
{
    return TextReader(document(), m_id).position(anchor);
}

// ---- bin

std::size_t BinApi::length() const
{
    const auto node = index(NodeKind::Bin);
    return node ? document().node(*node).sequence().length() : 0;
}

Bytes BinApi::bytes() const
{
    Bytes bytes;
    if (const auto node = index(NodeKind::Bin))
        document().node(*node).sequence().appendBytes(bytes, 0, document().node(*node).sequence().length());
    return bytes;
}

Result<> BinApi::ins(std::size_t position, std::string_view bytes)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Bin));
    EVENTSYNC_CHECK(checkRange(document().node(node).sequence(), position, 0));
    EVENTSYNC_CHECK(checkRoom(document().node(node).sequence(), bytes.size()));
    if (!bytes.empty())
        m_api->insertUnits(node, static_cast<std::uint32_t>(position), bytes,
                           {bytes.data(), static_cast<std::uint32_t>(bytes.size()), 1});
    return {};
}

Result<> BinApi::del(std::size_t position, std::size_t count)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Bin));
    EVENTSYNC_CHECK(checkRange(document().node(node).sequence(), position, count));
    if (count > 0)
        m_api->deleteUnits(node, static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(count));
    return {};
}

// ---- arr

std::size_t ArrApi::length() const
{
    const auto node = index(NodeKind::Arr);
    return node ? document().node(*node).sequence().length() : 0;
}

Result<NodeApi> ArrApi::at(std::size_t position) const
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Arr));
    EVENTSYNC_CHECK(checkRange(document().node(node).sequence(), position, 1));
    return NodeApi(*m_api, document().idOf(document().node(node).sequence().unitAt(static_cast<std::uint32_t>(position))));
}

Result<> ArrApi::ins(std::size_t position, const std::vector<json::Value> &values)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Arr));
    EVENTSYNC_CHECK(checkRange(document().node(node).sequence(), position, 0));
    EVENTSYNC_CHECK(checkRoom(document().node(node).sequence(), values.size()));
    std::vector<json::Value> wanted;
    for (const json::Value &value : values) {
        EVENTSYNC_TRY(json::Value checked, prepared(value));
        wanted.push_back(std::move(checked));
    }
    if (wanted.empty())
        return {};
    std::vector<Id> elements;
    for (const json::Value &value : wanted)
        elements.push_back(m_api->build(value));
    m_api->insertElements(node, static_cast<std::uint32_t>(position), elements);
    return {};
}

Result<> ArrApi::upd(std::size_t position, const json::Value &value)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Arr));
    EVENTSYNC_CHECK(checkRange(document().node(node).sequence(), position, 1));
    EVENTSYNC_TRY(const json::Value wanted, prepared(value));
    const Id made = m_api->build(wanted);
    m_api->setElement(node, static_cast<std::uint32_t>(position), made);
    return {};
}

Result<> ArrApi::del(std::size_t position, std::size_t count)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Arr));
    EVENTSYNC_CHECK(checkRange(document().node(node).sequence(), position, count));
    if (count > 0)
        m_api->deleteUnits(node, static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(count));
    return {};
}

Anchor ArrApi::anchor(std::size_t position) const
{
    const auto node = index(NodeKind::Arr);
    return node ? anchorIn(document(), document().node(*node).sequence(), position) : Anchor{};
}

std::size_t ArrApi::position(const Anchor &anchor) const
{
    const auto node = index(NodeKind::Arr);
    return node ? positionIn(document(), document().node(*node).sequence(), anchor) : 0;
}

// ---- obj, vec, val, con

std::vector<std::string> ObjApi::keys() const
{
    std::vector<std::string> keys;
    const auto node = index(NodeKind::Obj);
    if (!node)
        return keys;
    for (const ObjectKeys::Entry &entry : document().node(*node).keys().entries()) {
        if (entry.key != kHiddenKey && !document().node(entry.value).isUndefined())
            keys.push_back(entry.key);
    }
    return keys;
}

Result<NodeApi> ObjApi::at(std::string_view key) const
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Obj));
    const NodeIndex *child = document().node(node).keys().find(key);
    if (!child || *child == kNoNode || document().node(*child).isUndefined())
        return failure(ErrorCode::NotFound, "no such key", "/" + std::string(key));
    return NodeApi(*m_api, document().idOf(*child));
}

Result<> ObjApi::set(std::string_view key, const json::Value &value)
{
    const NodeIndex node = locate(NodeKind::Obj);
    if (node == kNoNode)
        return failure(index(NodeKind::Obj).error());
    EVENTSYNC_CHECK(checkKey(key));
    if (isPlain(value)) {
        m_api->setKey(node, key, m_api->buildConstant(value));
        return {};
    }
    EVENTSYNC_TRY(const json::Value wanted, prepared(value));
    const Id made = m_api->buildMember(wanted);
    m_api->setKey(node, key, made);
    return {};
}

Result<> ObjApi::setConstant(std::string_view key, const Constant &constant)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Obj));
    EVENTSYNC_CHECK(checkKey(key));
    EVENTSYNC_CHECK(prepared(viewOf(constant)));
    const Id made = m_api->buildConstant(constant);
    m_api->setKey(node, key, made);
    return {};
}

Result<> ObjApi::del(std::string_view key)
{
    EVENTSYNC_CHECK(at(key));
    return setConstant(key, Undefined{});
}

std::size_t VecApi::length() const
{
    const auto node = index(NodeKind::Vec);
    return node ? document().node(*node).vecSlots().size() : 0;
}

Result<NodeApi> VecApi::at(std::size_t slot) const
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Vec));
    const VecSlots &slots = document().node(node).vecSlots();
    if (slot >= slots.size() || slots[slot] == kNoNode)
        return failure(ErrorCode::NotFound, "no such index");
    return NodeApi(*m_api, document().idOf(slots[slot]));
}

Result<> VecApi::set(std::size_t slot, const json::Value &value)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Vec));
    if (slot > kMaxVecIndex)
        return failure(ErrorCode::TooLarge, "index of a vec");
    EVENTSYNC_TRY(const json::Value wanted, prepared(value));
    const Id made = m_api->buildMember(wanted);
    m_api->setSlot(node, static_cast<std::uint32_t>(slot), made);
    return {};
}

Result<NodeApi> ValApi::get() const
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Val));
    const NodeIndex value = document().node(node).value();
    if (value == kNoNode)
        return failure(ErrorCode::NotFound, "the register is empty");
    return NodeApi(*m_api, document().idOf(value));
}

Result<> ValApi::set(const json::Value &value)
{
    EVENTSYNC_TRY(const NodeIndex node, index(NodeKind::Val));
    EVENTSYNC_TRY(const json::Value wanted, prepared(value));
    const Id made = m_api->buildMember(wanted);
    m_api->setVal(m_id, document().node(node).value(), made);
    return {};
}

Constant ConApi::constant() const
{
    const auto node = index(NodeKind::Con);
    return node ? document().node(*node).constant() : Constant(Undefined{});
}

} // namespace eventsync::crdt
