// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/base/limits.h>
#include <eventsync/client/acknowledgededits_p.h>
#include <eventsync/client/confirmedhistory_p.h>
#include <eventsync/client/crdtobserver_p.h>
#include <eventsync/client/documentrules_p.h>
#include <eventsync/client/editqueue_p.h>
#include <eventsync/client/optimistictree_p.h>
#include <eventsync/client/retrypause_p.h>
#include <eventsync/client/stagedsnapshot_p.h>
#include <eventsync/client/undosteps_p.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/limits.h>

#include <limits>

namespace eventsync::client {

// State that the replicas of one core share.
struct ReplicaContext
{
    // The limits of this connection: what the server granted, at most the own limits.
    std::size_t places() const { return granted(wire.documentsPerConnection, limits::kDocumentsPerConnection); }
    std::size_t frameBytes() const { return granted(wire.frameBytes, limits::kFrameBytes); }
    std::size_t eventBytes() const { return granted(wire.eventBytes, limits::kEventBytes); }
    std::size_t inFlight() const { return granted(wire.inFlight, limits::kInFlightEvents); }

    const Clock &clock;
    UuidGenerator &uuids;
    const ClientOptions &options;
    ClientId clientId = {};
    Policies policies = {};
    protocol::WireLimits wire = {};            // of the last welcome; zeros: the own limits
    std::int64_t lastOrder = 0, firstOrder = 0; // the last places given at the end and at the beginning of the queue
    std::int64_t lastBatch = 0;
    std::size_t queueSize = 0;                 // entries of all documents
    bool welcome = false;
    std::optional<Error> fork = {};            // set by a replica: the own client id is used by a copy, or has expired

private:
    static std::size_t granted(std::int64_t wire, std::size_t ours)
    {
        return wire > 0 ? std::min(static_cast<std::size_t>(wire), ours) : ours;
    }
};

// What one document consists of at one client. The parts guard their own invariants; the classes that work on several of them
// (EntryFates, CrdtIdRewriter, LocalEdits, ConflictDecisions, DocumentPull, DocumentPush) hold a reference to this.
struct DocumentParts
{
    DocumentParts(ReplicaContext &shared, DocumentId documentId);

    std::uint64_t session() const;             // of the CRDT patches made here
    // The event that pushes an edit, and the size of its canonical bytes. Only the two numbers differ from try to try, so the
    // bytes are made for the first one only.
    EventPtr pushed(const Entry &entry, ClientSeq clientSeq) const;
    static std::size_t pushedBytes(Entry &entry, const Event &event);
    static void keepPushedBytes(Entry &entry, const Event &event, std::size_t bytes);
    void setReadOnly(bool readOnly);           // durable: after a restart without a network no edit is made that would be refused
    void resetHistory();                       // the confirmed state is forgotten; the queue and the acknowledged edits are not

    // The work of comparing what came in with what waits, in this step. It is counted and not cut off: what was not compared would have
    // to be a conflict. A step that takes too much ends early instead, and asks for the rest again.
    static constexpr std::uint64_t kAllWork = Budget::kUnlimited / 2;
    bool hasComparedMuch() const { return kAllWork - overlapWork.stepsLeft() > limits::kOverlapSteps; }

    ReplicaContext &context;
    const DocumentId id;
    Budget overlapWork{kAllWork};
    DocumentChanges changes;
    DocumentRules rules;
    ConfirmedHistory history;
    AcknowledgedEdits acknowledged;
    EditQueue queue;
    OptimisticTree tree;
    CrdtObserver observer;
    UndoSteps undo;
    StagedSnapshot staged;
    RetryPause pause;
    static constexpr ClientSeq kAnyNumber{std::numeric_limits<std::int64_t>::max()};
    ClientSeq logged, assigned;                // the server's count of ours; the highest given, kAnyNumber after its row was damaged
    bool isOpen = false;
    bool isReadOnly = false;                   // as the last synced said: no edit is made, none is pushed
};

} // namespace eventsync::client
