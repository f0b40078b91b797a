// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>

#include <map>
#include <set>

namespace eventsync::simulation {

// The documents of kind crdt of the simulation: {text, list, o: {k0 .. k3}, n}. Their names begin with "text"; they are in
// the collection "notes", which has no rules of its own: nothing but deleting and creating can be in their way.
bool isCrdt(const DocumentId &id);
CollectionName collectionOf(const DocumentId &id);
json::Value freshCrdt(std::uint64_t randomBits);

// One to three changes of texts, lists and objects. Some fail half way: that must leave nothing behind.
client::ClientCore::CrdtEdit randomCrdtEdit(std::uint64_t randomBits);
// The same sort of change, made by somebody who sees only the JSON value.
void editCrdtValue(json::Value &value, std::uint64_t randomBits);

// Whether both are one patch, but for the ids that it makes.
bool isWrittenAgain(const Diff &one, const Diff &other);

// An editor's copy of the text at /text, kept by nothing but the changes it is told of. Throws a Violation as soon as it is
// not the document's text any more.
class EditorText
{
public:
    explicit EditorText(const crdt::Document *document) { read(document); }
    void follow(const client::CrdtChanged &notification, const crdt::Document *document, const std::string &who);

private:
    void read(const crdt::Document *document);
    crdt::Id m_node;
    QString m_text;
};

} // namespace eventsync::simulation
