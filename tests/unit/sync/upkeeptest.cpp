// SPDX-License-Identifier: Apache-2.0
#include "upkeeptest.h"

#include "rig.h"

#include <eventsync/eventlog/schema.h>
#include <eventsync/model/chain.h>
#include <eventsync/pubsub/memorypubsub.h>

#include <QTest>

#include <algorithm>
#include <numeric>
#include <set>

namespace eventsync::sync::test {

namespace {

const char kGold5[] = R"([{"op":"inc","path":"/gold","value":5}])";

std::string nameTo(const std::string &name)
{
    return R"([{"op":"replace","path":"/name","value":")" + name + R"("}])";
}

SyncService::Write writeOf(const std::string &document, const std::string &state, const std::string &client = "server")
{
    SyncService::Write write{.documentId = DocumentId(document), .collection = CollectionName("things"), .clientId = ClientId(client)};
    write.edit = [state](json::State &whole) -> Result<> {
        whole = value(state);
        return {};
    };
    return write;
}

void writeMany(Rig &rig, int count)
{
    for (int i = 0; i < count; ++i) {
        auto write = writeOf("d1", "{}");
        write.edit = {};
        write.patch = patch(kGold5);
        QVERIFY(rig.write(write).has_value());
    }
}

std::vector<std::int64_t> range(std::int64_t first, std::int64_t last)
{
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(last - first + 1));
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}

std::size_t rowsOf(Rig &rig, const char *set)
{
    std::size_t rows = 0;
    const auto view = rig.backend.view();
    static_cast<void>((*view)->scan({.set = set}, [&](const storage::Row &) {
        ++rows;
        return true;
    }));
    return rows;
}

} // namespace

// [architecture 11]
void UpkeepTest::anEventIsOneMessageForAll()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    Peer &bob = rig.follow("bob");
    Peer &carol = rig.follow("carol");
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(bob.types().back(), std::string("events"));
    QCOMPARE(bob.received.back().get(), carol.received.back().get());
    const auto same = std::find(alice.received.begin(), alice.received.end(), bob.received.back());
    QVERIFY(same != alice.received.end()); // the author's own copy too, before its ack
    rig.say(carol, protocol::Unsubscribe{DocumentId("d1")});
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    QCOMPARE(bob.eventSeqs(), range(1, 2));
    QCOMPARE(carol.eventSeqs(), range(1, 1));
}

