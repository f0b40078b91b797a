// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/jsontext_p.h>
#include <eventsync/crdt/patch.h>

#include <array>
#include <optional>

// The two JSON encodings of patches. Verbose writes ids in full and operations by name; compact writes ids of the patch's
// own session as bare times and operations by number.

namespace eventsync::crdt {

namespace {

constexpr std::array<std::string_view, 18> kOpNames = {
    "new_con", "new_val", "new_obj", "new_vec", "new_str", "new_bin", "new_arr", "",    "",
    "ins_val", "ins_obj", "ins_vec", "ins_str", "ins_bin", "ins_arr", "upd_arr", "del", "nop"};

// Writes one operation in either form. `sid`: the session whose ids are bare numbers.
class PatchWriter
{
public:
    PatchWriter(std::uint64_t sid, bool verbose) : m_bare(verbose ? kServerSession : sid), m_own(sid), m_verbose(verbose) {}

    std::string out;

    void id(Id id)
    {
        if (id.sid == m_bare)
            return appendJsonNumber(out, id.time);
        out += '[';
        appendJsonNumber(out, id.sid);
        out += ',';
        appendJsonNumber(out, id.time);
        out += ']';
    }
    void span(IdSpan span)
    {
        out += '[';
        if (m_verbose || span.sid != m_bare) {
            appendJsonNumber(out, span.sid);
            out += ',';
        }
        appendJsonNumber(out, span.time);
        out += ',';
        appendJsonNumber(out, span.length);
        out += ']';
    }
    void name(std::string_view name) // of the next value
    {
        out += ',';
        if (m_verbose) {
            out += '"';
            out += name;
            out += "\":";
        }
    }

    void operation(const Operation &op)
    {
        const auto code = static_cast<std::size_t>(op.code);
        out += m_verbose ? "{\"op\":\"" : "[";
        if (m_verbose)
            (out += kOpNames[code]) += '"';
        else
            appendJsonNumber(out, code);
        content(op);
        out += m_verbose ? '}' : ']';
    }

private:
    void content(const Operation &op)
    {
        switch (op.code) {
        case OpCode::NewCon:
            return constant(op);
        case OpCode::InsVal:
            name("obj"), id(op.object), name("value"), id(op.value);
            return;
        case OpCode::InsObj:
            name("obj"), id(op.object), name("value");
            return list([&](auto &&separate) {
                forEachKey(op, m_own, [&](const KeyEntry &entry) {
                    separate();
                    out += '[';
                    appendJsonText(out, entry.key);
                    out += ',';
                    id(entry.value);
                    out += ']';
                });
            });
        case OpCode::InsVec:
            name("obj"), id(op.object), name("value");
            return list([&](auto &&separate) {
                forEachIndex(op, m_own, [&](const IndexEntry &entry) {
                    separate();
                    out += '[';
                    appendJsonNumber(out, entry.index);
                    out += ',';
                    id(entry.value);
                    out += ']';
                });
            });
        case OpCode::InsStr:
            name("obj"), id(op.object), name("after"), id(op.ref), name("value"), appendJsonText(out, op.content);
            return;
        case OpCode::InsBin:
            name("obj"), id(op.object), name("after"), id(op.ref), name("value");
            out += '"' + toBase64(op.content) + '"';
            return;
        case OpCode::InsArr:
            name("obj"), id(op.object), name("after"), id(op.ref), name("values");
            return list([&](auto &&separate) {
                forEachElement(op, m_own, [&](Id element) { separate(), id(element); });
            });
        case OpCode::UpdArr:
            name("obj"), id(op.object), name("ref"), id(op.ref), name("value"), id(op.value);
            return;
        case OpCode::Del:
            name("obj"), id(op.object), name("what");
            return list([&](auto &&separate) { forEachSpan(op, m_own, [&](IdSpan s) { separate(), span(s); }); });
        case OpCode::Nop:
            if (op.span > 1)
                name("len"), appendJsonNumber(out, op.span);
            return;
        default:
            return;
        }
    }

