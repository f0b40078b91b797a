// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>
#include <eventsync/crdt/limits.h>

namespace eventsync::crdt {

// Builds a document for a decoder. Every failure is kept; the decoder may continue, and check at the end or before expensive
// work. Owner only.
class DocumentLoader
{
public:
    explicit DocumentLoader(LogicalClock clock) : m_document(std::move(clock)) {}

    bool ok() const { return m_ok; }
    void fail() { m_ok = false; }
    LogicalClock &clock() { return *m_document.m_clock; }
    Document &document() { return m_document; }
    Node &node(NodeIndex index) { return m_document.m_nodes[index]; }

    // Checks that a time leaves room for later ones.
    static bool fits(Id last) { return Document::mayHaveSeen(last); }
    // The id with this document's session index; fails on invalid ids.
    Sequence::Stamp stamp(Id id)
    {
        if (id.sid > kMaxSessionId || id.time >= kMaxTime - limits::kCrdtClockJump)
            fail();
        return {clock().number(id.sid), id.time};
    }
    // Encodings count back from what the clock has seen, so an id beyond that could not be written again.
    void setReference(NodeIndex index, Id to)
    {
        if (!clock().knows(to))
            return fail();
        node(index).setConstant(to);
    }
    // A node that was read before: it is in several places, and is encoded as a shallow copy here. kNoNode: it is new.
    NodeIndex again(Id id, NodeKind kind)
    {
        const NodeIndex found = m_ok ? m_document.m_nodes.find(stamp(id)) : kNoNode;
        return found != kNoNode && node(found).kind == kind ? found : kNoNode;
    }
    NodeIndex create(Id id, NodeKind kind)
    {
        const Sequence::Stamp at = stamp(id);
        // Clocks begin at 1: time 0 stands for the origin, and a constant there for nothing at all.
        if (id.sid == kSystemSession || id.time == 0 || m_document.m_nodes.find(at) != kNoNode)
            fail();
        else if (!clock().knows(id))
            fail();
        if (!m_ok)
            return kNoNode;
        return m_document.m_nodes.create(at, kind);
    }
    void setRoot(NodeIndex value)
    {
        m_document.m_root = value;
        if (value != kNoNode)
            m_document.m_nodes.addReference(value, kNoNode);
    }
    void setVal(NodeIndex val, NodeIndex value)
    {
        node(val).value() = value;
        if (value != kNoNode)
            addElementReference(val, value);
    }
    void setKey(NodeIndex object, std::string_view key, NodeIndex value)
    {
        NodeIndex &slot = node(object).keys().findOrAdd(key);
        if (slot != kNoNode || key.find('\0') != std::string_view::npos)
            return fail();
        slot = value;
        addElementReference(object, value);
    }
    void addSlot(NodeIndex vec, NodeIndex value)
    {
        node(vec).vecSlots().push_back(value);
        if (value != kNoNode)
            addElementReference(vec, value);
    }
    // The content of a container is younger than the container: no operation could have placed it otherwise.
    void addElementReference(NodeIndex container, NodeIndex value)
    {
        if (!(m_document.idOf(container) < m_document.idOf(value)))
            fail();
        m_document.m_nodes.addReference(value, container);
    }
    // A run of a sequence. Units: none if it is deleted.
    void addRun(NodeIndex index, Id first, std::uint64_t length, bool deleted, const Units &units)
    {
        Sequence &sequence = node(index).sequence();
        const Sequence::Stamp at = stamp(first);
        const bool isLong = length == 0 || length > Sequence::kMaxElements - sequence.total();
        if (isLong || first.sid == kSystemSession || first.time + length > kMaxTime - limits::kCrdtClockJump
            || !clock().knowsAll({first.sid, first.time, length}))
            return fail();
        if (m_ok)
            sequence.append({at, static_cast<std::uint32_t>(length), deleted}, units);
    }
    // Text of a run; its length is the run's.
    void addText(NodeIndex index, Id first, std::string_view utf8);
    void addUnits(NodeIndex index, Id first, std::u16string_view text);
    void finish(NodeIndex index) { node(index).sequence().finish(); }

    Result<Document> take(const char *what)
    {
        if (!m_ok)
            return failure(ErrorCode::InvalidValue, what);
        return std::move(m_document);
    }

private:
    Document m_document;
    bool m_ok = true;
    std::u16string m_buffer;
};

} // namespace eventsync::crdt
