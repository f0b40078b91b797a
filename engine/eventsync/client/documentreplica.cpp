// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/documentreplica_p.h>

#include <eventsync/client/rows_p.h>

#include <algorithm>

namespace eventsync::client {

DocumentReplica::DocumentReplica(ReplicaContext &context, DocumentId id) : m_doc(context, std::move(id)) {}

// ---- interest

void DocumentReplica::open(const std::optional<CollectionName> &collection)
{
    if (!m_doc.rules.collection() && collection) {
        m_doc.rules.setCollection(collection);
        m_doc.changes.documentRowChanged();
    }
    if (!std::exchange(m_doc.isOpen, true))
        m_doc.changes.documentRowChanged();
    m_pull.mayAskAgain();
}

void DocumentReplica::close()
{
    if (std::exchange(m_doc.isOpen, false))
        m_doc.changes.documentRowChanged();
}

SubscriptionNeed DocumentReplica::need() const
{
    if (m_pull.state() == PullState::Refused || (m_doc.pause.isActive() && !isSubscribed()))
        return SubscriptionNeed::None;
    const EditQueue &queue = m_doc.queue;
    const bool needsEvents = std::ranges::any_of(queue.conflicts(), [&](std::int64_t order) {
        return !queue.at(order).isReady(m_doc.history.serverSeq());
    });
    if (m_push.hasToSend() || needsEvents)
        return SubscriptionNeed::Write;
    return m_doc.isOpen || !queue.waiting().empty() || !queue.conflicts().empty() ? SubscriptionNeed::Read : SubscriptionNeed::None;
}

void DocumentReplica::subscribe(Changes &out)
{
    m_pull.subscribe();
    m_doc.changes.moveTo(out);
}

void DocumentReplica::unsubscribe(Changes &out)
{
    out.messages.push_back(protocol::Unsubscribe{m_doc.id});
    m_pull.disconnected();
}

void DocumentReplica::clientIdChanged()
{
    m_doc.logged = m_doc.assigned = ClientSeq();
    m_doc.changes.documentRowChanged();
    m_fates.requeueSent();
    for (auto &[order, entry] : m_doc.queue.entries())
        entry.unnumberedBytes = 0;
    m_pull.disconnected();
}

void DocumentReplica::tick()
{
    m_doc.acknowledged.forgetOld(m_doc.context.clock.wall());
    m_pull.tick();
}

// ---- the end of a step

void DocumentReplica::finish(Changes &out)
{
    DocumentState &tree = m_doc.tree.state();
    if (m_doc.history.wantsStateRow(tree.canonicalSize()))
        m_doc.history.writeState(m_doc.tree.confirmed()); // cheapest while the pending entries are unapplied
    // Under an id that another replica uses as well, own patches may not fit; clientIdChanged() follows in this step.
    if (!m_doc.context.fork || tree.kind() == DocumentKind::Json)
        reapplyQueue();
    m_push.sendPending();
    trimHistory();
    tree.settle(m_doc.history.items().size() + m_doc.tree.entries());
    m_doc.queue.writeRows(m_doc.id);
    if (m_doc.changes.takeDocumentRow())
        m_doc.changes.put("documents", documentRow());
    std::optional<CrdtChanged> crdt;
    if (!m_doc.tree.isUnapplied())
        crdt = m_doc.observer.take(m_doc.id, tree, m_doc.changes);
    m_doc.changes.moveTo(out, std::move(crdt));
    announceConflicts(out);
    m_doc.overlapWork = Budget(DocumentParts::kAllWork);
}

// A waiting entry that no longer applies or passes is a conflict; what is in flight keeps its place, because its answer decides.
void DocumentReplica::reapplyQueue()
{
    OptimisticTree &tree = m_doc.tree;
    if (!tree.isUnapplied())
        return;
    tree.beginReapply();
    DocumentState &state = tree.state();
    // Of a CRDT document the server is left to judge: to look at it now would mean to render it again. What the log's own state
    // does not pass is no fault of an entry.
    const auto passesNow = [&] { return state.kind() == DocumentKind::Crdt || m_doc.rules.pass(state); };
    const json::State confirmed = passesNow() ? json::State() : state.jsonState();
    const auto check = [&]() -> Result<> {
        if (passesNow())
            return {};
        return m_doc.rules.checkChange(confirmed, state.jsonState());
    };
    bool validBefore = true;
    CrdtRenames renames;
    CrdtIds unapplied; // ids of patches in flight that do not apply here, and of entries that wait for their answers
    // The loop goes in queue order: marking an entry as conflicting also marks later ones that depend on it.
    for (auto &[order, entry] : m_doc.queue.entries()) {
        m_rewriter.reapply(entry, renames, unapplied);
        if (!entry.isPending())
            continue;
        const auto hold = [&](bool held) {
            if (entry.isWaiting())
                entry.in<Entry::Waiting>().isHeld = held;
        };
        if (entry.isWaiting() && CrdtIdRewriter::dependsOn(entry.edit, unapplied)) {
            hold(true);
            CrdtIdRewriter::addIds(entry.edit, unapplied);
            continue;
        }
        hold(false);
        auto applied = state.apply(entry.edit.operation, entry.edit.diff);
        if (!applied) {
            const Error &error = applied.error();
            const bool missing = error.code == ErrorCode::MissingDependency;
            if (entry.isSent())
                CrdtIdRewriter::addIds(entry.edit, unapplied);
            else
                m_fates.markConflicting(entry, {missing ? ErrorCode::MissingDependency : ErrorCode::Conflict,
                                                "no longer applies: " + error.message, error.path});
            continue;
        }
        const auto valid = check();
        if (entry.isWaiting() && validBefore && !valid) {
            tree.revert(applied->inverse);
            m_fates.markConflicting(entry, {ErrorCode::Conflict, "no longer passes: " + valid.error().message, valid.error().path});
            continue;
        }
        hold(!valid); // because of an entry in flight: later entries wait for its answer
        tree.add(entry, std::move(applied->inverse));
        validBefore = valid.has_value();
    }
    m_rewriter.endReapply(renames);
}

// Changes in the removed items that a sent entry has not seen are recorded in the entry.
void DocumentReplica::trimHistory()
{
    ServerSeq wanted = m_doc.history.serverSeq();
    for (const std::int64_t order : m_doc.queue.conflicts())
        wanted = std::min(wanted, m_doc.queue.at(order).edit.baseSeq);
    const auto removed = m_doc.history.trim(wanted);
    for (const std::int64_t order : removed.empty() ? EditQueue::Orders() : m_doc.queue.sent()) {
        Entry &entry = m_doc.queue.at(order);
        for (const HistoryItem &item : removed) {
            if (item.isUnseenBy(entry.edit.baseSeq, order))
                m_fates.recordUnseen(entry, item.footprint);
        }
    }
}

void DocumentReplica::announceConflicts(Changes &out)
{
    for (const std::int64_t order : m_doc.queue.conflicts()) {
        Entry &entry = m_doc.queue.at(order);
        if (entry.isReady(m_doc.history.serverSeq()) && !std::exchange(entry.in<Entry::Conflict>().isAnnounced, true))
            out.notifications.push_back(ConflictFound{m_doc.id, entry.edit.id});
    }
}

storage::Row DocumentReplica::documentRow() const
{
    const auto &collection = m_doc.rules.collection();
    storage::Row row{m_doc.id.text(), collection ? collection->text() : std::string()};
    std::ranges::move(m_doc.history.documentCells(), std::back_inserter(row));
    row.insert(row.end(), {m_doc.logged.value(), m_doc.assigned.value(), std::int64_t(m_doc.isOpen)});
    return row;
}

} // namespace eventsync::client
