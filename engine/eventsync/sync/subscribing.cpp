// SPDX-License-Identifier: Apache-2.0
//
// Where a subscriber starts: at its position if the chain says that its history is ours; at the last checkpoint that is, if
// not; at a snapshot where the log no longer reaches back. What cannot be told from memory is looked up first, so a
// subscription goes through stages, and each answer is for the generation that asked.
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/base/mutation.h>

#include <algorithm>

namespace eventsync::sync {

namespace {

// chain_n as far as memory knows it.
std::optional<Digest> chainInMemory(const eventlog::DocumentCore &core, ServerSeq seq)
{
    if (!core.exists())
        return std::nullopt;
    if (seq == core.horizon().previous())
        return core.baseChain();
    if (seq == core.head().serverSeq)
        return core.head().chain;
    if (const eventlog::LoggedPtr event = core.inTail(seq); event && seq <= core.head().serverSeq)
        return event->chain;
    return std::nullopt;
}

Subscription subscriptionFor(const protocol::Subscribe &message, std::uint64_t generation)
{
    Subscription made;
    made.generation = generation;
    made.collection = message.collection;
    made.wantsCursors = message.clocks;
    made.pending = message.pending;
    made.snapshotPart = message.snapshotPart;
    return made;
}

} // namespace

Subscription *SyncService::Private::subscription(SessionId id, const DocumentId &document, std::uint64_t generation)
{
    Session *found = session(id);
    if (!found)
        return nullptr;
    const auto entry = found->subscriptions.find(document);
    return entry != found->subscriptions.end() && entry->second.generation == generation ? &entry->second : nullptr;
}

void SyncService::Private::subscribe(Session &session, const protocol::Subscribe &message)
{
    const auto limit = static_cast<std::size_t>(options.limits.documentsPerConnection);
    const auto existing = session.subscriptions.find(message.documentId);
    if (existing == session.subscriptions.end() && session.subscriptions.size() >= limit)
        return sendError(session, {ErrorCode::QueueFull, "more documents than one connection may follow"},
                         protocol::ErrorScope::Document, message.documentId, limits::kRetryLongest);
    if (message.checkpoints.size() > limits::kCheckpointsPerSubscribe || message.pending.size() > limits::kPendingIdsPerSubscribe)
        return sendError(session, {ErrorCode::TooLarge, "too many checkpoints or pending ids"}, protocol::ErrorScope::Document,
                         message.documentId);
    const std::uint64_t generation = nextGeneration++;
    if (existing == session.subscriptions.end())
        session.subscriptions.emplace(message.documentId, subscriptionFor(message, generation));
    else
        existing->second.next = generation;
    const SessionId id = session.id;
    withDocument(message.documentId, [this, id, message, generation](const Result<DocumentPtr> &found) {
        if (!awaited(id, message.documentId, generation))
            return;
        if (found)
            return startSubscription(id, message, generation, *found);
        Session &asking = *this->session(id);
        Subscription &subscription = asking.subscriptions.at(message.documentId);
        if (subscription.generation == generation)
            return failDocument(asking, message.documentId, found.error());
        subscription.next = 0;
        sendError(asking, found.error(), protocol::ErrorScope::Document, message.documentId);
    });
}

// The subscription that this subscribe made, or that it is to take the place of.
Subscription *SyncService::Private::awaited(SessionId id, const DocumentId &document, std::uint64_t generation)
{
    Session *found = session(id);
    if (!found)
        return nullptr;
    const auto entry = found->subscriptions.find(document);
    const bool isAwaited = entry != found->subscriptions.end()
                           && (entry->second.generation == generation || entry->second.next == generation);
    return isAwaited ? &entry->second : nullptr;
}

// What was followed before is followed on.
void SyncService::Private::refuseSubscribe(Session &session, const DocumentId &document, std::uint64_t generation)
{
    Subscription &subscription = session.subscriptions.at(document);
    if (subscription.generation == generation)
        unsubscribe(session, document);
    else
        subscription.next = 0;
}

void SyncService::Private::startSubscription(SessionId id, const protocol::Subscribe &message, std::uint64_t generation,
                                             const DocumentPtr &document)
{
    Session &asking = *session(id);
    const eventlog::DocumentCore &core = *document->core;
    const Access access =
        options.access->access(asking.principal, core.collection() ? core.collection() : message.collection, document->id);
    if (access == Access::None) {
        unsubscribe(asking, document->id);
        return sendError(asking, {ErrorCode::PermissionDenied, "no right to read"}, protocol::ErrorScope::Document, document->id);
    }
    if (core.collection() && message.collection && *core.collection() != *message.collection) {
        refuseSubscribe(asking, document->id, generation);
        return sendError(asking, {ErrorCode::WrongCollection, "the document is in another collection"},
                         protocol::ErrorScope::Document, document->id);
    }
    Subscription &subscription = asking.subscriptions.at(document->id);
    if (subscription.generation != generation) {
        const std::size_t unanswered = subscription.unanswered;
        subscription = subscriptionFor(message, generation);
        subscription.unanswered = unanswered;
    }
    subscription.permission = access == Access::Write ? protocol::Permission::Write : protocol::Permission::Read;
    broker.follow(document->id, id);

    if (message.vectorClock && !message.afterSeq) {
        if (!core.exists() || message.vectorClock->covers(core.clock()))
            return startAt(id, document, generation, core.head().serverSeq);
        if (message.vectorClock->isEmpty())
            return startAt(id, document, generation, ServerSeq(0));
        eventlog::DocumentRow row{.documentId = document->id, .number = core.number(), .horizon = core.horizon()};
        return read<ServerSeq>(
            [row, head = core.head().serverSeq, clock = *message.vectorClock, headClock = core.clock()](storage::ReadView &view) {
                return eventlog::EventStore(view).prefix(row, head, clock, headClock);
            },
            [this, id, document, generation](const Result<ServerSeq> &after) {
                if (!this->subscription(id, document->id, generation))
                    return;
                startAt(id, document, generation, after ? *after : ServerSeq(0)); // a race with compaction: a snapshot
            });
    }
    std::vector<ServerSeq> unknown;
    const auto look = [&](ServerSeq seq) {
        if (seq >= core.horizon() && seq <= core.head().serverSeq && !chainInMemory(core, seq))
            unknown.push_back(seq);
    };
    look(message.afterSeq.value_or(ServerSeq(0)));
    for (const protocol::Checkpoint &checkpoint : message.checkpoints)
        look(checkpoint.serverSeq);
    if (unknown.empty())
        return decideStart(id, message, generation, document, {});
    read<Chains>(
        [unknown, number = core.number()](storage::ReadView &view) -> Result<Chains> {
            Chains chains;
            for (const ServerSeq seq : unknown) {
                EVENTSYNC_TRY(const std::optional<Digest> chain, eventlog::EventStore(view).chainAt(number, seq));
                if (chain)
                    chains[seq] = *chain;
            }
            return chains;
        },
        [this, id, message, generation, document](const Result<Chains> &chains) {
            if (!this->subscription(id, document->id, generation))
                return;
            if (!chains)
                return failDocument(*session(id), document->id, chains.error());
            if (document->core)
                return decideStart(id, message, generation, document, *chains);
            withDocument(document->id, [this, id, message, generation, chains = *chains](const Result<DocumentPtr> &again) {
                if (this->subscription(id, message.documentId, generation) && again)
                    decideStart(id, message, generation, *again, chains);
            });
        });
}

void SyncService::Private::decideStart(SessionId id, const protocol::Subscribe &message, std::uint64_t generation,
                                       const DocumentPtr &document, const Chains &chains)
{
    Session &asking = *session(id);
    const eventlog::DocumentCore &core = *document->core;
    const ServerSeq base = core.horizon().previous(), head = core.head().serverSeq;
    const auto isOurs = [&](ServerSeq seq, const std::optional<Digest> &chain) {
        if (mutated(Mutation::NoChain) && seq <= head)
            return true;
        if (seq == ServerSeq(0)) // nothing was applied that could differ, and chain 0 may have been told without a collection
            return true;
        if (seq < base || seq > head || !chain)
            return false;
        if (const auto known = chainInMemory(core, seq))
            return *known == *chain;
        const auto found = chains.find(seq);
        return found != chains.end() && found->second == *chain;
    };
    ServerSeq after = message.afterSeq.value_or(ServerSeq(0));
    if (after >= base && !isOurs(after, message.chain)) {
        ServerSeq common;
        for (const protocol::Checkpoint &checkpoint : message.checkpoints) {
            if (checkpoint.serverSeq < after && isOurs(checkpoint.serverSeq, checkpoint.chain))
                common = std::max(common, checkpoint.serverSeq);
        }
        after = common;
        send(asking, protocol::Diverged{document->id, common, head});
    }
    startAt(id, document, generation, after);
}

void SyncService::Private::startAt(SessionId id, const DocumentPtr &document, std::uint64_t generation, ServerSeq after)
{
    Session &asking = *session(id);
    Subscription &subscription = *this->subscription(id, document->id, generation);
    subscription.sent = after;
    subscription.clock.reset();
    if (document->core && snapshotIsCheaper(document, subscription, after))
        return startSnapshot(asking, document, subscription);
    beginCatchUp(asking, document->id);
}

void SyncService::Private::unsubscribe(Session &session, const DocumentId &id)
{
    session.subscriptions.erase(id);
    broker.leave(id, session.id);
    const DocumentPtr document = inUse(id);
    if (!document)
        return;
    document->used = clock.steady();
    const auto present = document->presence.find(session.client);
    if (present != document->presence.end() && present->second.session == session.id)
        endPresence(document, session.client);
}

} // namespace eventsync::sync
