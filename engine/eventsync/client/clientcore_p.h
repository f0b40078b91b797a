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

    // Runs one step: `act` on one document, then what every step ends with.
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
    // A watched collection. A list that the server marks as full names all documents: one that was reported before and is not
    // in the list does not exist any more, for instance after a restore.
    struct WatchedCollection
    {
        protocol::Watch parameters;
        std::set<DocumentId> shown = {};  // reported, and not deleted since
        std::set<DocumentId> listed = {}; // those of them that the incoming list has named so far
        bool isListing = true;
    };
    void onHeads(const protocol::Heads &message, Changes &out);
    void onWatching(const protocol::Watching &message, Changes &out);

    DocumentTurns turns;
    std::map<CollectionName, WatchedCollection> watches;
    std::map<DocumentId, json::Value> presences;
    std::chrono::milliseconds presenceSent{0};
    std::optional<Error> refusal; // that every edit gets
    struct Pieces
    {
        std::string requestId, text;
    };
    Pieces pieces; // of the answer that is being received; a server sends one answer after the other
    Changes first; // of the first step: the client id of a new replica; what loading found to be damaged
};

} // namespace eventsync::client
