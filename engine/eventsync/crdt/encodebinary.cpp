// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/clocktable_p.h>
#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/utf16_p.h>
#include <eventsync/crdt/walker_p.h>
#include <eventsync/json/keyorder.h>

#include <algorithm>
#include <numeric>

namespace eventsync::crdt {

namespace {

// A run of text of fewer units than this keeps halves of surrogate pairs (as WTF-8); a longer one has them replaced. So
// does the reference implementation, whose two ways of writing text differ in it.
constexpr std::uint32_t kReplaceFrom = 42;

std::uint8_t overlay(NodeKind kind)
{
    return static_cast<std::uint8_t>(static_cast<int>(kind) << 5);
}

void runText(const Sequence::Reader &reader, const Sequence::Run &run, std::string &out)
{
    out.clear();
    if (reader.isAscii())
        return reader.bytes(out);
    std::u16string units;
    reader.utf16(units);
    appendUtf8(out, units, run.length < kReplaceFrom ? LoneSurrogate::Keep : LoneSurrogate::Replace);
}

// A text item whose length in UTF-16 is known, so that it need not be counted again.
void writeRunText(ByteWriter &out, std::string_view text, std::uint32_t units)
{
    const std::uint64_t widest = std::uint64_t(units) * 4;
    if (widest <= 23) {
        out.u8(static_cast<std::uint8_t>(0x60 | text.size()));
    } else if (widest <= 0xFF) {
        out.u8(0x78);
        out.u8(static_cast<std::uint8_t>(text.size()));
    } else if (widest <= 0xFFFF) {
        out.u8(0x79);
        out.u16(static_cast<std::uint16_t>(text.size()));
    } else {
        out.u8(0x7A);
        out.u32(static_cast<std::uint32_t>(text.size()));
    }
    out.bytes(text);
}

// The 4 bytes in front tell where the clock table begins.
void finishWithTable(Bytes &out, const ClockTableWriter &table)
{
    const auto size = static_cast<std::uint32_t>(out.size() - 4);
    for (int i = 0; i < 4; ++i)
        out[static_cast<std::size_t>(i)] = static_cast<char>(size >> (24 - 8 * i));
    ByteWriter writer(out);
    writer.vu57(table.rows().size());
    for (const Id row : table.rows()) {
        writer.vu57(row.sid);
        writer.vu57(row.time);
    }
}

class BinaryEncoder
{
public:
    BinaryEncoder(const Document &document, Bytes &out)
        : m_isServer(document.clock().isServer()), m_table(document.clock()), m_out(out)
    {
    }

    const ClockTableWriter &table() const { return m_table; }

    void leaf(const Node &node)
    {
        id(node.id);
        if (node.kind == NodeKind::Con)
            return constant(node);
        header(node.kind, node.sequence().runCount());
        Sequence::Reader reader(node.sequence());
        for (Sequence::Run run; reader.next(run);) {
            id(run.first);
            if (node.kind == NodeKind::Bin) {
                m_out.b1vu56(run.deleted, run.length);
                if (!run.deleted)
                    reader.bytes(m_out.out());
            } else if (run.deleted) {
                writeCborUnsigned(m_out, run.length);
            } else {
                runText(reader, run, m_text);
                writeRunText(m_out, m_text, run.length);
            }
        }
    }
    void nothing()
    {
        id(kOrigin);
        m_out.u8(0);
        m_out.u8(0xF7);
    }
    void begin(const Node &node, std::size_t size)
    {
        id(node.id);
        node.kind == NodeKind::Val ? m_out.u8(overlay(NodeKind::Val)) : header(node.kind, size);
    }
    std::vector<std::uint32_t> keyOrder(const ObjectKeys &keys)
    {
        std::vector<std::uint32_t> order(keys.entries().size());
        std::iota(order.begin(), order.end(), 0u);
        return order;
    }
    void key(const Node &, const std::string &key, bool) { writeCborText(m_out, key); }
    void slot(const Node &, std::size_t, bool empty)
    {
        if (empty)
            m_out.u8(0);
    }
    void run(const Sequence::Run &run, bool)
    {
        id(run.first);
        m_out.b1vu56(run.deleted, run.length);
    }
    void element(std::size_t) {}
    void endRun(bool) {}
    void end(const Node &) {}

private:
    void id(Sequence::Stamp stamp)
    {
        if (m_isServer)
            return m_out.vu57(stamp.time);
        const auto relative = m_table.relative(stamp);
        m_out.relativeId(relative.row, relative.difference);
    }
    void id(Id id)
    {
        if (m_isServer)
            return m_out.vu57(id.time);
        const auto relative = m_table.relative(id);
        m_out.relativeId(relative.row, relative.difference);
    }
    void constant(const Node &node)
    {
        const Constant value = node.constant();
        if (const Id *reference = std::get_if<Id>(&value)) {
            m_out.u8(1);
            return id(*reference);
        }
        m_out.u8(0);
        writeCbor(m_out, value);
    }
    void header(NodeKind kind, std::size_t length)
    {
        if (length < 31) {
            m_out.u8(static_cast<std::uint8_t>(overlay(kind) | length));
        } else {
            m_out.u8(overlay(kind) | 31);
            m_out.vu57(length);
        }
    }