void UpkeepTest::clocksStandBesideEvents()
{
    ServiceOptions options;
    options.snapshotEvery = 0;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    writeMany(rig, 1'100); // further back than what is at hand
    Peer &bob = rig.connect();
    bob.client = ClientId("bob");
    rig.say(bob, protocol::Hello{.clientId = bob.client, .capabilities = {"vectorClock"}});
    rig.subscribe(bob);
    QCOMPARE(bob.eventSeqs(), range(1, 1'101));
    rig.push(alice, {rig.event(alice, 2, 1'101, Operation::Update, nameTo("a"))});
    VectorClock expected;
    for (const protocol::Events &events : bob.all<protocol::Events>()) {
        for (const protocol::EventItem &item : events.events) {
            expected.advance(eventOf(item).clientId, eventOf(item).clientSeq);
            QVERIFY(item.vectorClock.has_value());
            QVERIFY(*item.vectorClock == expected);
        }
    }
    QCOMPARE(bob.eventSeqs().back(), std::int64_t(1'102));
    QCOMPARE(bob.last<protocol::Synced>()->vectorClock->at(ClientId("server")), ClientSeq(1'100));
    QVERIFY(!alice.last<protocol::Events>()->events.front().vectorClock); // not asked for
}

// [G11]
void UpkeepTest::aVectorClockSubscriptionStartsAfterWhatItCovers()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.follow("bob");
    rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, kGold5)});
    rig.push(alice, {rig.event(alice, 2, 2, Operation::Update, kGold5)});
    const auto ask = [&](std::map<ClientId, ClientSeq> known) {
        Peer &peer = rig.hello("reader");
        rig.say(peer, protocol::Subscribe{.documentId = DocumentId("d1"), .vectorClock = VectorClock(std::move(known))});
        return peer.last<protocol::Synced>() ? peer.eventSeqs() : range(0, 0);
    };
    const ClientId a("alice"), b("bob");
    QCOMPARE(ask({}), range(1, 3));
    QCOMPARE(ask({{a, ClientSeq(1)}}), range(2, 3));
    QCOMPARE(ask({{a, ClientSeq(2)}}), range(2, 3)); // a prefix has no holes
    QCOMPARE(ask({{a, ClientSeq(1)}, {b, ClientSeq(1)}}), range(3, 3));
    QVERIFY(ask({{a, ClientSeq(2)}, {b, ClientSeq(1)}}).empty());
}

// [G15]
void UpkeepTest::documentsTakeTurnsInCatchUp()
{
    ServiceOptions options;
    options.catchUpChunkBytes = 1'000;
    options.snapshotEvery = 0;
    Rig rig(options);
    for (const auto &document : std::vector<std::string>{"d1", "d2"}) {
        Peer &author = rig.follow("author-" + document, document);
        rig.push(author, {rig.create(author, 1, R"({"gold":0,"name":""})", document)});
        for (int i = 2; i <= 30; ++i)
            rig.push(author, {rig.event(author, i, i - 1, Operation::Update, kGold5, document)});
    }
    Peer &bob = rig.hello("bob");
    bob.slow = true;
    bob.unsent = limits::kUnsentHighWaterBytes;
    rig.subscribe(bob, "d1");
    rig.subscribe(bob, "d2");
    QVERIFY(bob.eventSeqs().empty());
    bob.slow = false;
    rig.service->drained(bob.id);
    rig.run();
    const auto chunks = bob.all<protocol::Events>();
    QVERIFY(chunks.size() > 10);
    for (std::size_t i = 1; i + 2 < chunks.size(); ++i)
        QVERIFY(chunks[i].documentId != chunks[i - 1].documentId);
    QCOMPARE(bob.all<protocol::Synced>().size(), std::size_t(2));
    QCOMPARE(bob.eventSeqs().size(), std::size_t(60));
}

void UpkeepTest::aWatchListsThousandsAndTellsWhatLeavesTheFilter()
{
    Rig rig;
    for (int i = 0; i < 1'200; ++i)
        QVERIFY(rig.write(writeOf("d" + std::to_string(i), R"({"gold":)" + std::to_string(i) + "}")).has_value());
    const auto listed = [](const Peer &peer) {
        std::set<DocumentId> documents;
        for (const protocol::Heads &heads : peer.all<protocol::Heads>()) {
            for (const protocol::Head &head : heads.heads)
                documents.insert(head.documentId);
        }
        return documents.size();
    };
    Peer &all = rig.hello("all");
    rig.say(all, protocol::Watch{CollectionName("things"), {}, {}, {}});
    QCOMPARE(listed(all), std::size_t(1'200));
    QCOMPARE(all.all<protocol::Watching>().size(), std::size_t(1));

    Peer &rich = rig.hello("rich");
    const auto filter = json::Filter::fromJson(value(R"({"path":"/gold","op":"ge","value":150})"));
    QVERIFY(filter.has_value());
    rig.say(rich, protocol::Watch{CollectionName("things"), *filter, {json::Pointer({"gold"})}, {}});
    QCOMPARE(listed(rich), std::size_t(1'050));
    QCOMPARE(rich.types().back(), std::string("watching"));
    const auto page = rich.last<protocol::Heads>();
    for (const protocol::Head &head : page->heads)
        QVERIFY(head.fields && head.fields->at("gold").as_int64() >= 150);

    const std::size_t before = rich.received.size();
    QVERIFY(rig.write(writeOf("d10", R"({"gold":11})")).has_value()); // was not, is not
    QCOMPARE(rich.received.size(), before);
    QVERIFY(rig.write(writeOf("d200", R"({"gold":1})")).has_value()); // leaves
    QVERIFY(rich.last<protocol::Heads>()->heads.front().deleted);
    QVERIFY(rig.write(writeOf("d200", R"({"gold":900})")).has_value()); // comes back
    QVERIFY(!rich.last<protocol::Heads>()->heads.front().deleted);
    QCOMPARE(rich.last<protocol::Heads>()->heads.front().fields->at("gold").as_int64(), std::int64_t(900));
    rig.say(rich, protocol::Unwatch{CollectionName("things")});
    const std::size_t after = rich.received.size();
    QVERIFY(rig.write(writeOf("d200", R"({"gold":901})")).has_value());
    QCOMPARE(rich.received.size(), after);
}

void UpkeepTest::underTheStrictPolicyAnythingUnseenIsAConflict()
{
    ServiceOptions options;
    CollectionPolicy policy;
    policy.setMerge(MergeRule::Strict);
    options.policies.set(CollectionName("things"), policy);
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, nameTo("a"))});
    Peer &bob = rig.follow("bob");
    QVERIFY(bob.last<protocol::Synced>()->policy->merge() == MergeRule::Strict);
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, kGold5)})), std::string("conflict Conflict"));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2, Operation::Update, kGold5)})), std::string("applied 3"));
}

