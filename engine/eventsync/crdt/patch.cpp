// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/patch.h>

#include <eventsync/base/assert.h>
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/utf16_p.h>

#include <algorithm>

// A patch is its binary encoding. The alternative, a list of operation objects, costs an allocation or several for each
// keystroke on either side of the wire; reading in place costs a few nanoseconds and needs none. What is checked once, in
// PatchView::decode, is never checked again: every other reader walks bytes that are known to be good.

namespace eventsync::crdt {

namespace {
constexpr std::uint8_t kNoMeta = 0xF7; // CBOR: undefined
}

Result<> PatchView::read(std::string_view bytes)
{
    ByteReader in(bytes);
    m_bytes = bytes;
    m_id.sid = in.vu57();
    m_id.time = in.vu57();
    const char *meta = in.position();
    if (in.peek() == kNoMeta)
        in.u8();
    else
        skipCbor(in);
    m_meta = in.ok() ? std::string_view(meta, static_cast<std::size_t>(in.position() - meta)) : std::string_view();
    m_count = in.vu57();
    const bool idFits = m_id.sid != kSystemSession && m_id.sid <= kMaxSessionId && m_id.time > 0;
    if (!in.ok() || !idFits || m_count == 0 || m_count > in.left())
        return failure(ErrorCode::InvalidValue, "patch header");

    m_operations = std::string_view(in.position(), in.left());
    std::uint64_t time = m_id.time;
    Operation operation;
    for (std::uint64_t i = 0; i < m_count; ++i) {
        Operation &into = i < kFew ? m_few[i] : operation;
        readOperation(in, m_id.sid, time, into);
        if (!in.ok() || into.span > kMaxTime || (time += into.span) > kMaxTime)
            return failure(ErrorCode::InvalidValue, "operation " + std::to_string(i) + " of a patch");
    }
    if (!in.atEnd())
        return failure(ErrorCode::InvalidValue, "bytes after a patch");
    m_span = time - m_id.time;
    return {};
}

Result<PatchView> PatchView::decode(std::string_view bytes)
{
    PatchView view;
    EVENTSYNC_CHECK(view.read(bytes));
    return view;
}

std::optional<json::Value> PatchView::meta() const
{
    ByteReader in(m_meta);
    const Constant meta = readCbor(in);
    if (std::holds_alternative<Undefined>(meta))
        return std::nullopt;
    const json::Value value = viewOf(meta); // written as an array of one
    return value.is_array() && !value.get_array().empty() ? value.get_array()[0] : value;
}

Result<Patch> Patch::decode(Bytes bytes)
{
    if (bytes.empty())
        return Patch();
    EVENTSYNC_CHECK(PatchView::decode(bytes));
    return Patch(std::move(bytes));
}

PatchView Patch::view() const
{
    if (m_bytes.empty())
        return {};
    auto view = PatchView::decode(m_bytes);
    EVENTSYNC_ASSERT(view.has_value()); // checked when this patch was made
    return *view;
}

namespace {

// A copy whose renaming has one border: ids of `from`'s session move from there on, all by the same distance. A deleted span
// is cut there at most, however long it says that it is.
void copyMoved(PatchBuilder &builder, const Operation &operation, Id from, const std::function<Id(Id)> &rename)
{
    if (operation.code != OpCode::Del)
        return builder.copy(operation, rename);
    std::vector<IdSpan> spans;
    const auto add = [&](Id first, std::uint64_t length) {
        const Id moved = rename(first);
        spans.push_back({moved.sid, moved.time, length});
    };
    forEachSpan(operation, operation.id.sid, [&](IdSpan span) {
        const bool isCut = span.sid == from.sid && span.time < from.time && from.time - span.time < span.length;
        const std::uint64_t head = isCut ? from.time - span.time : 0;
        if (isCut)
            add(span.first(), head);
        add(span.first().plus(head), span.length - head);
    });
    builder.del(rename(operation.object), spans);
}

// A patch from the copies of another's operations, what its author attached included.
template<class Copy>
Patch copied(const PatchView &from, Id first, Copy copy)
{
    PatchBuilder builder(first);
    if (const auto meta = from.meta())
        builder.setMeta(*meta);
    from.forEach([&](const Operation &operation) { copy(builder, operation); });
    return builder.flush();
}

Patch moved(const PatchView &from, Id border, const std::function<Id(Id)> &rename)
{
    return copied(from, rename(from.id()), [&](PatchBuilder &builder, const Operation &operation) {
        copyMoved(builder, operation, border, rename);
    });
}

} // namespace

Patch Patch::renamed(const std::function<Id(Id)> &rename) const
{
    if (isEmpty())
        return {};
    const PatchView from = view();
    return copied(from, rename(from.id()), [&](PatchBuilder &builder, const Operation &operation) {
        builder.copy(operation, rename);
    });
}

Patch Patch::rebased(std::uint64_t time, std::optional<std::uint64_t> from) const
{
    if (isEmpty())
        return {};
    const Id first = id();
    const std::uint64_t start = from.value_or(first.time);
    return moved(view(), {first.sid, start}, [=](Id id) {
        const bool moves = id.sid == first.sid && id.time >= start;
        return moves ? Id{id.sid, id.time - first.time + time} : id;
    });
}

Patch Patch::withSession(std::uint64_t sid) const
{
    if (isEmpty())
        return {};
    const Id first = id();
    return moved(view(), first, [=](Id id) { return id.sid == first.sid && id.time >= first.time ? Id{sid, id.time} : id; });
}

Patch Patch::compacted() const
{
    if (isEmpty())
        return {};
    const PatchView from = view();
    PatchBuilder builder(from.id());
    if (const auto meta = from.meta())
        builder.setMeta(*meta);
    Operation pending; // an insert of text that may still grow
    std::string text;
    const auto settle = [&] {
        if (!text.empty())
            builder.insStr(pending.object, pending.ref, text);
        text.clear();
    };
    from.forEach([&](const Operation &operation) {
        const bool continues = operation.code == OpCode::InsStr && !text.empty() && operation.object == pending.object
            && operation.ref == pending.id.plus(pending.span - 1);
        if (continues) {
            text += operation.content;
            pending.span += operation.span;
            return;
        }
        settle();
        if (operation.code == OpCode::InsStr) {
            pending = operation;
            text = operation.content;
        } else {
            copyMoved(builder, operation, from.id(), [](Id id) { return id; });
        }
    });
    settle();
    return builder.flush();
}

Result<Patch> Patch::combined(const std::vector<Patch> &patches)
{
    PatchBuilder builder;
    bool begun = false;
    for (const Patch &patch : patches) {
        if (patch.isEmpty())
            continue;
        const PatchView from = patch.view();
        if (!begun)
            builder.begin(from.id());
        if (from.id().sid != builder.next().sid || from.id().time < builder.next().time)
            return failure(ErrorCode::InvalidValue, "patches of several sessions or out of order");
        if (const auto meta = from.meta(); meta && !begun)
            builder.setMeta(*meta);
        begun = true;
        builder.skipTo(from.id().time);
        from.forEach([&](const Operation &operation) { builder.copy(operation, [](Id id) { return id; }); });
    }
    return begun ? builder.flush() : Patch();
}

} // namespace eventsync::crdt
