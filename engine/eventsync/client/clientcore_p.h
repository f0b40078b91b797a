// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>
#include <eventsync/client/documentreplica_p.h>
#include <eventsync/client/documentturns_p.h>

#include <map>
#include <set>

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
    Changes step(DocumentReplica &document, Act act)
    {
        Changes out = begin();
        act(out);
        finish(document, out);
        end(out);
        return out;
    }
    void finish(DocumentReplica &document, Changes &out);
    template<class Act>
    Result<Edited> edit(const DocumentId &id, Act act);
    Result<Edited> create(DocumentKind kind, const DocumentId &id, const CollectionName &collection, json::Value state, json::Object metadata);
    Changes begin();
    void end(Changes &out);
    void fork(const Error &why, Changes &out);
    void leave(); // the connection is not used any more

    void onWelcome(const protocol::Welcome &message, Changes &out);
    void onError(const protocol::ErrorMessage &message, Changes &out);
    void onConnectionError(const Error &error, std::optional<std::chrono::milliseconds> retryAfter, Changes &out);
    void onResult(const protocol::QueryResult &message, Changes &out);
    void sendPresence(const DocumentId &id, const json::Value &state, Changes &out) const;
    void repeatPresence(const DocumentId &id, Changes &out) const;

    const Clock &clock;
    ClientOptions options;
    UuidGenerator uuids;
    ReplicaContext context;
    std::map<DocumentId, std::unique_ptr<DocumentReplica>> documents;
    // A collection as it is watched. A list that the server calls full names everything there is: what was told before and is not
    // in it has gone, after a restore for instance.
    struct WatchedCollection
    {
        protocol::Watch parameters;
        std::set<DocumentId> shown = {};  // told, and not deleted since
        std::set<DocumentId> listed = {}; // of them those in the list that is coming
        bool isListing = true;
    };
    void onHeads(const protocol::Heads &message, Changes &out);
    void onWatching(const protocol::Watching &message, Changes &out);

    DocumentTurns turns;
    std::map<CollectionName, WatchedCollection> watches;
    std::map<DocumentId, json::Value> presences;
    std::chrono::milliseconds presenceSent{0};
    std::optional<Error> refusal; // of every edit
    struct Pieces
    {
        std::string requestId, text;
    };
    Pieces pieces; // of the answer that is coming in; a server sends one after the other
    storage::Batch firstWrites; // of a new replica: its client id
};

} // namespace eventsync::client