void UpkeepTest::aSaltedEventKeepsItsPlaceInTheChain()
{
    ServiceOptions options;
    CollectionPolicy policy;
    policy.setRedaction(true);
    options.policies.set(CollectionName("things"), policy);
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    const Event made = rig.create(alice);
    rig.push(alice, {made, rig.event(alice, 2, 1, Operation::Update, kGold5)});
    rig.restart();
    Peer &bob = rig.follow("bob");
    Digest chain = chainStart(CollectionName("things"), DocumentId("d1"));
    std::set<Bytes> salts;
    for (const protocol::Events &events : bob.all<protocol::Events>()) {
        for (const protocol::EventItem &item : events.events) {
            const Event event = eventOf(item);
            QVERIFY(event.salt.has_value());
            salts.insert(*event.salt);
            chain = chainNext(chain, digestOf(event));
        }
        QVERIFY(chain == events.chain);
    }
    QCOMPARE(salts.size(), std::size_t(2));
    QVERIFY(chain == bob.last<protocol::Synced>()->position.chain);
    Peer &again = rig.follow("alice");
    QCOMPARE(statuses(rig.push(again, {made})), std::string("duplicate 1")); // the salt is not part of the intent
}

// [G3]
void UpkeepTest::aRepeatedWriteGivesTheFirstAnswer()
{
    Rig rig;
    auto write = writeOf("d1", R"({"gold":1})");
    write.id = rig.uuids.next();
    const auto first = rig.write(write);
    QVERIFY(rig.write(writeOf("d1", R"({"gold":2})")).has_value());
    rig.restart();
    const auto again = rig.write(write);
    QVERIFY(first.has_value() && again.has_value());
    QVERIFY(*again->event == *first->event);
    QCOMPARE(rig.head().serverSeq, ServerSeq(2));
    QCOMPARE(rig.state(), std::string(R"({"gold":2})"));
    write.documentId = DocumentId("d2");
    QCOMPARE(rig.write(write).error().code, ErrorCode::Conflict);
}

void UpkeepTest::pushesThatWaitAreBoundedInBytes_data()
{
    QTest::addColumn<bool>("ofAll");
    QTest::newRow("of one connection") << false;
    QTest::newRow("of all connections") << true;
}

// [G15]
void UpkeepTest::pushesThatWaitAreBoundedInBytes()
{
    QFETCH(bool, ofAll);
    ServiceOptions options;
    (ofAll ? options.allWaitingPushBytes : options.waitingPushBytes) = 5'000;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    Peer &bob = ofAll ? rig.follow("bob", "d2") : alice;
    if (!ofAll)
        rig.subscribe(alice, "d2");
    const std::string large = R"({"text":")" + std::string(3'000, 'x') + R"("})";
    const auto push = [&](Peer &peer, std::vector<Event> events) {
        protocol::Push message{BatchId(++rig.batches), events.front().documentId, {}};
        for (Event &event : events)
            message.events.push_back(std::make_shared<const Event>(std::move(event)));
        rig.service->receive(peer.id, message);
    };
    const auto other = [&](std::int64_t seq) { return rig.create(bob, seq, large, "d2"); };
    push(alice, {rig.create(alice, 1, large)});
    const Event waits = other(1);
    push(bob, {waits, rig.event(bob, 2, 1, Operation::Update, "[]", "d2")});
    QCOMPARE(statuses(*bob.last<protocol::Ack>()), std::string("rejected QueueFull, skipped"));
    rig.run();
    QCOMPARE(statuses(*alice.last<protocol::Ack>()), std::string("applied 1"));
    QCOMPARE(rig.head("d2").serverSeq, ServerSeq(0));
    QCOMPARE(statuses(rig.push(bob, {waits})), std::string("applied 1")); // there is room again
    Peer &carol = rig.follow("carol", "d3");
    const std::string larger = R"({"text":")" + std::string(9'000, 'x') + R"("})";
    QCOMPARE(statuses(rig.push(carol, {rig.create(carol, 1, larger, "d3")})), std::string("applied 1")); // one goes in any case
}

