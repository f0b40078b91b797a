// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/conflictdecisions_p.h>
#include <eventsync/client/documentpull_p.h>

#include <functional>
#include <map>
#include <set>

namespace eventsync::client {

// What a replica wants of the connection: a subscription, and why.
enum class SubscriptionNeed {
    None,
    Read,  // it is open, or shows edits that are not settled
    Write, // it has something to send, or needs events before a conflict can be decided
};

// What loading found to be wrong with the rows of a store.
struct LoadedReplicas
{
    std::map<DocumentId, Error> damage; // Corrupt: the first that was met of each document
    storage::Batch repairs;             // without the damaged rows
    std::set<DocumentId> withoutUndo = {}, withoutStaged = {};
};

// One document at one client: its parts, and the classes that work on them. docs/architecture.md, One document at a client, has
// a diagram and the way of an edit. Each call of a part is a step or a part of one. The core calls finish() once at the end of
// a step: it applies the queue to the tree again, sends what may be sent, and writes each changed row once. Internal; owner
// only.
class DocumentReplica
{
public:
    DocumentReplica(ReplicaContext &context, DocumentId id);
    // Each step of the damaged ones has then something to write and to tell: finish() them.
    static Result<LoadedReplicas> loadAll(storage::ReadView &view, ReplicaContext &context,
                            const std::function<DocumentReplica &(const DocumentId &)> &replica);

    const DocumentParts &parts() const { return m_doc; }
    DocumentPull &pull() { return m_pull; }
    DocumentPush &push() { return m_push; }
    LocalEdits &edits() { return m_edits; }
    ConflictDecisions &decisions() { return m_decisions; }
    const ConflictDecisions &decisions() const { return m_decisions; }

    void open(const std::optional<CollectionName> &collection);
    void close();
    SubscriptionNeed need() const;
    bool isSubscribed() const { return m_pull.isSubscribed(); }
    bool isSynced() const { return m_pull.state() == PullState::Synced; }
    void subscribe(Changes &out);              // as DocumentTurns says
    void unsubscribe(Changes &out);
    void clientIdChanged();                    // edits that are not in the log get new numbers
    void tick();
    void finish(Changes &out);

private:
    struct Loader;

    void reapplyQueue();
    void trimHistory();
    void announceConflicts(Changes &out);
    storage::Row documentRow() const;

    DocumentParts m_doc;
    CrdtIdRewriter m_rewriter{m_doc};
    EntryFates m_fates{m_doc, m_rewriter};
    DocumentPush m_push{m_doc, m_fates};
    DocumentPull m_pull{m_doc, m_fates, m_rewriter, m_push};
    LocalEdits m_edits{m_doc, m_pull};
    ConflictDecisions m_decisions{m_doc, m_edits, m_fates, m_rewriter};
};

} // namespace eventsync::client
