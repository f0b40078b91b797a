// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/loader_p.h>
#include <eventsync/crdt/utf16_p.h>
#include <eventsync/json/keyorder.h>

#include <optional>

// The structural binary and the sidecar decoder. Both read the same stream of nodes, depth first; the sidecar has the
// contents in a second stream, the view, which comes in the same order because its keys are sorted. Unfinished containers
// wait in a list of frames, so nesting costs no stack.

namespace eventsync::crdt {

namespace {

struct TableClock
{
    LogicalClock clock;
    std::vector<Id> rows;
};

std::optional<TableClock> readTable(ByteReader &in)
{
    const std::uint64_t count = in.vu57();
    if (count == 0 || count > in.left())
        return std::nullopt;
    std::optional<TableClock> table;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        Id row;
        row.sid = in.vu57();
        row.time = in.vu57();
        if (!DocumentLoader::fits(row) || (i == 0 && row.sid == kSystemSession))
            return std::nullopt;
        if (!table)
            table = TableClock{LogicalClock(row.sid, row.time + 1), {}};
        table->clock.load(row);
        table->rows.push_back(row);
    }
    if (!in.ok() || !in.atEnd() || table->clock.isServer())
        return std::nullopt;
    return table;
}

class NodeReader
{
public:
    // `rows` empty: server clock. `view`: the other stream of a sidecar, or none.
    NodeReader(LogicalClock clock, std::vector<Id> rows, std::string_view nodes, std::optional<std::string_view> view)
        : m_loader(std::move(clock)), m_rows(std::move(rows)), m_in(nodes), m_view(view.value_or(std::string_view())),
          m_isSidecar(view.has_value())
    {
    }

    Result<Document> read()
    {
        if (m_in.peek() == 0 && m_in.ok()) {
            m_in.u8();
        } else {
            m_loader.setRoot(enter());
            while (!m_frames.empty() && ok())
                step();
        }
        if (!ok() || !m_in.atEnd() || !m_view.atEnd())
            m_loader.fail();
        return m_loader.take("structural encoding of a document");
    }

private:
    struct Frame
    {
        NodeIndex node = kNoNode;
        NodeKind kind = NodeKind::Val;
        std::uint64_t left = 0;    // children, or runs of an arr
        Id run;                    // arr: the current run ...
        std::uint64_t runLeft = 0; // ... and children of it still to come
        std::vector<NodeIndex> elements;
        std::uint64_t shown = 0;   // sidecar: elements the view has still to give
        std::string lastKey;       // sidecar: to see that keys ascend
    };

    bool ok() const { return m_in.ok() && m_view.ok() && m_loader.ok(); }

    Id id()
    {
        if (m_rows.empty())
            return {kServerSession, m_in.vu57()};
        const auto relative = m_in.relativeId();
        if (relative.row == 0)
            return {kSystemSession, relative.difference};
        if (relative.row > m_rows.size() || relative.difference > m_rows[relative.row - 1].time) {
            m_in.fail();
            return {};
        }
        const Id &row = m_rows[relative.row - 1];
        return {row.sid, row.time - relative.difference};
    }

    // Reads a node's head; leaves are read whole, containers get a frame. kNoNode: the unset content of a val.
    NodeIndex enter()
    {
        const Id nodeId = id();
        NodeKind kind = NodeKind::Con;
        std::uint64_t length = 0;
        if (m_isSidecar) {
            const CborHeader header = readCborHeader(m_in);
            kind = static_cast<NodeKind>(header.major);
            length = header.value;
        } else {
            const std::uint8_t octet = m_in.u8();
            kind = static_cast<NodeKind>(octet >> 5);
            length = (octet & 31) == 31 && kind > NodeKind::Val ? m_in.vu57() : octet & 31u;
        }
        const bool isNothing = kind == NodeKind::Con && length == 0 && (nodeId.sid == kSystemSession || nodeId.time == 0);
        if (!ok() || isNothing) {
            static_cast<void>(readCbor(m_isSidecar ? m_view : m_in));
            return kNoNode;
        }
        if (kind > NodeKind::Arr || (kind > NodeKind::Val && length > m_in.left()))
            m_in.fail();
        if (const NodeIndex known = ok() ? m_loader.again(nodeId, kind) : kNoNode; known != kNoNode) {
            shallow(kind, length);
            return known;
        }
        const NodeIndex node = ok() ? m_loader.create(nodeId, kind) : kNoNode;
        if (node == kNoNode)
            return kNoNode;
        if (kind == NodeKind::Con)
            constant(node, length != 0);
        else if (kind == NodeKind::Str || kind == NodeKind::Bin)
            units(node, kind == NodeKind::Str, length);
        else
            push(node, kind, length);
        return node;
    }

