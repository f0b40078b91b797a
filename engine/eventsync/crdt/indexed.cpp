// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/loader_p.h>
#include <eventsync/crdt/utf16_p.h>

#include <charconv>
#include <unordered_map>

// One field per node, so that a store can change one without the others. Ids carry a row of the clock table and their
// whole time, for a difference would change in every field whenever the clock does.

namespace eventsync::crdt {

namespace {

constexpr std::uint32_t kReplaceFrom = 42; // as in encodebinary.cpp

std::string base36(std::uint64_t value)
{
    char buffer[16];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, 36).ptr;
    return std::string(buffer, end);
}

bool fromBase36(std::string_view text, std::uint64_t &value)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 36);
    return error == std::errc() && end == text.data() + text.size();
}

class IndexedEncoder
{
public:
    explicit IndexedEncoder(const Document &document) : m_document(document)
    {
        addRow({document.clock().sid(), document.clock().time() - 1});
        for (const Id peer : document.clock().peers())
            addRow(peer);
    }

    IndexedFields encode()
    {
        IndexedFields nodes;
        for (const NodeIndex index : m_document.nodes().inIdOrder()) {
            const Id id = m_document.idOf(index);
            nodes.emplace_back(base36(row(id.sid)) + "_" + base36(id.time), encodeNode(m_document.node(index)));
        }
        IndexedFields fields;
        Bytes rootField;
        if (!m_document.isEmpty()) {
            ByteWriter out(rootField);
            writeId(out, m_document.root());
        }
        Bytes table; // last, for writing nodes may have met further sessions
        ByteWriter out(table);
        out.vu57(m_rows.size());
        for (const Id entry : m_rows) {
            out.vu57(entry.sid);
            out.vu57(entry.time);
        }
        fields.emplace_back("c", std::move(table));
        if (!rootField.empty())
            fields.emplace_back("r", std::move(rootField));
        for (auto &field : nodes)
            fields.push_back(std::move(field));
        return fields;
    }

private:
    void addRow(Id last)
    {
        m_rowOf.emplace(last.sid, m_rows.size());
        m_rows.push_back(last);
    }
    std::uint64_t row(std::uint64_t sid)
    {
        if (!m_rowOf.contains(sid))
            addRow({sid, m_document.clock().time() - 1});
        return m_rowOf.at(sid);
    }
    void writeId(ByteWriter &out, Id id) { out.relativeId(row(id.sid), id.time); }

    Bytes encodeNode(const Node &node)
    {
        Bytes bytes;
        ByteWriter out(bytes);
        const auto header = [&](std::size_t length) { writeCborHeader(out, static_cast<int>(node.kind), length); };
        switch (node.kind) {
        case NodeKind::Con: {
            const Constant value = node.constant();
            const Id *reference = std::get_if<Id>(&value);
            header(reference ? 1 : 0);
            reference ? writeId(out, *reference) : writeCbor(out, value);
            break;
        }
        case NodeKind::Val:
            header(0);
            writeId(out, node.value() == kNoNode ? kOrigin : m_document.idOf(node.value()));
            break;
        case NodeKind::Obj:
            header(node.keys().entries().size());
            for (const ObjectKeys::Entry &entry : node.keys().entries()) {
                writeCborText(out, entry.key);
                writeId(out, m_document.idOf(entry.value));
            }
            break;
        case NodeKind::Vec:
            header(node.vecSlots().size());
            for (const NodeIndex child : node.vecSlots()) {
                out.u8(child == kNoNode ? 0 : 1);
                if (child != kNoNode)
                    writeId(out, m_document.idOf(child));
            }
            break;
        default:
            header(node.sequence().runCount());
            encodeRuns(out, node);
            break;
        }
        return bytes;
    }

    void encodeRuns(ByteWriter &out, const Node &node)
    {
        Sequence::Reader reader(node.sequence());
        for (Sequence::Run run; reader.next(run);) {
            writeId(out, m_document.idOf(run.first));
            if (node.kind == NodeKind::Str) {
                if (run.deleted) {
                    writeCborUnsigned(out, run.length);
                    continue;
                }
                std::u16string units;
                std::string text;
                reader.utf16(units);
                appendUtf8(text, units, run.length < kReplaceFrom ? LoneSurrogate::Keep : LoneSurrogate::Replace);
                writeCborText(out, text);
                continue;
            }
            out.b1vu56(run.deleted, run.length);
            if (run.deleted)
                continue;
            if (node.kind == NodeKind::Bin) {
                reader.bytes(out.out());
                continue;
            }
            std::vector<NodeIndex> elements;
            reader.nodes(elements);
            for (const NodeIndex element : elements)
                writeId(out, m_document.idOf(element));
        }
    }

    const Document &m_document;
    std::vector<Id> m_rows;
    std::unordered_map<std::uint64_t, std::uint64_t> m_rowOf;
};

// Two passes: all nodes are made, then filled, for they name each other in any order.
class IndexedDecoder
{
public:
    IndexedDecoder(LogicalClock clock, std::vector<Id> rows) : m_loader(std::move(clock)), m_rows(std::move(rows)) {}

