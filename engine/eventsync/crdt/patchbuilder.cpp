// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/assert.h>
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/patch.h>
#include <eventsync/crdt/utf16_p.h>

namespace eventsync::crdt {

// The first bytes of an operation, or of a patch, put together on the stack, with what follows if it is short: what is
// typed costs one append, not one for each integer.
class PatchBuilder::Head
{
public:
    explicit Head(std::uint64_t sid) : m_sid(sid) {}

    void code(OpCode code, std::uint64_t length)
    {
        const auto overlay = static_cast<unsigned>(code) << 3;
        *m_at++ = static_cast<char>(length <= 7 ? overlay | length : overlay);
        if (length > 7)
            number(length);
    }
    void number(std::uint64_t value) { m_at = putVu57(m_at, value); }
    void octet(std::uint8_t value) { *m_at++ = static_cast<char>(value); }
    void id(Id value)
    {
        m_at = putB1vu56(m_at, value.sid != m_sid, value.time);
        if (value.sid != m_sid)
            number(value.sid);
    }
    void session(const Session &session) // as putVu57(), done once for many patches
    {
        std::memcpy(m_at, session.bytes, sizeof session.bytes);
        m_at += session.size;
    }
    // Puts it all behind `out`.
    void flush(Bytes &out, std::string_view rest)
    {
        if (rest.size() == 1) // one key pressed
            *m_at++ = rest.front();
        else if (rest.size() <= kShort)
            m_at = std::copy(rest.begin(), rest.end(), m_at);
        out.append(m_bytes, static_cast<std::size_t>(m_at - m_bytes));
        if (rest.size() > kShort)
            out.append(rest);
    }

private:
    static constexpr std::size_t kShort = 24;
    std::uint64_t m_sid;
    char m_bytes[40 + kShort]; // a code, two ids and an integer, of at most 8 bytes each
    char *m_at = m_bytes;
};

void PatchBuilder::begin(Id first)
{
    if (first.sid != m_first.sid || m_session.size == 0)
        m_session.size = static_cast<std::size_t>(putVu57(m_session.bytes, first.sid) - m_session.bytes);
    m_first = first;
    m_time = first.time;
    m_count = 0;
    m_lastStart = m_nextStart = 0;
    m_meta.clear();
    m_operations.clear();
}

Operation PatchBuilder::last() const
{
    Operation operation;
    ByteReader in(std::string_view(m_operations).substr(m_lastStart));
    readAgain(in, m_first.sid, m_lastTime, operation);
    return operation;
}

void PatchBuilder::header(OpCode code, std::uint64_t length)
{
    const auto overlay = static_cast<std::uint8_t>(static_cast<int>(code) << 3);
    if (length <= 7) {
        m_out.u8(static_cast<std::uint8_t>(overlay | length));
    } else {
        m_out.u8(overlay);
        m_out.vu57(length);
    }
}

void PatchBuilder::id(Id value)
{
    const bool other = value.sid != m_first.sid;
    m_out.b1vu56(other, value.time);
    if (other)
        m_out.vu57(value.sid);
}

void PatchBuilder::skipTo(std::uint64_t time)
{
    if (m_count == 0) {
        m_first.time = m_time = time;
    } else if (time > m_time) {
        nop(time - m_time);
    }
}

void PatchBuilder::setMeta(const json::Value &meta)
{
    m_meta.clear();
    ByteWriter out(m_meta);
    writeCborHeader(out, 4, 1);
    writeCbor(out, meta);
}

Id PatchBuilder::newCon(const Constant &constant)
{
    if (const Id *reference = std::get_if<Id>(&constant)) {
        m_out.u8(1);
        id(*reference);
    } else {
        m_out.u8(0);
        writeCbor(m_out, constant);
    }
    return take(1);
}

Id PatchBuilder::newNode(OpCode code)
{
    m_out.u8(static_cast<std::uint8_t>(static_cast<int>(code) << 3));
    return take(1);
}

Id PatchBuilder::insVal(Id object, Id value)
{
    m_out.u8(static_cast<std::uint8_t>(static_cast<int>(OpCode::InsVal) << 3));
    id(object);
    id(value);
    return take(1);
}

Id PatchBuilder::insObj(Id object, const std::vector<std::pair<std::string, Id>> &entries)
{
    EVENTSYNC_ASSERT(!entries.empty());
    header(OpCode::InsObj, entries.size());
    id(object);
    for (const auto &[key, value] : entries) {
        writeCborText(m_out, key);
        id(value);
    }
    return take(1);
}

Id PatchBuilder::insObj(Id object, std::string_view key, Id value)
{
    Head head(m_first.sid);
    head.code(OpCode::InsObj, 1);
    head.id(object);
    head.flush(m_operations, {});
    writeCborText(m_out, key);
    id(value);
    return take(1);
}

Id PatchBuilder::insVec(Id object, const std::vector<std::pair<std::uint32_t, Id>> &entries)
{
    EVENTSYNC_ASSERT(!entries.empty());
    header(OpCode::InsVec, entries.size());
    id(object);
    for (const auto &[index, value] : entries) {
        writeCborUnsigned(m_out, index);
        id(value);
    }
    return take(1);
}

Id PatchBuilder::insStr(Id object, Id ref, std::string_view utf8)
{
    return insStr(object, ref, utf8, static_cast<std::uint64_t>(utf16Length(utf8)));
}

Id PatchBuilder::insContent(OpCode code, Id object, Id ref, std::string_view content, std::uint64_t span)
{
    EVENTSYNC_ASSERT(!content.empty());
    Head head(m_first.sid);
    head.code(code, content.size());
    head.id(object);
    head.id(ref);
    head.flush(m_operations, content);
    return take(span);
}

Id PatchBuilder::insStr(Id object, Id ref, std::string_view utf8, std::uint64_t units)
{
    return insContent(OpCode::InsStr, object, ref, utf8, units);
}

Id PatchBuilder::insBin(Id object, Id ref, std::string_view bytes)
{
    return insContent(OpCode::InsBin, object, ref, bytes, bytes.size());
}

Id PatchBuilder::insArr(Id object, Id ref, const std::vector<Id> &elements)
{
    EVENTSYNC_ASSERT(!elements.empty());
    header(OpCode::InsArr, elements.size());
    id(object);
    id(ref);
    for (const Id element : elements)
        id(element);
    return take(elements.size());
}

Id PatchBuilder::updArr(Id object, Id ref, Id value)
{
    m_out.u8(static_cast<std::uint8_t>(static_cast<int>(OpCode::UpdArr) << 3));
    id(object);
    id(ref);
    id(value);
    return take(1);
}

Id PatchBuilder::del(Id object, std::span<const IdSpan> spans)
{
    EVENTSYNC_ASSERT(!spans.empty());
    Head head(m_first.sid);
    head.code(OpCode::Del, spans.size());
    head.id(object);
    head.id(spans.front().first());
    head.number(spans.front().length);
    head.flush(m_operations, {});
    for (const IdSpan &span : spans.subspan(1)) {
        id(span.first());
        m_out.vu57(span.length);
    }
    return take(1);
}

Id PatchBuilder::nop(std::uint64_t span)
{
    header(OpCode::Nop, span);
    return take(span);
}

namespace {

// A span may lie across the border of what is renamed: then it becomes several. For own patches only, whose spans are as
// long as what was deleted.
void renameSpan(const IdSpan &span, const std::function<Id(Id)> &rename, std::vector<IdSpan> &out)
{
    for (std::uint64_t i = 0; i < span.length; ++i) {
        const Id next = rename(span.first().plus(i));
        if (i > 0 && next == out.back().first().plus(out.back().length))
            ++out.back().length;
        else
            out.push_back({next.sid, next.time, 1});
    }
}

} // namespace

void PatchBuilder::copy(const Operation &op, const std::function<Id(Id)> &rename)
{
    const std::uint64_t sid = op.id.sid;
    switch (op.code) {
    case OpCode::NewCon:
        m_out.u8(op.isReference ? 1 : 0);
        op.isReference ? id(rename(op.value)) : m_out.bytes(op.content);
        take(1);
        return;
    case OpCode::InsVal:
        insVal(rename(op.object), rename(op.value));
        return;
    case OpCode::InsObj: {
        std::vector<std::pair<std::string, Id>> entries;
        forEachKey(op, sid, [&](const KeyEntry &entry) { entries.emplace_back(entry.key, rename(entry.value)); });
        insObj(rename(op.object), entries);
        return;
    }
    case OpCode::InsVec: {
        std::vector<std::pair<std::uint32_t, Id>> entries;
        forEachIndex(op, sid, [&](const IndexEntry &entry) { entries.emplace_back(entry.index, rename(entry.value)); });
        insVec(rename(op.object), entries);
        return;
    }
    case OpCode::InsStr:
        insStr(rename(op.object), rename(op.ref), op.content, op.span);
        return;
    case OpCode::InsBin:
        insBin(rename(op.object), rename(op.ref), op.content);
        return;
    case OpCode::InsArr: {
        std::vector<Id> elements;
        forEachElement(op, sid, [&](Id element) { elements.push_back(rename(element)); });
        insArr(rename(op.object), rename(op.ref), elements);
        return;
    }
    case OpCode::UpdArr:
        updArr(rename(op.object), rename(op.ref), rename(op.value));
        return;
    case OpCode::Del: {
        std::vector<IdSpan> spans;
        forEachSpan(op, sid, [&](IdSpan span) { renameSpan(span, rename, spans); });
        del(rename(op.object), spans);
        return;
    }
    case OpCode::Nop:
        nop(op.span);
        return;
    default:
        newNode(op.code);
        return;
    }
}

void PatchBuilder::flush(Bytes &out)
{
    out.clear();
    if (m_count == 0)
        return;
    Head head(m_first.sid);
    head.session(m_session);
    head.number(m_first.time);
    if (m_meta.empty()) {
        head.octet(0xF7);
        head.number(m_count);
        head.flush(out, m_operations);
    } else {
        head.flush(out, m_meta);
        Head count(m_first.sid);
        count.number(m_count);
        count.flush(out, m_operations);
    }
    begin(next());
}

Patch PatchBuilder::flush()
{
    Bytes bytes;
    flush(bytes);
    return Patch(std::move(bytes));
}

} // namespace eventsync::crdt