// [G15] What waits is counted while it waits, whatever becomes of the subscription.
void UpkeepTest::leavingAndComingBackGrantsNoMoreBytes()
{
    ServiceOptions options;
    options.waitingPushBytes = 5'000;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.subscribe(alice, "d2");
    const std::string large = R"({"text":")" + std::string(3'000, 'x') + R"("})";
    const auto push = [&](const std::string &document) {
        const auto event = std::make_shared<const Event>(rig.create(alice, 1, large, document));
        rig.service->receive(alice.id, protocol::Push{BatchId(++rig.batches), DocumentId(document), {event}});
    };
    push("d1");
    rig.service->receive(alice.id, protocol::Unsubscribe{DocumentId("d1")});
    push("d2");
    QCOMPARE(statuses(*alice.last<protocol::Ack>()), std::string("rejected QueueFull"));
    rig.run();
    QCOMPARE(rig.head("d1").serverSeq, ServerSeq(1)); // accepted is accepted
}

// [G15] A limit that was lowered since refuses nothing that is in the log already (rule 5).
void UpkeepTest::anEventOverTheLimitIsRefusedUnlessItIsKnown()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    const std::string large = std::string(3'000, 'x');
    const Event made = rig.create(alice, 1, R"({"gold":1,"name":")" + large + R"("})");
    QCOMPARE(statuses(rig.push(alice, {made})), std::string("applied 1"));
    rig.options.limits.eventBytes = 2'000;
    rig.restart();
    Peer &again = rig.follow("alice");
    QCOMPARE(again.last<protocol::Welcome>()->limits.eventBytes, std::int64_t(2'000));
    QCOMPARE(statuses(rig.push(again, {made, rig.event(again, 2, 1, Operation::Update, nameTo(large)),
                                       rig.event(again, 3, 1, Operation::Update, kGold5)})),
             std::string("duplicate 1, rejected TooLarge, skipped"));
    QCOMPARE(statuses(rig.push(again, {rig.event(again, 2, 1, Operation::Update, kGold5)})), std::string("applied 2"));
}

void UpkeepTest::clientsThatStayedAwayAreForgotten()
{
    Rig rig;
    for (int i = 0; i < 110; ++i) // programs never expire, and take nobody's place
        QVERIFY(rig.write(writeOf("d1", R"({"gold":)" + std::to_string(i) + "}", "robot-" + std::to_string(i))).has_value());
    for (int i = 0; i < 250; ++i)
        rig.hello("old-" + std::to_string(i));
    Peer &alice = rig.follow("old-0");
    rig.say(alice, protocol::Cursor{DocumentId("d1"), ServerSeq(1)});
    rig.wait(std::chrono::seconds(2));
    QCOMPARE(rowsOf(rig, eventlog::sets::kStateVectors), std::size_t(1));
    rig.clock.advance(std::chrono::hours(24 * 20));
    rig.hello("young");
    rig.clock.advance(std::chrono::hours(24 * 11));
    rig.wait(std::chrono::seconds(1));
    for (const auto &old : std::vector<std::string>{"old-0", "old-99", "old-100", "old-249"})
        QCOMPARE(rig.hello(old).closed.value(), ErrorCode::ClientExpired);
    QCOMPARE(rowsOf(rig, eventlog::sets::kStateVectors), std::size_t(0));
    QVERIFY(!rig.hello("young").closed);
    QVERIFY(rig.write(writeOf("d1", R"({"gold":-1})", "robot-0")).has_value());
    rig.restart();
    QCOMPARE(rig.hello("old-7").closed.value(), ErrorCode::ClientExpired);
    QVERIFY(!rig.hello("young").closed);
}

void UpkeepTest::aSnapshotIsStoredEverySoManyEvents()
{
    ServiceOptions options;
    options.snapshotEvery = 10;
    Rig rig(options);
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"x"})")).has_value());
    writeMany(rig, 5);
    rig.wait(std::chrono::seconds(3));
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(0));
    writeMany(rig, 6);
    rig.wait(std::chrono::seconds(3));
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(1));
    rig.wait(std::chrono::seconds(3)); // and no second one of the same
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(1));
}

