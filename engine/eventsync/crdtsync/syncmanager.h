// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/crdtsync/limits.h>
#include <eventsync/crdtsync/patchstore.h>
#include <eventsync/crdtsync/pubsubroles.h>
#include <eventsync/pubsub/peerdiscovery.h>

#include <deque>

namespace eventsync::crdtsync {

/// Synchronises a document with those of the other nodes: local patches are applied, stored and broadcast; patches of others
/// are applied and stored; and at intervals the nodes compare their patches, so that lost ones are fetched.
///
///   MemoryPatchStore store;
///   PubSubBroadcaster broadcaster(hub, "notes-patches", EncodingFormat::Binary);
///   PubSubSyncer syncer(hub, "notes-sync", EncodingFormat::Binary);
///   SyncManager manager(document, broadcaster, syncer, peers, store, {.nodeId = "node-1"}, executor, clock, random);
///   manager.start();
///   manager.applyPatch(api.flush());
///
/// A node that has written before and starts with an empty store needs a new session, because the numbers of the old one are in
/// use. Owner only, on the executor's thread; all arguments must outlive it. The owner calls tick() several times per
/// Options::every. Nothing is called after stop() or the destructor.
class SyncManager
{
public:
    struct Options
    {
        std::string nodeId;
        Exchange exchange = Exchange::Automatic;
        std::chrono::milliseconds every = limits::kCrdtSyncEvery;
        std::int64_t snapshotFrom = limits::kCrdtSyncSnapshotFrom;
    };
    SyncManager(crdt::Document &document, Broadcaster &broadcaster, Syncer &syncer, pubsub::PeerDiscovery *peers,
                PatchStore &store, Options options, Executor &executor, const Clock &clock, Random &random);
    ~SyncManager();
    SyncManager(const SyncManager &) = delete;
    SyncManager &operator=(const SyncManager &) = delete;

    /// Loads the store into the document, which must be new, and joins the other nodes. Errors of PatchStore::load, Corrupt.
    Result<> start();
    void stop();

    /// A patch of this document's own session, usually Api::flush(). It is in the document when this returns; `done` is posted
    /// when it is durable and sent to the others. Empty patches are permitted. QueueFull: the store is too slow; apply the same
    /// patch again later, before any other; Invalid and Document::apply's errors.
    Result<> applyPatch(const crdt::Patch &patch, std::function<void()> done = {});
    void tick();
    void syncNow(); ///< an exchange at once

    void setNotificationHandler(std::function<void(const SyncNotification &)> handler) { m_onNotification = std::move(handler); }
    /// `handler` is called before a snapshot is made of the document or replaces it, and should apply a patch of the edits so
    /// far. A program that edits in several steps before a flush() must set it.
    void setFlush(std::function<void()> flush)
    {
        m_flush = flush;
        m_core.setFlush(std::move(flush));
    }
    void setBadMessageHandler(BadMessageHandler handler) { m_onBadMessage = std::move(handler); }

    const Replica &replica() const { return m_core.replica(); }
    const VersionVector &stateVector() const { return m_core.replica().vector(); }
    std::vector<pubsub::Peer> peers() const { return m_peers ? m_peers->peers() : std::vector<pubsub::Peer>(); }
    std::size_t unstored() const { return m_unstored.size(); }

private:
    void receive(const Message &message);
    void carryOut(Effects effects);
    void storeNext();
    void storeDone(std::size_t count, Result<> result);
    void read(Effects::Serve serve);
    void beginAdoption(SnapshotMessage snapshot);
    void notify(const SyncNotification &notification);

    crdt::Document &m_document;
    Broadcaster &m_broadcaster;
    Syncer &m_syncer;
    pubsub::PeerDiscovery *m_peers;
    PatchStore &m_store;
    Executor &m_executor;
    const Clock &m_clock;
    SyncCore m_core;
    std::deque<Effects::StoreStep> m_unstored; // in order; the front ones may be on their way
    std::deque<std::pair<PatchId, std::function<void()>>> m_waitingDone;
    bool m_storing = false;
    bool m_started = false;
    std::vector<pubsub::Peer> m_seenPeers;
    pubsub::SubscriptionPtr m_peerWatch;
    std::function<void(const SyncNotification &)> m_onNotification;
    std::function<void()> m_flush;
    BadMessageHandler m_onBadMessage;
    std::shared_ptr<SyncManager *> m_self; // pending callbacks check with it whether this object still exists
};

} // namespace eventsync::crdtsync
