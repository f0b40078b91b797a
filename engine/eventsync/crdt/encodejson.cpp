// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/clocktable_p.h>
#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/jsontext_p.h>
#include <eventsync/crdt/walker_p.h>

#include <algorithm>
#include <numeric>

namespace eventsync::crdt {

namespace {

// Keys as a JavaScript object enumerates them: array indices ascending, then the others as they were set.
std::vector<std::uint32_t> scriptOrder(const ObjectKeys &keys)
{
    std::vector<std::pair<std::uint32_t, std::uint32_t>> indices;
    std::vector<std::uint32_t> names;
    for (std::uint32_t i = 0; i < keys.entries().size(); ++i) {
        std::uint32_t index = 0;
        if (keys.entries()[i].key == kHiddenKey)
            continue;
        if (isArrayIndex(keys.entries()[i].key, index))
            indices.emplace_back(index, i);
        else
            names.push_back(i);
    }
    std::sort(indices.begin(), indices.end());
    std::vector<std::uint32_t> order;
    for (const auto &[index, entry] : indices)
        order.push_back(entry);
    order.insert(order.end(), names.begin(), names.end());
    return order;
}

void appendRun(std::string &out, const Node &node, const Sequence::Reader &reader, const std::string &bytesAsText)
{
    if (node.kind == NodeKind::Bin) {
        out += '"';
        out += bytesAsText;
        out += '"';
        return;
    }
    std::u16string units;
    reader.utf16(units);
    appendJsonText(out, units);
}

// The compact encoding's clock table stands in front, and its rows are in the order in which the reference meets the ids:
// of a container's and a text's parts before its own.
class RowCollector
{
public:
    RowCollector(const Document &document, ClockTableWriter &table) : m_document(document), m_table(table) {}

    void leaf(const Node &node)
    {
        if (node.kind == NodeKind::Con) {
            meet(node.id);
            const Constant value = node.constant();
            if (const Id *reference = std::get_if<Id>(&value); reference && reference->sid > kServerSession)
                m_table.relative(*reference);
            return;
        }
        node.sequence().forEachRun([this](const Sequence::Run &run) { meet(run.first); });
        meet(node.id);
    }
    void nothing() {}
    void begin(const Node &node, std::size_t)
    {
        if (node.kind == NodeKind::Val)
            meet(node.id);
    }
    std::vector<std::uint32_t> keyOrder(const ObjectKeys &keys)
    {
        std::vector<std::uint32_t> order(keys.entries().size());
        std::iota(order.begin(), order.end(), 0u);
        return order;
    }
    void key(const Node &, const std::string &, bool) {}
    void slot(const Node &, std::size_t, bool) {}
    void run(const Sequence::Run &run, bool) { meet(run.first); }
    void element(std::size_t) {}
    void endRun(bool) {}
    void end(const Node &node)
    {
        if (node.kind != NodeKind::Val)
            meet(node.id);
    }

private:
    void meet(Sequence::Stamp id)
    {
        if (m_document.idOf(id).sid > kServerSession)
            m_table.relative(id);
    }

    const Document &m_document;
    ClockTableWriter &m_table;
};

// What the two encodings write alike: the order of keys, and what stands between the parts of a container.
class TextEncoder
{
public:
    std::vector<std::uint32_t> keyOrder(const ObjectKeys &keys) { return scriptOrder(keys); }
    void key(const Node &, const std::string &key, bool first)
    {
        if (!first)
            m_out += ',';
        appendJsonText(m_out, std::string_view(key));
        m_out += ':';
    }
    void slot(const Node &, std::size_t i, bool empty)
    {
        if (i > 0)
            m_out += ',';
        if (empty)
            m_out += m_hole;
    }
    void element(std::size_t i) { m_out += i == 0 ? '[' : ','; }

protected:
    TextEncoder(const Document &document, const char *hole) : m_document(document), m_hole(hole) {}

    // The runs of a text or of bytes: `open` writes what stands before a run's units, bytes are written by `toText`.
    template<class Open>
    void runs(const Node &node, std::string (*toText)(std::string_view), const char *end, Open &&open)
    {
        Sequence::Reader reader(node.sequence());
        bool first = true;
        for (Sequence::Run run; reader.next(run); first = false) {
            open(run, first);
            if (!run.deleted) {
                std::string bytes;
                if (node.kind == NodeKind::Bin)
                    reader.bytes(bytes);
                appendRun(m_out, node, reader, toText(bytes));
            }
            m_out += end;
        }
    }

    const Document &m_document;
    const char *m_hole; // of a vec
    std::string m_out;
};

class CompactEncoder : public TextEncoder
{
public:
    explicit CompactEncoder(const Document &document)
        : TextEncoder(document, "0"), m_isServer(document.clock().isServer()), m_table(document.clock())
    {
    }

    std::string encode()
    {
        if (m_document.isEmpty()) {
            m_out += '0';
        } else {
            RowCollector collector(m_document, m_table);
            Walker(m_document, collector).walk(m_document.rootNode());
            Walker(m_document, *this).walk(m_document.rootNode());
        }
        std::string head = "[";
        if (m_isServer) {
            appendJsonNumber(head, m_document.clock().time());
        } else {
            char separator = '[';
            for (const Id row : m_table.rows()) {
                head += separator;
                appendJsonNumber(head, row.sid);
                head += ',';
                appendJsonNumber(head, row.time);
                separator = ',';
            }
            head += ']';
        }
        return head + ',' + m_out + ']';
    }

