// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/api.h>

namespace eventsync::crdt {

// A value converted to the value domain, or the reason why it cannot be in a document.
bool isPlain(const json::Value &value);
Result<json::Value> prepared(const json::Value &value);
Result<> checkKey(std::string_view key);

// Edits that give a node another value with the least change. Owner only.
class Differ
{
public:
    explicit Differ(Api &api) : m_api(api) {}

    // False if the node cannot become this value (another kind): its place must get a new node.
    bool edit(NodeIndex node, const json::Value &wanted);
    Result<> replace(std::string_view pointer, const json::Value &wanted); // puts a new node where the pointer leads
    void editText(NodeIndex node, std::u16string_view wanted);

private:
    bool editObject(NodeIndex node, const json::Object &wanted);
    bool editArray(NodeIndex node, const json::Array &wanted);
    bool editSlots(NodeIndex node, const json::Array &wanted);
    void editBytes(NodeIndex node, std::string_view wanted);

    Api &m_api;
};

// One step of an edit script between two sequences: at `position` of the old one, `removed` go and [from, to) of the new
// one come. Steps ascend and do not touch.
struct EditStep
{
    std::size_t position = 0;
    std::size_t removed = 0;
    std::size_t from = 0;
    std::size_t to = 0;
};
// The fewest removals and insertions (Myers 1986); if more than limits::kCrdtDiffSteps are needed, everything between the
// common beginning and end is replaced.
std::vector<EditStep> editScript(std::size_t oldSize, std::size_t newSize,
                                 const std::function<bool(std::size_t, std::size_t)> &equal);

} // namespace eventsync::crdt
