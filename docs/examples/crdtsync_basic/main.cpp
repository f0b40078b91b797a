// SPDX-License-Identifier: Apache-2.0
//
// Two nodes in one program keep one document in step, without any server.
//
// The same pieces serve across machines: put RedisPubSub in the place of MemoryPubSub and SqlitePatchStore in that of
// MemoryPatchStore (../crdtsync_distributed does).
#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdtsync/syncmanager.h>
#include <eventsync/pubsub/memorypubsub.h>

#include <QCoreApplication>
#include <QEventLoop>

#include <cstdio>

using namespace eventsync;
using namespace eventsync::crdtsync;

namespace {

int fail(const Error &error)
{
    std::fprintf(stderr, "%s\n", error.toString().c_str());
    return 1;
}

struct Node
{
    Node(const std::string &name, pubsub::PubSub &hub, std::shared_ptr<pubsub::MemoryPeerDiscovery::Directory> directory,
         Executor &executor, const Clock &clock, Random &random)
        // A session of its own: a random number from 65536 up to 2^53 - 1.
        : document(crdt::kFirstFreeSession + random.below(crdt::kMaxSessionId - crdt::kFirstFreeSession)), api(document),
          broadcaster(hub, "example-doc-patches", EncodingFormat::Json), // readable for a person who listens
          syncer(hub, "example-doc-sync", EncodingFormat::Json),
          peers(std::move(directory), {name, "in this program"}),
          manager(document, broadcaster, syncer, &peers, store, {.nodeId = name}, executor, clock, random)
    {
    }

    crdt::Document document;
    crdt::Api api; // the editing API: what it changes, flush() gives as a patch
    PubSubBroadcaster broadcaster;
    PubSubSyncer syncer;
    pubsub::MemoryPeerDiscovery peers;
    MemoryPatchStore store;
    SyncManager manager;
};

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    EventLoopExecutor executor;
    const SystemClock clock;
    SystemRandom random;
    pubsub::MemoryPubSub hub;
    const auto directory = pubsub::MemoryPeerDiscovery::makeDirectory();

    // The first node writes before the second is there.
    Node first("node-1", hub, directory, executor, clock, random);
    if (const auto started = first.manager.start(); !started)
        return fail(started.error());
    if (const auto made = first.api.root(json::Object{{"title", "Example Document"}, {"content", "Initial content"},
                                                      {"authors", json::Array{"user1"}}});
        !made)
        return fail(made.error());
    if (const auto applied = first.manager.applyPatch(first.api.flush()); !applied)
        return fail(applied.error());

    // The second asks for what it has missed as soon as it starts.
    Node second("node-2", hub, directory, executor, clock, random);
    if (const auto started = second.manager.start(); !started)
        return fail(started.error());
    while (second.document.isEmpty())
        application.processEvents(QEventLoop::WaitForMoreEvents);

    // Both write at once; nothing conflicts.
    auto text = first.api.str("/content");
    auto authors = second.api.arr("/authors");
    if (!text || !authors)
        return fail({ErrorCode::NotFound, "the document is not as expected"});
    if (const auto done = text->ins(text->length(), QStringLiteral(", and more")); !done)
        return fail(done.error());
    if (const auto done = authors->ins(1, {json::Value("user2")}); !done)
        return fail(done.error());
    for (Node *node : {&first, &second}) {
        if (const auto applied = node->manager.applyPatch(node->api.flush()); !applied)
            return fail(applied.error());
    }
    while (first.manager.stateVector().patchCount() < 3 || second.manager.stateVector().patchCount() < 3)
        application.processEvents(QEventLoop::WaitForMoreEvents);

    std::printf("node-1 sees %s\n", first.document.canonicalView().c_str());
    std::printf("node-2 sees %s\n", second.document.canonicalView().c_str());
    return first.document == second.document ? 0 : 1;
}