    void undefined()
    {
        const Constant value = readCbor(m_isSidecar ? m_view : m_in);
        if (!std::holds_alternative<Undefined>(value))
            m_in.fail();
    }

    // A node that stands in several places has its content in the first.
    void shallow(NodeKind kind, std::uint64_t length)
    {
        if (kind == NodeKind::Val) {
            const Id inside = id();
            const std::uint64_t head = m_isSidecar ? readCborHeader(m_in).value : m_in.u8();
            if (inside.time != 0 || head != 0)
                m_in.fail();
            return undefined();
        }
        if (length != 0)
            m_in.fail();
        else if (kind == NodeKind::Con)
            undefined();
        else if (m_isSidecar && readCborHeader(m_view).value != 0)
            m_view.fail();
    }

    void constant(NodeIndex node, bool isReference)
    {
        Constant value = isReference && !m_isSidecar ? Constant() : readCbor(m_isSidecar ? m_view : m_in);
        if (isReference)
            m_loader.setReference(node, id());
        else
            m_loader.node(node).setConstant(std::move(value));
    }

    void units(NodeIndex node, bool isText, std::uint64_t runs)
    {
        std::u16string text;
        std::string_view bytes;
        if (m_isSidecar && isText) {
            appendUtf16(text, readCborText(m_view));
        } else if (m_isSidecar) {
            const CborHeader header = readCborHeader(m_view);
            if (header.major != 2)
                m_view.fail();
            bytes = m_view.bytes(header.value);
        }
        const std::size_t size = isText ? text.size() : bytes.size();
        std::uint64_t at = 0;
        for (std::uint64_t i = 0; i < runs && ok(); ++i) {
            const Id first = id();
            if (isText && !m_isSidecar) {
                textRun(node, first);
                continue;
            }
            const auto [deleted, length] = m_in.b1vu56();
            if (deleted) {
                m_loader.addRun(node, first, length, true, {});
            } else if (!m_isSidecar) {
                const std::string_view data = m_in.bytes(length);
                m_loader.addRun(node, first, length, false, {data.data(), static_cast<std::uint32_t>(data.size()), 1});
            } else if (length > size - at) {
                m_loader.fail();
            } else {
                const auto count = static_cast<std::uint32_t>(length);
                isText ? m_loader.addUnits(node, first, std::u16string_view(text).substr(at, length))
                       : m_loader.addRun(node, first, length, false, {bytes.data() + at, count, 1});
                at += length;
            }
        }
        if (m_isSidecar && at != size)
            m_loader.fail();
        if (ok())
            m_loader.finish(node);
    }

    void textRun(NodeIndex node, Id first)
    {
        const CborHeader header = readCborHeader(m_in);
        if (header.major == 3)
            m_loader.addText(node, first, m_in.bytes(header.value));
        else if (header.major == 0)
            m_loader.addRun(node, first, header.value, true, {});
        else
            m_in.fail();
    }

    void push(NodeIndex node, NodeKind kind, std::uint64_t length)
    {
        Frame frame;
        frame.node = node;
        frame.kind = kind;
        frame.left = kind == NodeKind::Val ? 1 : length;
        if (m_isSidecar && kind != NodeKind::Val) {
            const CborHeader header = readCborHeader(m_view);
            const bool sameSize = kind == NodeKind::Arr || header.value == length;
            if (header.major != (kind == NodeKind::Obj ? 5 : 4) || !sameSize)
                m_view.fail();
            frame.shown = header.value;
        }
        m_frames.push_back(std::move(frame));
    }