    void constant(const Operation &op)
    {
        if (op.isReference) {
            if (m_verbose)
                name("timestamp"), out += "true";
            name("value"), id(op.value);
            if (!m_verbose)
                out += ",true";
            return;
        }
        ByteReader in(op.content);
        const Constant value = readCbor(in);
        if (!std::holds_alternative<Undefined>(value))
            name("value"), appendJson(out, viewOf(value));
    }

    template<class F>
    void list(F &&f)
    {
        out += '[';
        bool first = true;
        f([&] {
            if (!first)
                out += ',';
            first = false;
        });
        out += ']';
    }

    std::uint64_t m_bare;
    std::uint64_t m_own;
    bool m_verbose;
};

// Reads operations of either form into a builder.
class PatchJsonReader
{
public:
    PatchJsonReader(Id first, std::uint64_t bare) : m_builder(first), m_bare(bare) {}

    bool ok = true;

    Id id(const json::Value *value)
    {
        if (value && value->is_int64())
            return checked({m_bare, number(value)});
        if (!value || !value->is_array() || value->get_array().size() != 2)
            return fail();
        return checked({number(&value->get_array()[0]), number(&value->get_array()[1])});
    }
    std::uint64_t number(const json::Value *value)
    {
        if (!value || !value->is_int64() || value->get_int64() < 0) {
            ok = false;
            return 0;
        }
        return static_cast<std::uint64_t>(value->get_int64());
    }
    std::string_view text(const json::Value *value)
    {
        if (!value || !value->is_string() || value->get_string().empty()) {
            ok = false;
            return "?";
        }
        return value->get_string();
    }
    Bytes bytes(const json::Value *value)
    {
        Bytes bytes;
        if (!fromBase64(text(value), bytes) || bytes.empty())
            ok = false, bytes = "?";
        return bytes;
    }
    const json::Array &array(const json::Value *value)
    {
        static const json::Array kOne(1, json::Value());
        if (value && value->is_array() && !value->get_array().empty())
            return value->get_array();
        ok = false;
        return kOne;
    }

    // The parts of an operation by their place; verbose names are translated to these by the caller.
    void operation(OpCode code, const json::Value *a, const json::Value *b, const json::Value *c, bool isReference)
    {
        switch (code) {
        case OpCode::NewCon:
            m_builder.newCon(isReference ? Constant(id(a)) : a ? Constant(*a) : Constant(Undefined{}));
            return;
        case OpCode::NewVal: case OpCode::NewObj: case OpCode::NewVec:
        case OpCode::NewStr: case OpCode::NewBin: case OpCode::NewArr:
            m_builder.newNode(code);
            return;
        case OpCode::InsVal: m_builder.insVal(id(a), id(b)); return;
        case OpCode::InsObj: m_builder.insObj(id(a), entries(b)); return;
        case OpCode::InsVec: m_builder.insVec(id(a), slots(b)); return;
        case OpCode::InsStr: m_builder.insStr(id(a), id(b), text(c)); return;
        case OpCode::InsBin: m_builder.insBin(id(a), id(b), bytes(c)); return;
        case OpCode::InsArr: m_builder.insArr(id(a), id(b), elements(c)); return;
        case OpCode::UpdArr: m_builder.updArr(id(a), id(b), id(c)); return;
        case OpCode::Del: m_builder.del(id(a), spans(b)); return;
        case OpCode::Nop: {
            const std::uint64_t length = a ? number(a) : 1;
            m_builder.nop(length == 0 ? 1 : length);
            return;
        }
        }
        ok = false;
    }
    void setMeta(const json::Value *meta)
    {
        if (meta)
            m_builder.setMeta(*meta);
    }
    Bytes take()
    {
        Bytes bytes;
        m_builder.flush(bytes);
        return bytes;
    }

private:
    Id fail()
    {
        ok = false;
        return {};
    }
    Id checked(Id id) { return id.sid <= kMaxSessionId && id.time <= kMaxTime ? id : fail(); }
    const json::Value *part(const json::Value &pair, std::size_t index)
    {
        return pair.is_array() && index < pair.get_array().size() ? &pair.get_array()[index] : nullptr;
    }
    std::vector<std::pair<std::string, Id>> entries(const json::Value *list)
    {
        std::vector<std::pair<std::string, Id>> entries;
        for (const json::Value &pair : array(list)) {
            const json::Value *key = part(pair, 0);
            if (!key || !key->is_string())
                ok = false;
            entries.emplace_back(key && key->is_string() ? std::string(key->get_string()) : std::string(), id(part(pair, 1)));
        }
        return entries;
    }
    std::vector<std::pair<std::uint32_t, Id>> slots(const json::Value *list)
    {
        std::vector<std::pair<std::uint32_t, Id>> slots;
        for (const json::Value &pair : array(list)) {
            const std::uint64_t index = number(part(pair, 0));
            if (index > 255)
                ok = false;
            slots.emplace_back(static_cast<std::uint32_t>(index & 255), id(part(pair, 1)));
        }
        return slots;
    }
    std::vector<Id> elements(const json::Value *list)
    {
        std::vector<Id> elements;
        for (const json::Value &element : array(list))
            elements.push_back(id(&element));
        return elements;
    }
    std::vector<IdSpan> spans(const json::Value *list)
    {
        std::vector<IdSpan> spans;
        for (const json::Value &span : array(list)) {
            const bool isFull = part(span, 2) != nullptr;
            const std::uint64_t sid = isFull ? number(part(span, 0)) : m_builder.next().sid;
            const Id first = checked({sid, number(part(span, isFull ? 1 : 0))});
            spans.push_back({first.sid, first.time, number(part(span, isFull ? 2 : 1))});
        }
        return spans;
    }

