// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/subscriptionstart_p.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace eventsync::sync {

using eventlog::DocumentCore;
using eventlog::DocumentPtr;

namespace {

using StartDone = std::function<void(const Result<StartPosition> &)>;
using Chains = std::map<ServerSeq, Digest>;

// chain_n, if it is in memory.
std::optional<Digest> chainInMemory(const DocumentCore &core, ServerSeq seq)
{
    if (!core.log().exists())
        return std::nullopt;
    if (seq == core.log().horizon().previous())
        return core.log().baseChain();
    if (seq == core.log().head().serverSeq)
        return core.log().head().chain;
    if (const eventlog::LoggedPtr event = core.log().recent().at(seq); event && seq <= core.log().head().serverSeq)
        return event->chain;
    return std::nullopt;
}

void startByClock(SyncContext &context, const DocumentCore &core, const VectorClock &known, const storage::Queries::Requester &requester,
                  const StartDone &done)
{
    if (!core.log().exists() || known.covers(core.log().clock()))
        return done(StartPosition{core.log().head().serverSeq});
    if (known.isEmpty())
        return done(StartPosition{});
    eventlog::DocumentRow row{.documentId = core.log().id(), .number = core.log().number(), .horizon = core.log().horizon()};
    context.answers.ask<ServerSeq>( // it may look through the whole log
        requester,
        [row, head = core.log().head().serverSeq, known, headClock = core.log().clock()](storage::ReadView &view, Budget &) {
            return eventlog::EventStore(view).prefix(row, head, known, headClock);
        },
        [done](const Result<ServerSeq> &after) {
            done(StartPosition{after ? *after : ServerSeq(0)}); // a race with compaction, or too much work: a snapshot, or everything
        });
}

StartPosition startByChain(const DocumentCore &core, const protocol::Subscribe &message, const Chains &chains)
{
    const ServerSeq base = core.log().horizon().previous(), head = core.log().head().serverSeq;
    const auto isOurs = [&](ServerSeq seq, const std::optional<Digest> &chain) {
        if (seq == ServerSeq(0)) // no event was applied that could differ, and chain 0 may have been computed without a collection
            return true;
        if (seq < base || seq > head || !chain)
            return false;
        if (const auto known = chainInMemory(core, seq))
            return *known == *chain;
        const auto found = chains.find(seq);
        return found != chains.end() && found->second == *chain;
    };
    const ServerSeq after = message.afterSeq.value_or(ServerSeq(0));
    if (after < base || isOurs(after, message.chain))
        return {after};
    ServerSeq common;
    for (const protocol::Checkpoint &checkpoint : message.checkpoints) {
        if (checkpoint.serverSeq < after && isOurs(checkpoint.serverSeq, checkpoint.chain))
            common = std::max(common, checkpoint.serverSeq);
    }
    return {.after = common, .diverged = true};
}

} // namespace

void findStart(SyncContext &context, const DocumentPtr &document, const protocol::Subscribe &message,
               const storage::Queries::Requester &requester, StartDone done)
{
    const DocumentCore &core = *document->core();
    if (message.vectorClock && !message.afterSeq)
        return startByClock(context, core, *message.vectorClock, requester, done);
    std::vector<ServerSeq> unknown;
    const auto look = [&](ServerSeq seq) {
        if (seq >= core.log().horizon() && seq <= core.log().head().serverSeq && !chainInMemory(core, seq))
            unknown.push_back(seq);
    };
    look(message.afterSeq.value_or(ServerSeq(0)));
    for (const protocol::Checkpoint &checkpoint : message.checkpoints)
        look(checkpoint.serverSeq);
    if (unknown.empty())
        return done(startByChain(core, message, {}));
    context.store().read<Chains>(
        [unknown, number = core.log().number()](storage::ReadView &view) -> Result<Chains> {
            Chains chains;
            for (const ServerSeq seq : unknown) {
                EVENTSYNC_TRY(const std::optional<Digest> chain, eventlog::EventStore(view).chainAt(number, seq));
                if (chain)
                    chains[seq] = *chain;
            }
            return chains;
        },
        [&context, message, id = document->id(), done = std::move(done)](const Result<Chains> &chains) {
            if (!chains)
                return done(failure(chains.error()));
            context.engine.whenLoaded(id, [message, done, chains = *chains](const Result<DocumentPtr> &again) {
                if (again)
                    done(startByChain(*(*again)->core(), message, chains));
            });
        });
}

} // namespace eventsync::sync
