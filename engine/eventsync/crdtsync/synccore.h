// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/limits.h>
#include <eventsync/crdtsync/replica.h>

#include <chrono>
#include <functional>

namespace eventsync::crdtsync {

/// How the exchange of states finds what is missing.
enum class Exchange {
    Automatic, ///< Vector while it is short, Sets when many replicas wrote, and whenever the hashes disagree
    Vector,    ///< always the state vector
    Sets,      ///< never: always by comparing sets
};

/// An event that the owner may show or log.
struct SyncNotification
{
    enum class Kind {
        PatchApplied,     ///< of another node
        ReplicaForked,    ///< ClientForked: two different patches under one number, because a replica was copied
        PatchRefused,     ///< the document refuses the patch
        DocumentReplaced, ///< by a snapshot; observers are to be set again
        SnapshotRefused,
        StoreFailed,      ///< tried again at the next tick
    };
    Kind kind;
    PatchRange range = {};
    std::optional<Error> error = {};
};

/// The actions of the caller after a call, in this order.
struct Effects
{
    /// To be made durable in this order; then stored() is called with them.
    using StoreStep = std::variant<NumberedPatch, SnapshotMessage>;
    std::vector<StoreStep> store;
    std::vector<Message> send;
    /// Patches to be read from the store, then answered through served().
    struct Serve
    {
        std::string to;
        std::vector<PatchRange> ranges;
    };
    std::vector<Serve> serve;
    /// adopt() must be called with all patches in the store, or being stored, that are not in this snapshot.
    std::optional<SnapshotMessage> adopt;
    std::vector<SyncNotification> notifications;
};

/// The protocol by which nodes synchronise one document (docs/crdt-sync.md), without I/O: messages, ticks and answers of the
/// store go in, Effects come out. The same calls give the same effects. Owner only.
class SyncCore
{
public:
    using Milliseconds = std::chrono::milliseconds;
    struct Options
    {
        std::string nodeId; ///< unique among the nodes; 1 to limits::kClientIdBytes bytes
        Exchange exchange = Exchange::Automatic;
        Milliseconds every = limits::kCrdtSyncEvery;
        std::int64_t snapshotFrom = limits::kCrdtSyncSnapshotFrom;
    };
    SyncCore(crdt::Document &document, Options options, Random &random);

    const Replica &replica() const { return m_replica; }

    /// The first call: the content of the store. Corrupt if it is inconsistent.
    Result<> restore(const std::optional<SnapshotMessage> &snapshot, std::vector<NumberedPatch> patches);

    /// A patch of this node. It is sent when it is durable. Errors of Replica::addLocal.
    Result<PatchId> applyLocal(const crdt::Patch &patch, Effects &effects);
    void receive(const Message &message, Milliseconds now, Effects &effects);
    void tick(Milliseconds now, Effects &effects);
    void stored(const std::vector<Effects::StoreStep> &steps, Milliseconds now, Effects &effects);
    void served(const std::string &to, std::vector<NumberedPatch> patches, bool more, Effects &effects);
    void adopt(const SnapshotMessage &snapshot, std::vector<NumberedPatch> more, Effects &effects);
    /// Called before a snapshot is made: edits that are in the document but in no patch yet must be passed to applyLocal() now.
    void setFlush(std::function<void()> flush) { m_flush = std::move(flush); }
    /// The store could not be read: the snapshot is dropped.
    void abandonAdoption() { m_adopting = false; }
    /// The next tick sends the state: after a lost link, or when a peer has joined.
    void hurry() { m_nextState = Milliseconds(0); }

private:
    struct PendingRequest
    {
        PatchRange range;
        Milliseconds until;
    };
    void handle(const std::string &from, const PatchesMessage &body, bool directed, Milliseconds now, Effects &effects);
    void handle(const std::string &from, const StateMessage &body, bool directed, Milliseconds now, Effects &effects);
    void handle(const std::string &from, const RequestMessage &body, bool directed, Milliseconds now, Effects &effects);
    void handle(const std::string &from, const CompareMessage &body, bool directed, Milliseconds now, Effects &effects);
    void handle(const std::string &from, const SnapshotMessage &body, bool directed, Milliseconds now, Effects &effects);

    StateMessage state() const;
    void send(const std::string &to, decltype(Message::body) body, Effects &effects) const;
    void ask(const std::string &peer, const std::vector<PatchRange> &missing, Milliseconds now, Effects &effects);
    void give(const std::string &peer, const std::vector<PatchRange> &ranges, bool snapshot, Milliseconds now, Effects &effects);
    void sendSnapshot(const std::string &peer, Milliseconds now, Effects &effects);
    void report(const Replica::Received &result, Effects &effects);
    void reportFork(const PatchRange &range, Effects &effects);

    Options m_options;
    Random &m_random;
    Replica m_replica;
    Milliseconds m_nextState{0};
    std::map<std::string, VersionVector> m_peers; // the last ones received
    std::vector<PendingRequest> m_asked;                 // requested and not here yet
    std::set<std::string> m_snapshotWanted;     // by peers, once everything own is durable
    std::map<std::string, Milliseconds> m_snapshotSent; // not again before this
    bool m_adopting = false;
    Milliseconds m_noSnapshotsUntil{-1};        // one could not be used
    std::vector<NumberedPatch> m_sinceAdoption; // applied while the store is being read
    std::set<PatchRange> m_reported;
    std::function<void()> m_flush;
};

} // namespace eventsync::crdtsync