    PatchBuilder m_builder;
    std::uint64_t m_bare;
};

struct Parts
{
    const json::Value *a = nullptr;
    const json::Value *b = nullptr;
    const json::Value *c = nullptr;
};

// Where the verbose form keeps what the compact one has in order.
Parts verboseParts(OpCode code, const json::Object &op)
{
    const auto get = [&](std::string_view name) { return op.if_contains(name); };
    switch (code) {
    case OpCode::NewCon: return {get("value"), nullptr, nullptr};
    case OpCode::InsVal: case OpCode::InsObj: case OpCode::InsVec: return {get("obj"), get("value"), nullptr};
    case OpCode::InsStr: case OpCode::InsBin:
        return {get("obj"), get("after") ? get("after") : get("obj"), get("value")};
    case OpCode::InsArr: return {get("obj"), get("after") ? get("after") : get("obj"), get("values")};
    case OpCode::UpdArr: return {get("obj"), get("ref"), get("value")};
    case OpCode::Del: return {get("obj"), get("what"), nullptr};
    case OpCode::Nop: return {get("len"), nullptr, nullptr};
    default: return {};
    }
}

std::optional<Id> patchId(const json::Value *value)
{
    const auto isNumber = [](const json::Value &v) { return v.is_int64() && v.get_int64() > 0; };
    if (value && isNumber(*value))
        return Id{kServerSession, static_cast<std::uint64_t>(value->get_int64())};
    if (!value || !value->is_array() || value->get_array().size() != 2)
        return std::nullopt;
    const json::Array &pair = value->get_array();
    if (!isNumber(pair[0]) || !isNumber(pair[1]))
        return std::nullopt;
    return Id{static_cast<std::uint64_t>(pair[0].get_int64()), static_cast<std::uint64_t>(pair[1].get_int64())};
}

} // namespace

std::string Patch::toVerbose() const
{
    if (isEmpty())
        return {};
    const PatchView patch = view();
    PatchWriter writer(patch.id().sid, true);
    writer.out = "{\"id\":[";
    appendJsonNumber(writer.out, patch.id().sid);
    writer.out += ',';
    appendJsonNumber(writer.out, patch.id().time);
    writer.out += "],\"ops\":";
    char separator = '[';
    patch.forEach([&](const Operation &op) {
        writer.out += separator;
        writer.operation(op);
        separator = ',';
    });
    writer.out += ']';
    if (const auto meta = patch.meta()) {
        writer.out += ",\"meta\":";
        appendJson(writer.out, *meta);
    }
    return std::move(writer.out) + '}';
}

std::string Patch::toCompact() const
{
    if (isEmpty())
        return {};
    const PatchView patch = view();
    PatchWriter writer(patch.id().sid, false);
    writer.out = patch.id().sid == kServerSession ? "[[" : "[[[";
    if (patch.id().sid != kServerSession) {
        appendJsonNumber(writer.out, patch.id().sid);
        writer.out += ',';
    }
    appendJsonNumber(writer.out, patch.id().time);
    if (patch.id().sid != kServerSession)
        writer.out += ']';
    if (const auto meta = patch.meta()) {
        writer.out += ',';
        appendJson(writer.out, *meta);
    }
    writer.out += ']';
    patch.forEach([&](const Operation &op) {
        writer.out += ',';
        writer.operation(op);
    });
    return std::move(writer.out) + ']';
}

Result<Patch> Patch::fromVerbose(std::string_view text)
{
    EVENTSYNC_TRY(const json::Value json, parseEncoding(text));
    const json::Value *ops = json.is_object() ? json.get_object().if_contains("ops") : nullptr;
    const auto first = json.is_object() ? patchId(json.get_object().if_contains("id")) : std::nullopt;
    if (!ops || !ops->is_array() || !first)
        return failure(ErrorCode::InvalidValue, "verbose encoding of a patch");
    PatchJsonReader reader(*first, kServerSession);
    reader.setMeta(json.get_object().if_contains("meta"));
    for (const json::Value &op : ops->get_array()) {
        const json::Value *name = op.is_object() ? op.get_object().if_contains("op") : nullptr;
        std::size_t code = 0;
        while (code < kOpNames.size() && (!name || !name->is_string() || name->get_string() != kOpNames[code]))
            ++code;
        if (code == kOpNames.size() || kOpNames[code].empty())
            return failure(ErrorCode::InvalidValue, "unknown operation in a verbose patch");
        const Parts parts = verboseParts(static_cast<OpCode>(code), op.get_object());
        const json::Value *isReference = op.get_object().if_contains("timestamp");
        reader.operation(static_cast<OpCode>(code), parts.a, parts.b, parts.c,
                         isReference && isReference->is_bool() && isReference->get_bool());
    }
    if (!reader.ok)
        return failure(ErrorCode::InvalidValue, "operation of a verbose patch");
    return decode(reader.take());
}

Result<Patch> Patch::fromCompact(std::string_view text)
{
    EVENTSYNC_TRY(const json::Value json, parseEncoding(text));
    const bool hasHead = json.is_array() && !json.get_array().empty() && json.get_array()[0].is_array()
        && !json.get_array()[0].get_array().empty();
    const auto first = hasHead ? patchId(&json.get_array()[0].get_array()[0]) : std::nullopt;
    if (!first)
        return failure(ErrorCode::InvalidValue, "compact encoding of a patch");
    PatchJsonReader reader(*first, first->sid);
    const json::Array &head = json.get_array()[0].get_array();
    reader.setMeta(head.size() > 1 ? &head[1] : nullptr);
    for (std::size_t i = 1; i < json.get_array().size(); ++i) {
        const json::Value &op = json.get_array()[i];
        const auto part = [&](std::size_t index) {
            return op.is_array() && index < op.get_array().size() ? &op.get_array()[index] : nullptr;
        };
        const std::uint64_t code = reader.number(part(0));
        const json::Value *isReference = code == 0 ? part(2) : nullptr;
        reader.operation(static_cast<OpCode>(code > 17 ? 31 : code), part(1), part(2), part(3),
                         isReference && isReference->is_bool() && isReference->get_bool());
    }
    if (!reader.ok)
        return failure(ErrorCode::InvalidValue, "operation of a compact patch");
    return decode(reader.take());
}

} // namespace eventsync::crdt
