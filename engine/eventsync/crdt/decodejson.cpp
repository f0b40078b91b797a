// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/jsontext_p.h>
#include <eventsync/crdt/loader_p.h>

#include <optional>

// The verbose and the compact decoder. The text's depth is bounded by the parser, so these may call themselves.

namespace eventsync::crdt {

namespace {

std::optional<std::uint64_t> asNumber(const json::Value &value)
{
    if (!value.is_int64() || value.get_int64() < 0)
        return std::nullopt;
    return static_cast<std::uint64_t>(value.get_int64());
}

const json::Value *at(const json::Value &value, std::size_t index)
{
    return value.is_array() && index < value.get_array().size() ? &value.get_array()[index] : nullptr;
}

const json::Value *member(const json::Value &value, std::string_view name)
{
    return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::optional<Id> asPair(const json::Value &value)
{
    if (!value.is_array() || value.get_array().size() != 2)
        return std::nullopt;
    const auto sid = asNumber(value.get_array()[0]);
    const auto time = asNumber(value.get_array()[1]);
    if (!sid || !time)
        return std::nullopt;
    return Id{*sid, *time};
}

// What both decoders do with a node's parts. Derived: Id readId(const json::Value &), NodeIndex decode(const json::Value &).
template<class Derived>
class JsonDecoder
{
public:
    explicit JsonDecoder(LogicalClock clock) : m_loader(std::move(clock)) {}

protected:
    Derived &self() { return static_cast<Derived &>(*this); }
    bool ok() const { return m_loader.ok(); }
    NodeIndex fail()
    {
        m_loader.fail();
        return kNoNode;
    }

    NodeIndex value(NodeIndex node, const json::Value &content)
    {
        m_loader.setVal(node, self().decode(content));
        return node;
    }

    NodeIndex object(NodeIndex node, const json::Value &map)
    {
        if (!map.is_object())
            return fail();
        for (const auto &entry : map.get_object()) {
            const NodeIndex child = self().decode(entry.value());
            if (child == kNoNode || !ok())
                return fail();
            m_loader.setKey(node, entry.key(), child);
        }
        return node;
    }

    NodeIndex vector(NodeIndex node, const json::Value &slots)
    {
        if (!slots.is_array() || slots.get_array().size() > kMaxVecIndex + 1)
            return fail();
        for (const json::Value &slot : slots.get_array()) {
            const bool isHole = slot.is_null() || slot.is_int64();
            m_loader.addSlot(node, isHole ? kNoNode : self().decode(slot));
        }
        return node;
    }

    // `content`: a length if deleted, else text, bytes as text, or elements.
    void run(NodeIndex node, NodeKind kind, Id first, const json::Value &content, bool isUrl)
    {
        if (const auto length = asNumber(content))
            return m_loader.addRun(node, first, *length, true, {});
        if (kind == NodeKind::Arr) {
            if (!content.is_array())
                return m_loader.fail();
            std::vector<NodeIndex> elements;
            for (const json::Value &element : content.get_array()) {
                elements.push_back(self().decode(element));
                if (elements.back() == kNoNode || !ok())
                    return m_loader.fail();
                m_loader.addElementReference(node, elements.back());
            }
            const auto count = static_cast<std::uint32_t>(elements.size());
            return m_loader.addRun(node, first, count, false, {elements.data(), count, 4});
        }
        if (!content.is_string())
            return m_loader.fail();
        if (kind == NodeKind::Str)
            return m_loader.addText(node, first, content.get_string());
        Bytes bytes;
        const bool isBase64 = isUrl ? fromDataUrl(content.get_string(), bytes) : fromBase64(content.get_string(), bytes);
        if (!isBase64)
            return m_loader.fail();
        m_loader.addRun(node, first, bytes.size(), false, {bytes.data(), static_cast<std::uint32_t>(bytes.size()), 1});
    }

    DocumentLoader m_loader;
};

class CompactDecoder : public JsonDecoder<CompactDecoder>
{
public:
    CompactDecoder(LogicalClock clock, std::vector<Id> rows) : JsonDecoder(std::move(clock)), m_rows(std::move(rows)) {}

    Result<Document> read(const json::Value &root)
    {
        if (root.is_array())
            m_loader.setRoot(decode(root));
        else if (asNumber(root) != 0)
            fail();
        return m_loader.take("compact encoding of a document");
    }

    Id readId(const json::Value &value)
    {
        const LogicalClock &clock = m_loader.clock();
        if (const auto difference = asNumber(value)) {
            if (*difference < clock.time())
                return {kServerSession, clock.time() - *difference};
        } else if (const json::Value *row = at(value, 0); row && row->is_int64() && row->get_int64() < 0) {
            const auto index = static_cast<std::uint64_t>(-row->get_int64());
            const json::Value *second = at(value, 1);
            const auto ticks = second ? asNumber(*second) : std::nullopt;
            if (ticks && index <= m_rows.size() && *ticks <= m_rows[index - 1].time)
                return {m_rows[index - 1].sid, m_rows[index - 1].time - *ticks};
        } else if (const auto id = asPair(value)) {
            return *id;
        }
        fail();
        return {};
    }

    NodeIndex decode(const json::Value &value)
    {
        const json::Value *kind = at(value, 0);
        const json::Value *id = at(value, 1);
        const json::Value *content = at(value, 2);
        const auto number = kind ? asNumber(*kind) : std::nullopt;
        if (!ok() || !number || *number > 6 || !id || !content)
            return fail();
        const Id nodeId = readId(*id);
        const auto nodeKind = static_cast<NodeKind>(*number);
        if (nodeKind == NodeKind::Con && nodeId.sid == kSystemSession)
            return kNoNode;
        if (const NodeIndex known = m_loader.again(nodeId, nodeKind); known != kNoNode)
            return known; // its content came with its first place
        const NodeIndex node = ok() ? m_loader.create(nodeId, nodeKind) : kNoNode;
        if (node == kNoNode)
            return kNoNode;
        switch (nodeKind) {
        case NodeKind::Con: {
            const json::Value *special = at(value, 3);
            if (!special)
                m_loader.node(node).setConstant(*content);
            else if (!special->is_int64() || special->get_int64() != 0)
                m_loader.setReference(node, readId(*special));
            return node;
        }
        case NodeKind::Val: return JsonDecoder::value(node, *content);
        case NodeKind::Obj: return object(node, *content);
        case NodeKind::Vec: return vector(node, *content);
        default: break;
        }
        if (!content->is_array())
            return fail();
        for (const json::Value &chunk : content->get_array()) {
            if (!chunk.is_array() || chunk.get_array().size() != 2)
                return fail();
            run(node, nodeKind, readId(chunk.get_array()[0]), chunk.get_array()[1], true);
            if (!ok())
                return kNoNode;
        }
        m_loader.finish(node);
        return node;
    }

private:
    std::vector<Id> m_rows;
};

class VerboseDecoder : public JsonDecoder<VerboseDecoder>
{
public:
    using JsonDecoder::JsonDecoder;

    Result<Document> read(const json::Value &root)
    {
        const json::Value *value = member(root, "value");
        if (value)
            m_loader.setRoot(decode(*value));
        return m_loader.take("verbose encoding of a document");
    }

    // Ids stand alone here, so they may be of sessions, or later, than the clock says: it learns of them.
    Id readId(const json::Value &value)
    {
        Id id;
        if (const auto time = asNumber(value))
            id = {kServerSession, *time};
        else if (const auto pair = asPair(value))
            id = *pair;
        else
            fail();
        if (!DocumentLoader::fits(id))
            fail();
        LogicalClock &clock = m_loader.clock();
        if (ok() && id.sid != kSystemSession && !clock.knows(id))
            clock.isServer() == (id.sid == kServerSession) ? clock.load(id) : m_loader.fail();
        return id;
    }

    NodeIndex decode(const json::Value &value)
    {
        constexpr std::string_view kNames[] = {"con", "val", "obj", "vec", "str", "bin", "arr"};
        const json::Value *type = member(value, "type");
        const json::Value *id = member(value, "id");
        if (!ok() || !type || !type->is_string() || !id)
            return fail();
        std::size_t number = 0;
        while (number < 7 && kNames[number] != std::string_view(type->get_string()))
            ++number;
        const Id nodeId = readId(*id);
        const auto kind = static_cast<NodeKind>(number);
        if (number == 7 || !ok())
            return fail();
        if (kind == NodeKind::Con && nodeId.sid == kSystemSession)
            return kNoNode;
        if (const NodeIndex known = m_loader.again(nodeId, kind); known != kNoNode)
            return known; // its content came with its first place
        const NodeIndex node = m_loader.create(nodeId, kind);
        const json::Value *content = member(value, kind == NodeKind::Con || kind == NodeKind::Val     ? "value"
                                                   : kind == NodeKind::Obj || kind == NodeKind::Vec ? "map"
                                                                                                    : "chunks");
        if (node == kNoNode || (!content && kind != NodeKind::Con))
            return fail();
        switch (kind) {
        case NodeKind::Con:
            if (member(value, "timestamp") && content)
                m_loader.setReference(node, readId(*content));
            else if (content)
                m_loader.node(node).setConstant(*content);
            return node;
        case NodeKind::Val: return JsonDecoder::value(node, *content);
        case NodeKind::Obj: return object(node, *content);
        case NodeKind::Vec: return vector(node, *content);
        default: return chunks(node, kind, *content);
        }
    }

private:
    NodeIndex chunks(NodeIndex node, NodeKind kind, const json::Value &list)
    {
        if (!list.is_array())
            return fail();
        for (const json::Value &chunk : list.get_array()) {
            const json::Value *id = member(chunk, "id");
            const json::Value *content = member(chunk, "span");
            if (!content)
                content = member(chunk, "value");
            if (!id || !content)
                return fail();
            const Id first = readId(*id);
            if (ok())
                run(node, kind, first, *content, false);
            if (!ok())
                return kNoNode;
        }
        m_loader.finish(node);
        return node;
    }
};

} // namespace

Result<Document> decodeCompact(std::string_view text)
{
    EVENTSYNC_TRY(const json::Value json, parseEncoding(text));
    const json::Value *time = at(json, 0);
    const json::Value *root = at(json, 1);
    if (!time || !root)
        return failure(ErrorCode::InvalidValue, "compact encoding of a document");
    if (const auto serverTime = asNumber(*time)) {
        if (*serverTime == 0 || !DocumentLoader::fits({kServerSession, *serverTime}))
            return failure(ErrorCode::InvalidValue, "server time of a document");
        LogicalClock clock(kServerSession, *serverTime);
        clock.load({kServerSession, *serverTime - 1});
        return CompactDecoder(std::move(clock), {}).read(*root);
    }
    std::vector<Id> rows;
    for (std::size_t i = 0; at(*time, i + 1); i += 2) {
        const auto sid = asNumber(*at(*time, i));
        const auto last = asNumber(*at(*time, i + 1));
        if (!sid || !last || !DocumentLoader::fits({*sid, *last}))
            return failure(ErrorCode::InvalidValue, "clock table of a document");
        rows.push_back({*sid, *last});
    }
    if (rows.empty() || rows[0].sid == kSystemSession || rows[0].sid == kServerSession)
        return failure(ErrorCode::InvalidValue, "clock table of a document");
    LogicalClock clock(rows[0].sid, rows[0].time + 1);
    for (const Id row : rows)
        clock.load(row);
    return CompactDecoder(std::move(clock), std::move(rows)).read(*root);
}

Result<Document> decodeVerbose(std::string_view text)
{
    EVENTSYNC_TRY(const json::Value json, parseEncoding(text));
    const json::Value *time = member(json, "time");
    const json::Value *root = member(json, "root");
    const auto broken = [] { return failure(ErrorCode::InvalidValue, "clock of a verbose document"); };
    if (!time || !root)
        return broken();
    if (const auto serverTime = asNumber(*time)) {
        if (*serverTime == 0 || !DocumentLoader::fits({kServerSession, *serverTime}))
            return broken();
        LogicalClock clock(kServerSession, *serverTime);
        clock.load({kServerSession, *serverTime - 1});
        return VerboseDecoder(std::move(clock)).read(*root);
    }
    std::optional<LogicalClock> clock;
    if (!time->is_array())
        return broken();
    for (const json::Value &entry : time->get_array()) {
        const auto id = asPair(entry);
        if (!id || !DocumentLoader::fits(*id))
            return broken();
        if (clock) {
            clock->load(*id);
        } else if (id->sid == kSystemSession || id->sid == kServerSession || id->time == 0) {
            return broken();
        } else { // the first one tells the time to come, the others the last one seen
            clock.emplace(id->sid, id->time);
            clock->load({id->sid, id->time - 1});
        }
    }
    if (!clock)
        return broken();
    return VerboseDecoder(std::move(*clock)).read(*root);
}

} // namespace eventsync::crdt
