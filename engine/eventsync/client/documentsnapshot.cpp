// SPDX-License-Identifier: Apache-2.0
//
// Cases in which events do not continue the history: snapshots, and a diverged history (docs/protocol.md, rules 2 and 8).
#include <eventsync/client/documentpull_p.h>

#include <eventsync/json/diff.h>
#include <eventsync/model/crdtstate.h>

#include <algorithm>
#include <limits>

namespace eventsync::client {

void DocumentPull::onSnapshot(const protocol::Snapshot &message)
{
    if (!isSubscribed())
        return;
    if (message.deleted || message.state) {
        m_doc.staged.drop();
        installSnapshot(message, DocumentState::fromJsonState(message.deleted ? json::State() : message.state));
        return;
    }
    const auto complete = m_doc.staged.add(message);
    if (!complete || !*complete) {
        if (!complete)
            repair(complete.error());
        return;
    }
    const auto whole = m_doc.staged.takeWhole();
    auto state = whole ? DocumentState::fromBytes(message.kind, *whole->bytes) : Result<DocumentState>(failure(whole.error()));
    if (!state)
        repair(state.error());
    else
        installSnapshot(*whole, std::move(*state));
}

// Whether this is the state of another incarnation: others have deleted the document and created it again. (Not if this replica
// did: later entries of its queue were made on the new incarnation.)
bool DocumentPull::isOtherIncarnation(const DocumentState &state) const
{
    const std::uint64_t here = m_doc.tree.state().crdtIncarnation(), there = state.crdtIncarnation();
    if (here == 0 || there == 0 || here == there)
        return false;
    return std::ranges::none_of(m_doc.queue.entries(), [&](const auto &item) {
        const QueueEntry &edit = item.second.edit;
        return edit.operation == Operation::Create && edit.diff.isCrdt() && edit.diff.hasChanges()
            && CrdtState::incarnationOf(edit.diff.crdt()) == there;
    });
}

// The footprint of what a snapshot changed, if it changed anything. Edits of a CRDT document overlap a create or delete, like
// any two of them; whether the dependencies of the other edits are there is decided when they are applied to the tree.
std::optional<json::Footprint> DocumentPull::differenceTo(const DocumentState &state)
{
    DocumentState &here = m_doc.tree.state();
    if (!here.exists() && !state.exists())
        return std::nullopt;
    if (state.kind() == DocumentKind::Crdt) {
        const bool same = here.kind() == DocumentKind::Crdt && here.crdt() == state.crdt();
        return same ? std::nullopt : std::optional(json::Footprint());
    }
    if (!here.exists() || !state.exists() || here.kind() != state.kind())
        return json::Footprint::everything();
    const json::Patch patch = json::diff(here.view(), state.view(), {.fineBytes = SIZE_MAX}); // for its footprint only
    if (patch.isEmpty())
        return std::nullopt;
    const auto applied = here.apply(Operation::Update, Diff(patch));
    return applied ? applied->footprint : json::Footprint::everything();
}

void DocumentPull::installSnapshot(const protocol::Snapshot &message, DocumentState state)
{
    m_doc.tree.unapply();
    const bool isOther = isOtherIncarnation(state); // determined before an own create is settled
    std::set<EventId> asked;
    for (const protocol::KnownId &known : message.known) {
        asked.insert(known.asked);
        m_fates.settle({.asked = known.asked, .first = known.asked, .logged = known.logged, .serverSeq = known.serverSeq,
                        .event = nullptr, .status = AckStatus::Duplicate});
    }
    m_fates.requeueAcknowledged([&](const AckedEdit &acked) {
        return !asked.contains(acked.edit->id) && !asked.contains(acked.edit->first());
    });
    // What the snapshot changed is one unseen event.
    const std::optional<json::Footprint> difference = isOther ? json::Footprint::everything() : differenceTo(state);
    for (const std::int64_t order : m_doc.queue.sent()) {
        Entry &entry = m_doc.queue.at(order);
        for (const json::Footprint *footprint : m_fates.unseenOf(entry))
            m_fates.recordUnseen(entry, *footprint);
        if (difference)
            m_fates.recordUnseen(entry, *difference);
    }
    if (isOther)
        m_doc.undo.dropCrdt();
    m_doc.tree.state() = std::move(state);
    m_doc.tree.confirmedChanged();
    if (message.collection && m_doc.rules.collection() != message.collection)
        m_doc.rules.setCollection(message.collection);
    m_doc.history.restart(message.position, message.vectorClock);
    if (difference)
        m_fates.compareWaiting(*difference, "a snapshot", std::numeric_limits<std::int64_t>::max());
    m_doc.history.setCompared();
    m_doc.changes.everythingChanged();
    m_doc.changes.causedByOthers();
}

void DocumentPull::onDiverged(const protocol::Diverged &message)
{
    if (!isSubscribed())
        return;
    const ServerSeq common = message.commonSeq;
    m_doc.changes.notify(DocumentDiverged{m_doc.id, common});
    m_doc.staged.drop();
    m_doc.tree.unapply();
    m_fates.requeueSent(); // compared with the events after its base, although they are not in the history any more
    m_doc.tree.confirmedChanged();
    if (!m_doc.history.rollBackTo(common, m_doc.tree.state()))
        m_doc.resetHistory();
    for (auto &[order, entry] : m_doc.queue.entries()) {
        if (entry.isWaiting())
            continue;
        if (entry.edit.baseSeq > common) {
            entry.edit.baseSeq = common;
            m_doc.queue.touch(entry);
        }
        if (entry.state() == EntryState::Conflict)
            m_doc.queue.clearWait(entry);
    }
    m_fates.requeueAcknowledged([&](const AckedEdit &acked) { return acked.serverSeq > common; });
    m_doc.changes.everythingChanged();
    m_doc.changes.causedByOthers();
}

} // namespace eventsync::client