    void step()
    {
        const std::size_t index = m_frames.size() - 1; // frames move when a child adds one
        const NodeIndex node = m_frames[index].node;
        const NodeKind kind = m_frames[index].kind;
        if (kind == NodeKind::Arr)
            return stepArray(index);
        if (m_frames[index].left == 0) {
            m_frames.pop_back();
            return;
        }
        --m_frames[index].left;
        if (kind == NodeKind::Val)
            return m_loader.setVal(node, enter());
        if (kind == NodeKind::Vec)
            return slot(node);
        const std::string key(readCborText(m_isSidecar ? m_view : m_in));
        if (m_isSidecar) {
            std::string &last = m_frames[index].lastKey;
            if (!last.empty() && json::compareUtf16(last, key) >= 0)
                m_loader.fail();
            last = key;
        }
        const NodeIndex child = ok() && isValidUtf8(key) ? enter() : kNoNode;
        child == kNoNode ? m_loader.fail() : m_loader.setKey(node, key, child);
    }

    void slot(NodeIndex node)
    {
        if (m_loader.node(node).vecSlots().size() > kMaxVecIndex)
            return m_loader.fail();
        if (m_isSidecar || m_in.peek() != 0)
            return m_loader.addSlot(node, enter());
        m_in.u8();
        m_loader.addSlot(node, kNoNode);
    }

    void stepArray(std::size_t index)
    {
        const NodeIndex node = m_frames[index].node;
        if (m_frames[index].runLeft > 0) {
            --m_frames[index].runLeft;
            const NodeIndex child = enter();
            if (child == kNoNode)
                return m_loader.fail();
            m_frames[index].elements.push_back(child);
            return m_loader.addElementReference(node, child);
        }
        Frame &frame = m_frames[index];
        if (!frame.elements.empty()) {
            const auto count = static_cast<std::uint32_t>(frame.elements.size());
            m_loader.addRun(node, frame.run, count, false, {frame.elements.data(), count, 4});
            frame.shown -= count;
            frame.elements.clear();
        }
        if (frame.left == 0) {
            if (m_isSidecar && frame.shown != 0)
                m_loader.fail();
            if (ok())
                m_loader.finish(node);
            m_frames.pop_back();
            return;
        }
        --frame.left;
        frame.run = id();
        const auto [deleted, length] = m_in.b1vu56();
        if (deleted)
            m_loader.addRun(node, frame.run, length, true, {});
        else if (length == 0 || length > m_in.left())
            m_in.fail();
        else
            frame.runLeft = length;
    }

    DocumentLoader m_loader;
    std::vector<Id> m_rows;
    ByteReader m_in;
    ByteReader m_view;
    bool m_isSidecar;
    std::vector<Frame> m_frames;
};

// Splits an encoding with a clock table behind its nodes.
std::optional<TableClock> splitTable(std::string_view bytes, std::string_view &nodes)
{
    ByteReader in(bytes);
    const std::uint32_t size = in.u32();
    nodes = in.bytes(size);
    return in.ok() ? readTable(in) : std::nullopt;
}

} // namespace

Result<Document> decodeBinary(std::string_view bytes)
{
    if (!bytes.empty() && (bytes[0] & 0x80) != 0) {
        ByteReader in(bytes);
        in.u8();
        const std::uint64_t time = in.vu57();
        if (!in.ok() || time == 0 || !DocumentLoader::fits({kServerSession, time}))
            return failure(ErrorCode::InvalidValue, "server time of a document");
        LogicalClock clock(kServerSession, time);
        clock.load({kServerSession, time - 1});
        return NodeReader(std::move(clock), {}, bytes.substr(bytes.size() - in.left()), {}).read();
    }
    std::string_view nodes;
    auto table = splitTable(bytes, nodes);
    if (!table)
        return failure(ErrorCode::InvalidValue, "clock table of a document");
    return NodeReader(std::move(table->clock), std::move(table->rows), nodes, {}).read();
}

Result<Document> decodeSidecar(const Sidecar &sidecar)
{
    std::string_view nodes;
    auto table = splitTable(sidecar.meta, nodes);
    if (!table)
        return failure(ErrorCode::InvalidValue, "clock table of a sidecar");
    return NodeReader(std::move(table->clock), std::move(table->rows), nodes, std::string_view(sidecar.view)).read();
}

} // namespace eventsync::crdt