// [G13]
void UpkeepTest::aLongLogIsCompactedInSteps()
{
    Rig rig;
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"x"})")).has_value());
    writeMany(rig, 2'499);
    const std::string state = rig.state();
    std::optional<Result<ServerSeq>> horizon;
    rig.service->compact(DocumentId("d1"), ServerSeq(2'401), [&](Result<ServerSeq> result) { horizon = result; });
    rig.run();
    QCOMPARE(horizon->value(), ServerSeq(2'401));
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(100));
    rig.restart();
    QCOMPARE(rig.state(), state);
    Peer &bob = rig.follow("bob");
    const auto snapshot = bob.last<protocol::Snapshot>();
    QVERIFY(snapshot && snapshot->position.serverSeq >= ServerSeq(2'400));
    QCOMPARE(bob.last<protocol::Synced>()->position.serverSeq, ServerSeq(2'500));
    QCOMPARE(bob.last<protocol::Synced>()->horizon, ServerSeq(2'401));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2'500, Operation::Update, kGold5)})), std::string("applied 2501"));
}

void UpkeepTest::aCompactionThatFailsLeavesWhatTheStoreSays_data()
{
    QTest::addColumn<int>("fault");
    QTest::addColumn<int>("horizon");
    QTest::newRow("it was not committed") << int(storage::MemoryBackend::Fault::Refused) << 1;
    QTest::newRow("it was, and only the answer was lost") << int(storage::MemoryBackend::Fault::Answered) << 6;
}

// [G13]
void UpkeepTest::aCompactionThatFailsLeavesWhatTheStoreSays()
{
    QFETCH(int, fault);
    QFETCH(int, horizon);
    Rig rig;
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"x"})")).has_value());
    writeMany(rig, 9);
    rig.wait(std::chrono::seconds(3)); // its rows are written: the next commit is the compaction's
    const std::string state = rig.state();
    std::optional<Result<ServerSeq>> result;
    rig.backend.failNextCommits({ErrorCode::IoError, "no"}, 1, static_cast<storage::MemoryBackend::Fault>(fault));
    rig.service->compact(DocumentId("d1"), ServerSeq(6), [&](Result<ServerSeq> reached) { result = reached; });
    rig.run();
    QVERIFY(result.has_value() && !result->has_value());
    QCOMPARE(result->error().code, ErrorCode::IoError);
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(11 - horizon));
    // The document goes on from what is in the store, without a restart.
    QCOMPARE(rig.state(), state);
    Peer &bob = rig.follow("bob");
    QCOMPARE(bob.last<protocol::Synced>()->horizon, ServerSeq(horizon));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 10, Operation::Update, kGold5)})), std::string("applied 11"));
    result.reset();
    rig.service->compact(DocumentId("d1"), ServerSeq(6), [&](Result<ServerSeq> reached) { result = reached; });
    rig.run();
    QCOMPARE(result->value(), ServerSeq(6));
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(6));
}

void UpkeepTest::otherRulesHoldFromTheNextEvent()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    const char *const debt = R"([{"op":"inc","path":"/gold","value":-1000}])";
    QCOMPARE(statuses(rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, debt)})), std::string("applied 2"));
    SyncService::Write other = writeOf("d2", "{}");
    other.collection = CollectionName("others");
    QVERIFY(rig.write(other).has_value());
    Peer &carol = rig.follow("carol", "d2");

    Policies policies;
    const auto policy = CollectionPolicy::fromJson(value(R"({"paths":{"/gold":{"rule":"counter","min":0}}})"));
    QVERIFY(policy.has_value());
    policies.set(CollectionName("things"), *policy);
    rig.service->setPolicies(policies, {CollectionName("things")});
    rig.run();
    QVERIFY(alice.closed.has_value());
    QCOMPARE(int(*alice.closed), int(ErrorCode::Unavailable));
    QVERIFY(!carol.closed.has_value());

    Peer &bob = rig.follow("bob");
    QVERIFY(bob.last<protocol::Synced>()->policy.has_value());
    QVERIFY(*bob.last<protocol::Synced>()->policy == *policy);
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2, Operation::Update, debt)})), std::string("rejected Invalid"));
}