    Result<Document> decode(const IndexedFields &fields)
    {
        std::string_view rootField;
        std::vector<std::pair<NodeIndex, std::string_view>> nodes;
        for (const auto &[name, bytes] : fields) {
            if (name == "r")
                rootField = bytes;
            if (name.size() < 3)
                continue;
            const NodeIndex node = make(name, bytes);
            if (node == kNoNode)
                return m_loader.take("field of an indexed document");
            nodes.emplace_back(node, bytes);
        }
        for (const auto &[node, bytes] : nodes) {
            ByteReader in(bytes);
            fill(node, in);
            if (!in.ok() || !in.atEnd())
                m_loader.fail();
            if (!m_loader.ok())
                break;
        }
        if (!rootField.empty() && m_loader.ok()) {
            ByteReader in(rootField);
            m_loader.setRoot(child(in, kOrigin));
            if (!in.ok() || !in.atEnd())
                m_loader.fail();
        }
        return m_loader.take("indexed encoding of a document");
    }

private:
    NodeIndex make(std::string_view name, std::string_view bytes)
    {
        const std::size_t underscore = name.find('_');
        std::uint64_t row = 0;
        std::uint64_t time = 0;
        const bool isName = underscore != std::string_view::npos && fromBase36(name.substr(0, underscore), row)
            && fromBase36(name.substr(underscore + 1), time) && row < m_rows.size() && !bytes.empty();
        const int kind = bytes.empty() ? 7 : static_cast<unsigned char>(bytes[0]) >> 5;
        if (!isName || kind > static_cast<int>(NodeKind::Arr)) {
            m_loader.fail();
            return kNoNode;
        }
        return m_loader.create({m_rows[row].sid, time}, static_cast<NodeKind>(kind));
    }

    Id readRowId(ByteReader &in)
    {
        const auto relative = in.relativeId();
        if (relative.row >= m_rows.size()) {
            in.fail();
            return {};
        }
        return {m_rows[relative.row].sid, relative.difference};
    }

    // A node named by another: it must exist and be younger than its container, so that no loop can be.
    NodeIndex child(ByteReader &in, Id parent)
    {
        const Id id = readRowId(in);
        const NodeIndex node = m_loader.document().find(id);
        if (node == kNoNode || !(parent < id))
            in.fail();
        return in.ok() ? node : kNoNode;
    }

    void fill(NodeIndex index, ByteReader &in)
    {
        const CborHeader header = readCborHeader(in);
        const Id self = m_loader.document().idOf(index);
        const auto kind = static_cast<NodeKind>(header.major);
        if (header.value > in.left() && kind != NodeKind::Con)
            in.fail();
        switch (kind) {
        case NodeKind::Con:
            if (header.value == 0)
                m_loader.node(index).setConstant(readCbor(in));
            else
                m_loader.setReference(index, readRowId(in));
            return;
        case NodeKind::Val: {
            const char *start = in.position();
            const Id value = readRowId(in);
            in.seek(start);
            if (value.sid == kSystemSession)
                readRowId(in);
            else if (const NodeIndex node = child(in, self); node != kNoNode)
                m_loader.setVal(index, node);
            return;
        }
        case NodeKind::Obj:
            for (std::uint64_t i = 0; i < header.value && in.ok(); ++i) {
                const std::string key(readCborText(in));
                const NodeIndex node = child(in, self);
                node == kNoNode || !isValidUtf8(key) ? in.fail() : m_loader.setKey(index, key, node);
            }
            return;
        case NodeKind::Vec:
            if (header.value > kMaxVecIndex + 1)
                in.fail();
            for (std::uint64_t i = 0; i < header.value && in.ok(); ++i)
                m_loader.addSlot(index, in.u8() == 0 ? kNoNode : child(in, self));
            return;
        default:
            for (std::uint64_t i = 0; i < header.value && in.ok() && m_loader.ok(); ++i)
                run(index, kind, self, in);
            if (m_loader.ok())
                m_loader.finish(index);
            return;
        }
    }

    void run(NodeIndex index, NodeKind kind, Id self, ByteReader &in)
    {
        const Id first = readRowId(in);
        if (kind == NodeKind::Str) {
            const CborHeader header = readCborHeader(in);
            if (header.major == 3)
                m_loader.addText(index, first, in.bytes(header.value));
            else if (header.major == 0)
                m_loader.addRun(index, first, header.value, true, {});
            else
                in.fail();
            return;
        }
        const auto [deleted, length] = in.b1vu56();
        if (deleted)
            return m_loader.addRun(index, first, length, true, {});
        if (kind == NodeKind::Bin) {
            const std::string_view data = in.bytes(length);
            return m_loader.addRun(index, first, length, false, {data.data(), static_cast<std::uint32_t>(data.size()), 1});
        }
        if (length > in.left())
            in.fail();
        std::vector<NodeIndex> elements;
        for (std::uint64_t i = 0; i < length && in.ok(); ++i)
            elements.push_back(child(in, self));
        if (!in.ok())
            return;
        for (const NodeIndex element : elements)
            m_loader.addElementReference(index, element);
        m_loader.addRun(index, first, length, false, {elements.data(), static_cast<std::uint32_t>(length), 4});
    }

    DocumentLoader m_loader;
    std::vector<Id> m_rows;
};

} // namespace

IndexedFields encodeIndexed(const Document &document)
{
    return IndexedEncoder(document).encode();
}

Result<Document> decodeIndexed(const IndexedFields &fields)
{
    std::string_view table;
    for (const auto &[name, bytes] : fields) {
        if (name == "c")
            table = bytes;
    }
    ByteReader in(table);
    const std::uint64_t count = in.vu57();
    std::vector<Id> rows;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const std::uint64_t sid = in.vu57();
        rows.push_back({sid, in.vu57()});
        if (!DocumentLoader::fits(rows.back()))
            in.fail();
    }
    if (!in.ok() || !in.atEnd() || rows.empty() || rows[0].sid == kSystemSession)
        return failure(ErrorCode::InvalidValue, "clock table of an indexed document");
    LogicalClock clock(rows[0].sid, rows[0].time + 1);
    for (const Id row : rows)
        clock.load(row);
    return IndexedDecoder(std::move(clock), std::move(rows)).decode(fields);
}

} // namespace eventsync::crdt
