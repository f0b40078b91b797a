// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/syncmanager.h>

#include <eventsync/crdtsync/limits.h>
#include <eventsync/storage/limits.h>

#include <algorithm>

namespace eventsync::crdtsync {

SyncManager::SyncManager(crdt::Document &document, Broadcaster &broadcaster, Syncer &syncer, pubsub::PeerDiscovery *peers,
                         PatchStore &store, Options options, Executor &executor, const Clock &clock, Random &random)
    : m_document(document), m_broadcaster(broadcaster), m_syncer(syncer), m_peers(peers), m_store(store),
      m_executor(executor), m_clock(clock),
      m_core(document, {options.nodeId, options.exchange, options.every, options.snapshotFrom}, random),
      m_self(std::make_shared<SyncManager *>(this))
{
}

SyncManager::~SyncManager()
{
    stop();
    *m_self = nullptr;
}

Result<> SyncManager::start()
{
    if (m_started)
        return {};
    EVENTSYNC_TRY(PatchStore::Stored stored, m_store.load());
    EVENTSYNC_CHECK(m_core.restore(stored.snapshot, std::move(stored.patches)));
    if (m_peers) {
        EVENTSYNC_CHECK(m_peers->start());
        m_peerWatch = m_peers->watch(m_executor, [this](const std::vector<pubsub::Peer> &list) {
            const bool isNew = std::any_of(list.begin(), list.end(), [&](const pubsub::Peer &peer) {
                return std::find(m_seenPeers.begin(), m_seenPeers.end(), peer) == m_seenPeers.end();
            });
            m_seenPeers = list;
            if (isNew)
                syncNow();
        });
    }
    m_started = true;
    const auto heard = [this](const Message &message) { receive(message); };
    const auto bad = [this](const Error &error) {
        if (m_onBadMessage)
            m_onBadMessage(error);
    };
    const auto link = [this](pubsub::PubSub::Link state) {
        if (state == pubsub::PubSub::Link::Up)
            syncNow();
    };
    m_broadcaster.start(m_executor, heard, bad, link);
    m_syncer.start(m_executor, heard, bad, [](pubsub::PubSub::Link) {});
    syncNow();
    return {};
}

void SyncManager::stop()
{
    if (!m_started)
        return;
    m_started = false;
    m_broadcaster.stop();
    m_syncer.stop();
    m_peerWatch.reset();
    if (m_peers)
        m_peers->stop();
}

void SyncManager::syncNow()
{
    m_core.hurry();
    tick();
}

void SyncManager::tick()
{
    if (!m_started)
        return;
    Effects effects;
    m_core.tick(m_clock.steady(), effects);
    carryOut(std::move(effects));
    storeNext(); // what failed before
}

Result<> SyncManager::applyPatch(const crdt::Patch &patch, std::function<void()> done)
{
    if (patch.isEmpty()) {
        if (done)
            m_executor.post(std::move(done));
        return {};
    }
    if (m_unstored.size() >= limits::kCrdtSyncUnstored)
        return failure(ErrorCode::QueueFull, "patches wait for the store");
    Effects effects;
    EVENTSYNC_TRY(const PatchId id, m_core.applyLocal(patch, effects));
    if (done)
        m_waitingDone.emplace_back(id, std::move(done));
    carryOut(std::move(effects));
    return {};
}

void SyncManager::receive(const Message &message)
{
    // If the store is too slow, the message is dropped: the exchange will fetch its patches again.
    if (!m_started || m_unstored.size() >= limits::kCrdtSyncUnstored)
        return;
    Effects effects;
    m_core.receive(message, m_clock.steady(), effects);
    carryOut(std::move(effects));
}

void SyncManager::notify(const SyncNotification &notification)
{
    if (m_onNotification)
        m_onNotification(notification);
}

void SyncManager::carryOut(Effects effects)
{
    for (Effects::StoreStep &step : effects.store)
        m_unstored.push_back(std::move(step));
    if (m_started) {
        for (const Message &message : effects.send) {
            Channel &channel = message.to.empty() && std::holds_alternative<PatchesMessage>(message.body)
                                   ? static_cast<Channel &>(m_broadcaster)
                                   : static_cast<Channel &>(m_syncer);
            channel.send(message);
        }
        for (Effects::Serve &serve : effects.serve)
            read(std::move(serve));
    }
    if (effects.adopt)
        beginAdoption(std::move(*effects.adopt));
    storeNext();
    for (const SyncNotification &notification : effects.notifications)
        notify(notification);
}

// One batch at a time, so that a failed batch is not overtaken: a patch is stored after its dependencies.
void SyncManager::storeNext()
{
    if (m_storing || m_unstored.empty())
        return;
    m_storing = true;
    const std::size_t count = std::min(m_unstored.size(), limits::kCommitRows);
    std::vector<Effects::StoreStep> steps(m_unstored.begin(), m_unstored.begin() + static_cast<std::ptrdiff_t>(count));
    m_store.store(std::move(steps), m_executor, [self = m_self, count](Result<> result) {
        if (*self)
            (*self)->storeDone(count, std::move(result));
    });
}

void SyncManager::storeDone(std::size_t count, Result<> result)
{
    m_storing = false;
    if (!result)
        return notify({SyncNotification::Kind::StoreFailed, {}, result.error()}); // tick() tries again
    std::vector<Effects::StoreStep> steps;
    for (; count > 0; --count) {
        steps.push_back(std::move(m_unstored.front()));
        m_unstored.pop_front();
    }
    Effects effects;
    m_core.stored(steps, m_clock.steady(), effects);
    carryOut(std::move(effects));
    for (const Effects::StoreStep &step : steps) {
        const auto *patch = std::get_if<NumberedPatch>(&step);
        while (patch && !m_waitingDone.empty() && m_waitingDone.front().first == patch->id) {
            const auto done = std::move(m_waitingDone.front().second);
            m_waitingDone.pop_front();
            done();
        }
    }
}

void SyncManager::read(Effects::Serve serve)
{
    m_store.read(serve.ranges, limits::kCrdtSyncChunkBytes, m_executor,
                 [self = m_self, to = serve.to](Result<PatchStore::Page> page) {
        if (!*self)
            return;
        SyncManager &manager = **self;
        if (!page)
            return manager.notify({SyncNotification::Kind::StoreFailed, {}, page.error()});
        Effects effects;
        manager.m_core.served(to, std::move(page->patches), page->more, effects);
        manager.carryOut(std::move(effects));
    });
}

void SyncManager::beginAdoption(SnapshotMessage snapshot)
{
    VersionVector vector;
    for (const SnapshotMessage::Row &row : snapshot.rows)
        vector.advance(row.range.replica, row.range.last);
    // Patches that are being stored may or may not be in what is read.
    std::vector<NumberedPatch> unstored;
    for (const Effects::StoreStep &step : m_unstored) {
        if (const auto *patch = std::get_if<NumberedPatch>(&step))
            unstored.push_back(*patch);
    }
    m_store.readBeyond(vector, m_executor, [self = m_self, snapshot = std::move(snapshot),
                                            unstored = std::move(unstored)](Result<PatchStore::Page> page) {
        if (!*self)
            return;
        SyncManager &manager = **self;
        if (!page) {
            manager.m_core.abandonAdoption();
            return manager.notify({SyncNotification::Kind::StoreFailed, {}, page.error()});
        }
        if (manager.m_flush)
            manager.m_flush();
        std::vector<NumberedPatch> more = std::move(page->patches);
        more.insert(more.end(), unstored.begin(), unstored.end());
        Effects effects;
        manager.m_core.adopt(snapshot, std::move(more), effects);
        manager.carryOut(std::move(effects));
    });
}

} // namespace eventsync::crdtsync