void UpkeepTest::answersAreTimed()
{
    Metrics metrics;
    ServiceOptions options;
    options.metrics = &metrics;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(metrics.histogram("eventsync_push_milliseconds", "").count(), std::uint64_t(1));
    QVERIFY(metrics.histogram("eventsync_commit_milliseconds", "").count() >= 1);
}

// ---- what the store cannot give just now

namespace {

// Memory, whose reads fail while `broken` is set.
class Moody final : public storage::Backend
{
public:
    explicit Moody(storage::MemoryBackend &memory) : m_memory(memory) {}
    void commit(storage::Batch batch, Executor &executor, CommitDone done) override
    {
        m_memory.commit(std::move(batch), executor, std::move(done));
    }
    void read(ReadTask task) override
    {
        ++reads;
        if (broken)
            task(failure(*broken));
        else
            m_memory.read(std::move(task));
    }
    Result<std::unique_ptr<storage::ReadView>> view() override { return m_memory.view(); }
    std::string durability() const override { return m_memory.durability(); }
    Result<> backup(const std::string &path, const std::function<void(int)> &progress) override
    {
        return m_memory.backup(path, progress);
    }

    std::optional<Error> broken;
    int reads = 0;

private:
    storage::MemoryBackend &m_memory;
};

} // namespace

void UpkeepTest::aDocumentThatCannotBeReadIsTriedAgain_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("told");
    QTest::addColumn<bool>("again");
    QTest::newRow("the disk does not answer") << int(ErrorCode::IoError) << int(ErrorCode::Unavailable) << true;
    QTest::newRow("its rows contradict each other") << int(ErrorCode::Corrupt) << int(ErrorCode::Corrupt) << false;
}

void UpkeepTest::aDocumentThatCannotBeReadIsTriedAgain()
{
    QFETCH(int, code);
    QFETCH(int, told);
    QFETCH(bool, again);
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    rig.wait(std::chrono::seconds(2)); // its rows are written: the next service need not read it at its start
    Moody moody(rig.backend);
    SyncService service(moody, rig.executor, rig.clock, rig.random, {});
    rig.run();
    Peer &bob = rig.peers.emplace_back();
    bob.id = service.open(bob, {.peer = "moody"});
    const auto say = [&](const protocol::Message &message) {
        service.receive(bob.id, message);
        rig.run();
    };
    const auto lives = [&] {
        rig.clock.advance(std::chrono::seconds(1));
        service.tick();
        rig.run();
    };
    say(protocol::Hello{.clientId = ClientId("bob")});
    lives(); // also reads who has stayed away
    const protocol::Subscribe subscribe{.documentId = DocumentId("d1"), .collection = CollectionName("things"), .afterSeq = ServerSeq(0)};
    moody.broken = Error{ErrorCode(code), "no"};
    say(subscribe);
    QCOMPARE(int(bob.last<protocol::ErrorMessage>()->code), told);
    QCOMPARE(bob.last<protocol::ErrorMessage>()->scope, protocol::ErrorScope::Document);
    QCOMPARE(bob.last<protocol::ErrorMessage>()->retryAfterMs.has_value(), again);
    const int before = moody.reads;
    lives();
    QCOMPARE(moody.reads > before, again); // by itself: `derived` waits for it
    moody.broken.reset();
    lives();
    say(subscribe);
    QCOMPARE(bob.eventSeqs(), range(1, 1));
    QVERIFY(!bob.closed);
}

// ---- several nodes

namespace {

// A second service on the store of the first.
struct Second
{
    Second(Rig &first, pubsub::PubSub *pubsub) : rig(first)
    {
        ServiceOptions options = first.options;
        options.pubsub = pubsub;
        service = std::make_unique<SyncService>(first.backend, first.executor, first.clock, first.random, options);
        first.run();
    }
    void say(Peer &peer, const protocol::Message &message)
    {
        service->receive(peer.id, message);
        rig.run();
    }
    Peer &hello(const std::string &client)
    {
        Peer &peer = rig.peers.emplace_back();
        peer.client = ClientId(client);
        peer.id = service->open(peer, {.peer = "second"});
        say(peer, protocol::Hello{.clientId = peer.client});
        return peer;
    }
    Peer &follow(const std::string &client, const std::string &document)
    {
        Peer &peer = hello(client);
        say(peer, protocol::Subscribe{.documentId = DocumentId(document), .collection = CollectionName("things"),
                                      .afterSeq = ServerSeq(0)});
        return peer;
    }
    void receive(Peer &peer, Event event)
    {
        service->receive(peer.id, protocol::Push{BatchId(++rig.batches), event.documentId,
                                                 {std::make_shared<const Event>(std::move(event))}});
    }

