// SPDX-License-Identifier: Apache-2.0
//
// The tree, and what every step ends with. The other halves: replicaqueue.cpp (entries and their states), replicapull.cpp
// (what the log brings), replicapush.cpp (what goes out and its answers), replicaedit.cpp, replicaundo.cpp,
// replicaresolve.cpp and replicarows.cpp.
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/guard.h>
#include <eventsync/base/logging.h>
#include <eventsync/base/mutation.h>

#include <algorithm>

namespace eventsync::client {

DocumentReplica::DocumentReplica(ReplicaContext &context, DocumentId id) : m_context(context), m_id(std::move(id)) {}

const CollectionPolicy &DocumentReplica::policy() const
{
    static const CollectionPolicy kNone;
    return m_collection ? m_context.policies.of(*m_collection) : kNone;
}

void DocumentReplica::refreshCheck()
{
    m_check.reset();
    m_hasChecks = false;
    if (!m_collection)
        return;
    const CollectionPolicy &rules = policy();
    std::shared_ptr<const Validator> code;
    auto check = [&]() -> Result<StateCheck> {
        if (m_context.options.validators) {
            EVENTSYNC_TRY(code, guarded(m_context.options.validators, *m_collection));
        }
        return StateCheck::make(*m_collection, rules, code);
    }();
    if (!check) {
        qCWarning(lcClient) << "the rules of a collection cannot be used:" << check.error().toString().c_str();
        return;
    }
    m_check = std::move(*check);
    m_checkedPolicy = rules;
    const auto &paths = rules.paths();
    m_hasChecks = code || rules.schema()
        || std::any_of(paths.begin(), paths.end(), [](const auto &path) { return path.min || path.max; });
}

bool DocumentReplica::passes() const
{
    return !m_hasChecks || m_check->check(m_optimistic.jsonState()).has_value();
}

// ---- the tree

void DocumentReplica::unapplyQueue()
{
    if (m_queueUnapplied)
        return;
    m_queueUnapplied = true;
    for (auto it = m_queue.rbegin(); it != m_queue.rend() && m_inTree > 0; ++it) {
        Entry &entry = it->second;
        if (!entry.inverse)
            continue;
        const auto reverted = m_optimistic.revert(*entry.inverse);
        EVENTSYNC_ASSERT(reverted.has_value()); // we made the inverse, on this tree
        entry.inverse.reset();
        --m_inTree;
    }
}

// After every step that took the entries off: a waiting one that no longer applies or passes is a conflict (what is in
// flight keeps its place, its answer decides).
void DocumentReplica::reapplyQueue(Changes &)
{
    if (!m_queueUnapplied)
        return;
    m_queueUnapplied = false;
    const bool validates = !mutated(Mutation::WithoutValidateOnRebase);
    // Of a CRDT document the server is left to judge: to look at it now would mean to make it again. What the log's own state
    // does not pass is no fault of an entry.
    const auto passesNow = [this] { return m_optimistic.kind() == DocumentKind::Crdt || passes(); };
    const json::State confirmedState = passesNow() ? json::State() : m_optimistic.jsonState();
    const auto fine = [&] { return passesNow() || (confirmedState && m_check->checkChange(confirmedState, m_optimistic.jsonState())); };
    bool validBefore = true;
    CrdtRenames renames;
    CrdtIds inFlight; // of patches that do not apply here: their answers decide, also about what stands on them
    // Pending entries only: conflicts and dead letters are no part of the tree. Parking one parks followers behind it,
    // which leave m_waiting while this walks; so the walk goes by the queue's order, not by the sets.
    for (auto &[order, entry] : m_queue) {
        requeueWhenComplete(entry, renames);
        if (!entry.edit.isPending())
            continue;
        rewriteIds(entry, renames, false);
        entry.hold = entry.waits() && dependsOn(entry.edit, inFlight);
        if (entry.hold) {
            addIds(entry.edit, inFlight);
            continue;
        }
        auto applied = m_optimistic.apply(entry.edit.operation, entry.edit.diff);
        if (!applied) {
            if (entry.isSent())
                addIds(entry.edit, inFlight);
            const bool missing = applied.error().code == ErrorCode::MissingDependency;
            if (entry.waits())
                markConflicting(entry, {missing ? ErrorCode::MissingDependency : ErrorCode::Conflict,
                             "no longer applies: " + applied.error().message, applied.error().path});
            continue;
        }
        const bool validAfter = fine();
        if (entry.waits() && validates && validBefore && !validAfter) {
            Error why = m_check->checkChange(confirmedState, m_optimistic.jsonState()).error();
            const auto reverted = m_optimistic.revert(applied->inverse);
            EVENTSYNC_ASSERT(reverted.has_value());
            markConflicting(entry, {ErrorCode::Conflict, "no longer passes: " + why.message, why.path});
            continue;
        }
        entry.hold = validates && !validAfter; // because of one in flight: what stands behind waits for its answer
        entry.inverse = std::move(applied->inverse);
        ++m_inTree;
        validBefore = validAfter;
    }
    m_rewriteIds = false;
    if (!renames.isEmpty())
        renameUndo(renames);
}

const DocumentState &DocumentReplica::confirmed() const
{
    if (m_inTree == 0)
        return m_optimistic;
    if (!m_confirmed) {
        m_confirmed = std::make_unique<DocumentState>(m_optimistic);
        for (auto it = m_queue.rbegin(); it != m_queue.rend(); ++it) {
            if (it->second.inverse) {
                const auto reverted = m_confirmed->revert(*it->second.inverse);
                EVENTSYNC_ASSERT(reverted.has_value());
            }
        }
    }
    return *m_confirmed;
}

void DocumentReplica::changed(const json::Footprint &footprint)
{
    if (footprint.isEverything() || m_changedPaths.size() > kChangedPaths) {
        m_changedAll = true;
        return;
    }
    for (const auto &entry : footprint.entries()) {
        if (entry.kind != json::FootprintEntry::Kind::Read)
            m_changedPaths.push_back(entry.path);
    }
}

// ---- interest

void DocumentReplica::open(const std::optional<CollectionName> &collection)
{
    if (!m_collection && collection) {
        m_collection = collection;
        m_documentDirty = true;
        refreshCheck();
    }
    if (!m_open) {
        m_open = true;
        m_documentDirty = true;
    }
    m_refused = false;
}

void DocumentReplica::close()
{
    if (!m_open)
        return;
    m_open = false;
    m_documentDirty = true;
}

SubscriptionNeed DocumentReplica::need() const
{
    if (m_refused || (m_pausedUntil && !m_subscribed))
        return SubscriptionNeed::None;
    if (!m_open && mutated(Mutation::WithoutFollowingQueued))
        return SubscriptionNeed::None;
    const bool waitsForEvents = std::any_of(m_conflicts.begin(), m_conflicts.end(),
                                            [&](std::int64_t order) { return !isReady(m_queue.at(order)); });
    if (hasToSend() || waitsForEvents)
        return SubscriptionNeed::Write;
    return m_open || !m_waiting.empty() || !m_conflicts.empty() ? SubscriptionNeed::Read : SubscriptionNeed::None;
}

void DocumentReplica::subscribe(Changes &out)
{
    if (!m_context.welcome)
        return;
    protocol::Subscribe message{.documentId = m_id, .collection = m_collection, .afterSeq = m_position.serverSeq};
    if (m_position.serverSeq.value() > 0)
        message.chain = m_position.chain;
    message.checkpoints = checkpoints();
    message.pending = pendingIds();
    message.clocks = m_context.options.wantClocks;
    if (!m_staged.empty())
        message.snapshotPart = m_staged.rbegin()->first + 1;
    out.messages.push_back(std::move(message));
    m_subscribed = true;
    m_synced = mutated(Mutation::PushBeforeSynced);
    m_gap = false;
}

void DocumentReplica::unsubscribe(Changes &out)
{
    out.messages.push_back(protocol::Unsubscribe{m_id});
    disconnected();
}

void DocumentReplica::resubscribe(Changes &out)
{
    m_synced = false;
    subscribe(out);
}

void DocumentReplica::disconnected()
{
    m_subscribed = m_synced = m_pushHalted = m_gap = m_refused = false;
    m_repairs = m_pauses = 0;
    m_pausedUntil.reset();
    m_cursorSent = ServerSeq();
    for (const std::int64_t order : m_sent)
        m_queue.at(order).resent = false;
}

// The client id has changed: what is not in the log is numbered anew, under the new id.
void DocumentReplica::clientIdChanged(Changes &)
{
    m_last = m_assigned = ClientSeq();
    m_documentDirty = true;
    const auto sent = m_sent;
    for (const std::int64_t order : sent)
        requeue(m_queue.at(order));
    disconnected();
}

void DocumentReplica::tick(Changes &out)
{
    forgetAcked(m_context.clock.wall());
    if (m_pausedUntil && m_context.clock.steady() >= *m_pausedUntil) {
        m_pausedUntil.reset();
        m_refused = false;
    }
    // Once a tick at most: what earlier outcomes wrote is durable before this message goes.
    if (m_subscribed && m_synced && m_cursorSent < m_position.serverSeq) {
        out.messages.push_back(protocol::Cursor{m_id, m_position.serverSeq});
        m_cursorSent = m_position.serverSeq;
    }
}

// ---- the end of a step

void DocumentReplica::finish(Changes &out)
{
    if (wantsBase())
        writeBase(); // while the pending entries are off the tree, if they are
    // Under an id that is another's as well, own patches may not fit; clientIdChanged() follows in this step.
    if (!m_context.fork || m_optimistic.kind() == DocumentKind::Json || mutated(Mutation::ForkIgnored))
        reapplyQueue(out);
    sendPending(out);
    trimHistory();
    m_optimistic.settle(m_history.size() + m_inTree);
    flush(out);
    announce(out);
}

void DocumentReplica::announce(Changes &out)
{
    if (!m_queueUnapplied)
        announceCrdt(out);
    if (m_changedAll || !m_changedPaths.empty()) {
        DocumentChanged fact{.documentId = m_id, .paths = {}, .remote = m_changedByOthers};
        if (m_changedAll) {
            fact.paths = {json::Pointer()};
        } else {
            std::sort(m_changedPaths.begin(), m_changedPaths.end());
            m_changedPaths.erase(std::unique(m_changedPaths.begin(), m_changedPaths.end()), m_changedPaths.end());
            fact.paths = std::move(m_changedPaths);
        }
        out.facts.push_back(std::move(fact));
    }
    m_changedPaths.clear();
    m_changedAll = m_changedByOthers = false;
    std::move(m_facts.begin(), m_facts.end(), std::back_inserter(out.facts));
    m_facts.clear();
    if (m_queueChanged)
        out.facts.push_back(QueueChanged{m_id});
    m_queueChanged = false;
    for (const std::int64_t order : m_conflicts) {
        Entry &entry = m_queue.at(order);
        if (!entry.announced && isReady(entry)) {
            entry.announced = true;
            out.facts.push_back(ConflictFound{m_id, entry.edit.id});
        }
    }
}

} // namespace eventsync::client
