// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>
#include <eventsync/client/documentreplica.h>
#include <eventsync/client/documentturns.h>

#include <map>

namespace eventsync::client {

// The connection's half of the core, and the replicas. Internal.
struct ClientCore::Private
{
    Private(const Clock &c, Random &random, ClientOptions o)
        : clock(c), options(std::move(o)), uuids(c, random), context{.clock = c, .uuids = uuids, .options = options},
          turns(options.followTurn)
    {
    }

    DocumentReplica &replica(const DocumentId &id);
    DocumentReplica *known(const DocumentId &id) const;

    // One step: the work of `act` on one document, and what every step ends with.
    template<class Act>
    Outcome step(DocumentReplica &document, Act act)
    {
        Outcome out = begin();
        act(out);
        finish(document, out);
        end(out);
        return out;
    }
    void finish(DocumentReplica &document, Outcome &out);
    template<class Act>
    Result<Edited> edit(const DocumentId &id, Act act);
    Result<Edited> create(DocumentKind kind, const DocumentId &id, const CollectionName &collection, json::Value state, json::Object metadata);
    Outcome begin();
    void end(Outcome &out);
    void fork(const Error &why, Outcome &out);
    void leave(); // the connection is not used any more

    void onWelcome(const protocol::Welcome &message, Outcome &out);
    void onError(const protocol::ErrorMessage &message, Outcome &out);
    void onConnectionError(const Error &error, std::optional<std::chrono::milliseconds> retryAfter, Outcome &out);
    void sendPresence(const DocumentId &id, const json::Value &state, Outcome &out) const;
    void repeatPresence(const DocumentId &id, Outcome &out) const;

    const Clock &clock;
    ClientOptions options;
    UuidGenerator uuids;
    ReplicaContext context;
    std::map<DocumentId, std::unique_ptr<DocumentReplica>> documents;
    DocumentTurns turns;
    std::map<CollectionName, protocol::Watch> watches;
    std::map<DocumentId, json::Value> presences;
    std::chrono::milliseconds presenceSent{0};
    std::optional<Error> refusal; // of every edit
    storage::Batch firstWrites; // of a new replica: its client id
};

} // namespace eventsync::client