    Rig &rig;
    std::unique_ptr<SyncService> service;
};

ServiceOptions joined(pubsub::PubSub &pubsub)
{
    ServiceOptions options;
    options.pubsub = &pubsub;
    return options;
}

} // namespace

// [G2, G3, G8]
void UpkeepTest::nodesHearOfEachOthersCommits()
{
    pubsub::MemoryPubSub hub;
    Rig rig(joined(hub));
    Second second(rig, &hub);
    Peer &alice = rig.follow("alice");
    Peer &bob = second.follow("bob", "d1");
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(bob.eventSeqs(), range(1, 1));
    second.receive(bob, rig.event(bob, 1, 1, Operation::Update, kGold5));
    rig.run();
    QCOMPARE(statuses(*bob.last<protocol::Ack>()), std::string("applied 2"));
    QCOMPARE(alice.eventSeqs(), range(1, 2));
    // Both at once: one order, and nothing twice.
    second.receive(bob, rig.event(bob, 2, 2, Operation::Update, kGold5));
    std::vector<std::string> answers{statuses(rig.push(alice, {rig.event(alice, 2, 2, Operation::Update, kGold5)})),
                                     statuses(*bob.last<protocol::Ack>())};
    std::sort(answers.begin(), answers.end());
    QCOMPARE(answers, (std::vector<std::string>{"applied 3", "merged 4"}));
    QCOMPARE(alice.eventSeqs(), range(1, 4));
    QCOMPARE(bob.eventSeqs(), range(1, 4));
    QCOMPARE(rig.state(), std::string(R"({"gold":25,"name":"x"})"));
    // New documents of both nodes get numbers of their own.
    Peer &carol = second.follow("carol", "d2");
    second.receive(carol, rig.create(carol, 1, "{}", "d2"));
    Peer &dave = rig.follow("dave", "d3");
    QCOMPARE(statuses(rig.push(dave, {rig.create(dave, 1, "{}", "d3")})), std::string("applied 1"));
    QCOMPARE(statuses(*carol.last<protocol::Ack>()), std::string("applied 1"));
}

// Hints are for speed: a node whose PubSub is another's hub never hears of the first.
void UpkeepTest::aNodeThatHearsNothingPolls()
{
    pubsub::MemoryPubSub hub, deaf;
    Rig rig(joined(hub));
    Second second(rig, &deaf);
    Peer &alice = rig.follow("alice");
    Peer &bob = second.follow("bob", "d1");
    rig.push(alice, {rig.create(alice)});
    QVERIFY(bob.eventSeqs().empty());
    rig.clock.advance(limits::kHeadPoll);
    second.service->tick();
    rig.run();
    QCOMPARE(bob.eventSeqs(), range(1, 1));
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    rig.clock.advance(limits::kHeadPoll);
    second.service->tick();
    rig.run();
    QCOMPARE(bob.eventSeqs(), range(1, 2));
}

void UpkeepTest::aWatcherHearsOfAnotherNodesDocuments()
{
    pubsub::MemoryPubSub hub;
    Rig rig(joined(hub));
    Second second(rig, &hub);
    Peer &bob = second.hello("bob");
    second.say(bob, protocol::Watch{CollectionName("things"), {}, {}, {}});
    QVERIFY(bob.all<protocol::Heads>().empty());
    QVERIFY(rig.write(writeOf("d1", "{}")).has_value());
    rig.run();
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().documentId, DocumentId("d1"));
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().serverSeq, ServerSeq(1));
    hub.publish("eventsync.heads", "no hint", rig.executor); // and is not moved by what is none [G16]
    rig.run();
    QVERIFY(rig.write(writeOf("d1", R"({"gold":1})")).has_value());
    rig.run();
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().serverSeq, ServerSeq(2));
}

} // namespace eventsync::sync::test
