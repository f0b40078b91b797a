// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/entryfates_p.h>
#include <eventsync/client/localedits_p.h>

namespace eventsync::client {

// Decisions of a resolver or a user on conflicts and dead letters (docs/merging.md, Resolvers). A decision is a new entry at
// the end of the queue, made on the optimistic state; the entry that it replaces leaves the queue. Owner only.
class ConflictDecisions
{
public:
    ConflictDecisions(DocumentParts &document, LocalEdits &edits, EntryFates &fates, const CrdtIdRewriter &rewriter)
        : m_doc(document), m_edits(edits), m_fates(fates), m_rewriter(rewriter) {}

    std::optional<ConflictView> view(const EventId &id) const; // none: the entry is not a conflict
    Result<> resolve(const EventId &id, const Resolution &resolution);
    Result<> discard(const EventId &id);
    Result<> retry(const EventId &id);         // pushes a refused edit as a new one, on the current state

private:
    Result<EditPlan> planOf(const ConflictView &view, const Resolution &resolution);
    Result<EditPlan> oursPlan(const ConflictView &view);
    Result<EditPlan> wholePlan(const QueueEntry &edit, const json::Value &value);
    Result<EditPlan> mergedPlan(const QueueEntry &edit, json::State merged);
    json::Patch ourValues(const ConflictView &view) const;
    void giveUp(const EventId &id);

    DocumentParts &m_doc;
    LocalEdits &m_edits;
    EntryFates &m_fates;
    const CrdtIdRewriter &m_rewriter;
};

} // namespace eventsync::client
