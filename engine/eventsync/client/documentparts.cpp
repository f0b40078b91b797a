// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/documentparts_p.h>

#include <eventsync/model/crdtstate.h>

namespace eventsync::client {

DocumentParts::DocumentParts(ReplicaContext &shared, DocumentId documentId)
    : context(shared), id(std::move(documentId)), changes(id), rules(shared.policies, shared.options),
      history(id, shared.options, changes), acknowledged(id, shared.options, changes), queue(changes, shared.queueSize),
      tree(queue, changes), undo(id, changes), staged(id, changes)
{
}

std::uint64_t DocumentParts::session() const
{
    return crdtSessionOf(context.clientId);
}

EventPtr DocumentParts::pushed(const Entry &entry, ClientSeq clientSeq) const
{
    Event event{.id = entry.edit.id,
                .documentId = id,
                .collection = entry.edit.collection,
                .operation = entry.edit.operation,
                .clientId = context.clientId,
                .clientSeq = clientSeq,
                .baseSeq = entry.edit.baseSeq,
                .timestamp = entry.edit.timestamp,
                .diff = entry.edit.diff};
    if (!entry.edit.metadata.empty())
        event.metadata = entry.edit.metadata;
    event.onOverlap = entry.edit.onOverlap;
    return std::make_shared<const Event>(std::move(event));
}

namespace {

std::size_t bytesOfNumbers(const Event &event)
{
    return std::to_string(event.clientSeq.value()).size() + std::to_string(event.baseSeq.value()).size();
}

} // namespace

void DocumentParts::keepPushedBytes(Entry &entry, const Event &event, std::size_t bytes)
{
    entry.unnumberedBytes = bytes - bytesOfNumbers(event);
}

std::size_t DocumentParts::pushedBytes(Entry &entry, const Event &event)
{
    if (entry.unnumberedBytes == 0)
        keepPushedBytes(entry, event, canonicalBytes(event, EventForm::Pushed).size());
    return entry.unnumberedBytes + bytesOfNumbers(event);
}

void DocumentParts::setReadOnly(bool readOnly)
{
    if (std::exchange(isReadOnly, readOnly) == readOnly)
        return;
    if (readOnly)
        changes.put("rights", {id.text(), "read"});
    else
        changes.eraseAll("rights");
}

void DocumentParts::resetHistory()
{
    tree.unapply();
    tree.state() = DocumentState();
    tree.confirmedChanged();
    history.restart(Position(), {});
    history.setCompared();
    for (auto &[order, entry] : queue.entries()) {
        if (!entry.isWaiting() && entry.edit.baseSeq.value() > 0) {
            entry.edit.baseSeq = ServerSeq();
            queue.touch(entry);
        }
    }
    changes.everythingChanged();
}

} // namespace eventsync::client