    bool m_isServer;
    ClockTableWriter m_table;
    ByteWriter m_out;
    std::string m_text;
};

// The view goes one way, ids and lengths the other.
class SidecarEncoder
{
public:
    SidecarEncoder(const Document &document, Sidecar &out)
        : m_table(document.clock()), m_view(out.view), m_meta(out.meta)
    {
    }

    const ClockTableWriter &table() const { return m_table; }

    void leaf(const Node &node)
    {
        id(m_table.relative(node.id));
        if (node.kind == NodeKind::Con)
            return constant(node);
        const Sequence &sequence = node.sequence();
        header(node.kind, sequence.runCount());
        if (node.kind == NodeKind::Str) {
            std::u16string units;
            std::string text;
            sequence.appendUtf16(units, 0, sequence.length());
            appendUtf8(text, units, sequence.length() < kReplaceFrom ? LoneSurrogate::Keep : LoneSurrogate::Replace);
            writeRunText(m_view, text, sequence.length());
        } else {
            std::string bytes;
            sequence.appendBytes(bytes, 0, sequence.length());
            writeCborBinary(m_view, bytes);
        }
        sequence.forEachRun([&](const Sequence::Run &run) { this->run(run, false); });
    }
    void nothing()
    {
        id(m_table.relative(kOrigin));
        m_view.u8(0xF7);
        m_meta.u8(0);
    }
    void begin(const Node &node, std::size_t size)
    {
        id(m_table.relative(node.id));
        if (node.kind == NodeKind::Val)
            return m_meta.u8(overlay(NodeKind::Val));
        header(node.kind, size);
        if (node.kind == NodeKind::Obj)
            writeCborHeader(m_view, 5, size);
        else
            writeCborHeader(m_view, 4, node.kind == NodeKind::Vec ? size : node.sequence().length());
    }
    std::vector<std::uint32_t> keyOrder(const ObjectKeys &keys)
    {
        std::vector<std::uint32_t> order(keys.entries().size());
        std::iota(order.begin(), order.end(), 0u);
        std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return json::compareUtf16(keys.entries()[a].key, keys.entries()[b].key) < 0;
        });
        return order;
    }
    void key(const Node &, const std::string &key, bool) { writeCborText(m_view, key); }
    void slot(const Node &, std::size_t, bool empty)
    {
        if (empty)
            nothing();
    }
    void run(const Sequence::Run &run, bool)
    {
        id(m_table.relative(run.first));
        m_meta.b1vu56(run.deleted, run.length);
    }
    void element(std::size_t) {}
    void endRun(bool) {}
    void end(const Node &) {}

private:
    void id(ClockTableWriter::Relative relative) { m_meta.relativeId(relative.row, relative.difference); }
    void constant(const Node &node)
    {
        const Constant value = node.constant();
        writeCbor(m_view, value);
        if (const Id *reference = std::get_if<Id>(&value)) {
            m_meta.u8(1);
            id(m_table.relative(*reference));
        } else {
            m_meta.u8(0);
        }
    }
    void header(NodeKind kind, std::size_t length) { writeCborHeader(m_meta, static_cast<int>(kind), length); }

    ClockTableWriter m_table;
    ByteWriter m_view;
    ByteWriter m_meta;
};

} // namespace

Bytes encodeBinary(const Document &document)
{
    Bytes out;
    ByteWriter writer(out);
    if (document.clock().isServer()) {
        writer.u8(0x80);
        writer.vu57(document.clock().time());
    } else {
        writer.u32(0);
    }
    BinaryEncoder encoder(document, out);
    if (document.isEmpty())
        writer.u8(0);
    else
        Walker(document, encoder).walk(document.rootNode());
    if (!document.clock().isServer())
        finishWithTable(out, encoder.table());
    return out;
}

Result<Sidecar> encodeSidecar(const Document &document)
{
    if (document.clock().isServer())
        return failure(ErrorCode::InvalidValue, "the sidecar encoding has no server clock");
    Sidecar out;
    ByteWriter meta(out.meta);
    meta.u32(0);
    SidecarEncoder encoder(document, out);
    if (document.isEmpty())
        meta.u8(0);
    else
        Walker(document, encoder).walk(document.rootNode());
    finishWithTable(out.meta, encoder.table());
    return out;
}

} // namespace eventsync::crdt
