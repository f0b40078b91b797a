// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>

#include <memory>
#include <set>
#include <vector>

namespace eventsync::crdt {

// Visits a document's nodes depth first, in the order in which every structural encoding writes them, and calls an encoder for
// each. It uses a list of frames instead of recursion, because authors decide how deep nodes nest. A node in several places is
// visited completely at the first one, and as a shallow copy, with its id and kind only, at the others, so an encoding is not
// longer than the document's content.
//
// Encoder:  void leaf(const Node &)                        con, str, bin
//           void nothing()                                 the unset content of a val
//           void begin(const Node &, std::size_t size)     val, obj, vec, arr (size: entries, slots, runs)
//           std::vector<std::uint32_t> keyOrder(const ObjectKeys &)
//           void key(const Node &, const std::string &, bool first)
//           void slot(const Node &, std::size_t i, bool empty)
//           void run(const Sequence::Run &, bool first), void element(std::size_t i), void endRun(bool deleted)
//           void end(const Node &)
template<class Encoder>
class Walker
{
public:
    Walker(const Document &document, Encoder &encoder) : m_document(document), m_encoder(encoder) {}

    void walk(NodeIndex root)
    {
        enter(root);
        while (!m_frames.empty())
            step();
    }

private:
    struct Frame
    {
        NodeIndex node = kNoNode;
        std::size_t at = 0;
        std::vector<std::uint32_t> order;     // obj: entries; arr: elements of the current run
        std::unique_ptr<Sequence::Reader> reader; // arr
        bool inRun = false;
        bool firstRun = true;
    };

    void enter(NodeIndex index)
    {
        const Node &node = m_document.node(index);
        if (node.isShared() && !m_met.insert(index).second)
            return shallow(node);
        if (node.kind == NodeKind::Con || node.kind == NodeKind::Str || node.kind == NodeKind::Bin) {
            m_encoder.leaf(node);
            return;
        }
        Frame frame;
        frame.node = index;
        std::size_t size = 1;
        if (node.kind == NodeKind::Obj) {
            frame.order = m_encoder.keyOrder(node.keys());
            size = frame.order.size();
        } else if (node.kind == NodeKind::Vec) {
            size = node.vecSlots().size();
        } else if (node.kind == NodeKind::Arr) {
            frame.reader = std::make_unique<Sequence::Reader>(node.sequence());
            size = node.sequence().runCount();
        }
        m_encoder.begin(node, size);
        m_frames.push_back(std::move(frame));
    }

    void shallow(const Node &node)
    {
        const Node empty = emptyNode(node.id, node.kind, m_document.clock());
        switch (node.kind) {
        case NodeKind::Con: case NodeKind::Str: case NodeKind::Bin:
            return m_encoder.leaf(empty);
        case NodeKind::Val:
            m_encoder.begin(empty, 1);
            m_encoder.nothing();
            break;
        case NodeKind::Obj:
            static_cast<void>(m_encoder.keyOrder(empty.keys()));
            [[fallthrough]];
        default:
            m_encoder.begin(empty, 0);
        }
        m_encoder.end(empty);
    }

    void leave()
    {
        const NodeIndex node = m_frames.back().node;
        m_frames.pop_back();
        m_encoder.end(m_document.node(node));
    }

    void step()
    {
        Frame &frame = m_frames.back();
        const Node &node = m_document.node(frame.node);
        switch (node.kind) {
        case NodeKind::Val:
            if (frame.at++ > 0)
                return leave();
            if (node.value() == kNoNode)
                return m_encoder.nothing();
            return enter(node.value());
        case NodeKind::Obj: {
            if (frame.at == frame.order.size())
                return leave();
            const ObjectKeys::Entry &entry = node.keys().entries()[frame.order[frame.at]];
            m_encoder.key(node, entry.key, frame.at == 0);
            ++frame.at;
            return enter(entry.value);
        }
        case NodeKind::Vec: {
            if (frame.at == node.vecSlots().size())
                return leave();
            const NodeIndex child = node.vecSlots()[frame.at];
            m_encoder.slot(node, frame.at, child == kNoNode);
            ++frame.at;
            return child == kNoNode ? void() : enter(child);
        }
        default:
            return stepArray(frame);
        }
    }

    void stepArray(Frame &frame)
    {
        if (frame.inRun && frame.at < frame.order.size()) {
            m_encoder.element(frame.at);
            const NodeIndex child = frame.order[frame.at];
            ++frame.at;
            return enter(child);
        }
        if (frame.inRun) {
            frame.inRun = false;
            m_encoder.endRun(false);
        }
        Sequence::Run run;
        if (!frame.reader->next(run))
            return leave();
        m_encoder.run(run, frame.firstRun);
        frame.firstRun = false;
        if (run.deleted)
            return m_encoder.endRun(true);
        frame.order.clear();
        frame.reader->nodes(frame.order);
        frame.at = 0;
        frame.inRun = true;
    }

    const Document &m_document;
    Encoder &m_encoder;
    std::vector<Frame> m_frames;
    std::set<NodeIndex> m_met; // shared nodes
};

} // namespace eventsync::crdt