    void leaf(const Node &node)
    {
        start(node);
        if (node.kind == NodeKind::Con)
            return constant(node);
        m_out += '[';
        runs(node, dataUrl, "]", [this](const Sequence::Run &run, bool first) { this->run(run, first); });
        m_out += "]]";
    }
    void nothing()
    {
        m_out += "[0,";
        id(kOrigin);
        m_out += ",0,0]";
    }
    void begin(const Node &node, std::size_t)
    {
        start(node);
        if (node.kind != NodeKind::Val)
            m_out += node.kind == NodeKind::Obj ? '{' : '[';
    }
    void run(const Sequence::Run &run, bool first)
    {
        m_out += first ? "[" : ",[";
        id(m_document.idOf(run.first));
        m_out += ',';
        if (run.deleted)
            appendJsonNumber(m_out, run.length);
    }
    void endRun(bool deleted) { m_out += deleted ? "]" : "]]"; }
    void end(const Node &node) { m_out += node.kind == NodeKind::Val ? "]" : node.kind == NodeKind::Obj ? "}]" : "]]"; }

private:
    void start(const Node &node)
    {
        m_out += '[';
        m_out += static_cast<char>('0' + static_cast<int>(node.kind));
        m_out += ',';
        id(m_document.idOf(node.id));
        m_out += ',';
    }
    void id(Id id)
    {
        if (id.sid == kServerSession)
            return appendJsonNumber(m_out, m_document.clock().time() - id.time);
        m_out += '[';
        if (id.sid == kSystemSession) {
            m_out += "0,";
            appendJsonNumber(m_out, id.time);
        } else {
            const auto relative = m_table.relative(id);
            m_out += '-';
            appendJsonNumber(m_out, relative.row);
            m_out += ',';
            appendJsonNumber(m_out, relative.difference);
        }
        m_out += ']';
    }
    void constant(const Node &node)
    {
        const Constant value = node.constant();
        if (const Id *reference = std::get_if<Id>(&value)) {
            m_out += "0,";
            id(*reference);
        } else if (std::holds_alternative<Undefined>(value)) {
            m_out += "0,0";
        } else {
            appendJson(m_out, viewOf(value));
        }
        m_out += ']';
    }

    bool m_isServer;
    ClockTableWriter m_table;
};

class VerboseEncoder : public TextEncoder
{
public:
    explicit VerboseEncoder(const Document &document) : TextEncoder(document, "null") {}

    std::string encode()
    {
        m_out = "{\"time\":";
        const LogicalClock &clock = m_document.clock();
        if (clock.isServer()) {
            appendJsonNumber(m_out, clock.time());
        } else {
            m_out += '[';
            id({clock.sid(), clock.time()});
            for (const Id peer : clock.peers()) {
                m_out += ',';
                id(peer, true);
            }
            m_out += ']';
        }
        m_out += ",\"root\":{\"type\":\"val\",\"id\":[0,0],\"value\":";
        if (m_document.isEmpty())
            nothing();
        else
            Walker(m_document, *this).walk(m_document.rootNode());
        return std::move(m_out) + "}}";
    }

    void leaf(const Node &node)
    {
        start(node);
        if (node.kind == NodeKind::Con)
            return constant(node);
        m_out += ",\"chunks\":[";
        runs(node, toBase64, "}", [this](const Sequence::Run &run, bool first) { this->run(run, first); });
        m_out += "]}";
    }
    void nothing() { m_out += "{\"type\":\"con\",\"id\":[0,0]}"; }
    void begin(const Node &node, std::size_t)
    {
        start(node);
        switch (node.kind) {
        case NodeKind::Val: m_out += ",\"value\":"; break;
        case NodeKind::Obj: m_out += ",\"map\":{"; break;
        case NodeKind::Vec: m_out += ",\"map\":["; break;
        default: m_out += ",\"chunks\":["; break;
        }
    }
    void run(const Sequence::Run &run, bool first)
    {
        m_out += first ? "{\"id\":" : ",{\"id\":";
        id(m_document.idOf(run.first));
        m_out += run.deleted ? ",\"span\":" : ",\"value\":";
        if (run.deleted)
            appendJsonNumber(m_out, run.length);
    }
    void endRun(bool deleted) { m_out += deleted ? "}" : "]}"; }
    void end(const Node &node) { m_out += node.kind == NodeKind::Val ? "}" : node.kind == NodeKind::Obj ? "}}" : "]}"; }

private:
    void start(const Node &node)
    {
        constexpr const char *kNames[] = {"con", "val", "obj", "vec", "str", "bin", "arr"};
        m_out += "{\"type\":\"";
        m_out += kNames[static_cast<int>(node.kind)];
        m_out += "\",\"id\":";
        id(m_document.idOf(node.id));
    }
    void id(Id id, bool always = false)
    {
        if (id.sid == kServerSession && !always)
            return appendJsonNumber(m_out, id.time);
        m_out += '[';
        appendJsonNumber(m_out, id.sid);
        m_out += ',';
        appendJsonNumber(m_out, id.time);
        m_out += ']';
    }
    void constant(const Node &node)
    {
        const Constant value = node.constant();
        if (const Id *reference = std::get_if<Id>(&value)) {
            m_out += ",\"timestamp\":true,\"value\":";
            id(*reference);
        } else if (!std::holds_alternative<Undefined>(value)) {
            m_out += ",\"value\":";
            appendJson(m_out, viewOf(value));
        }
        m_out += '}';
    }
};

} // namespace

std::string encodeCompact(const Document &document)
{
    return CompactEncoder(document).encode();
}

std::string encodeVerbose(const Document &document)
{
    return VerboseEncoder(document).encode();
}

} // namespace eventsync::crdt
