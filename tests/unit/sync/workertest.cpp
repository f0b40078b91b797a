// SPDX-License-Identifier: Apache-2.0
#include "workertest.h"

#include "rig.h"

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>

#include <QTest>

namespace eventsync::sync::test {

namespace {

ServiceOptions withWorker(Executor &worker, std::size_t lightBytes = 10'000)
{
    ServiceOptions options;
    options.worker = &worker;
    options.lightBytes = lightBytes;
    return options;
}

std::string large(const std::string &name)
{
    return R"({"name":")" + name + R"(","text":")" + std::string(20'000, 'x') + R"("})";
}

SyncService::Write anywhere(const std::string &document, const std::string &state)
{
    SyncService::Write write = writeOf(document, state);
    write.editsAnywhere = true;
    write.bytes = state.size();
    return write;
}

std::size_t acks(const Peer &peer)
{
    return peer.all<protocol::Ack>().size();
}

// Until neither the service nor the worker has anything to do.
void settle(Rig &rig, ManualExecutor &worker)
{
    do
        rig.run();
    while (worker.runAll() > 0);
    rig.run();
}

} // namespace

void WorkerTest::aLargeDocumentDoesNotDelayOthers()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker));
    Peer &a = rig.follow("a", "big"), &b = rig.follow("b", "small");
    rig.push(a, {rig.create(a, 1, large("1"), "big")});
    QCOMPARE(acks(a), std::size_t(0));
    QCOMPARE(worker.waiting(), std::size_t(1));
    QCOMPARE(statuses(rig.push(b, {rig.create(b, 1, "{}", "small")})), std::string("applied 1"));
    QCOMPARE(acks(a), std::size_t(0));
    settle(rig, worker);
    QCOMPARE(statuses(a.all<protocol::Ack>().back()), std::string("applied 1"));
    QCOMPARE(rig.state("big"), large("1"));
}

// Reads, subscriptions and pushes that come while its core is away are answered after it, in order.
void WorkerTest::theDocumentWaitsForItsEdit()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker));
    Peer &a = rig.follow("a");
    rig.push(a, {rig.create(a, 1, large("1"))});
    settle(rig, worker);
    rig.push(a, {rig.event(a, 2, 1, Operation::Update, R"([{"op":"replace","path":"/name","value":"2"}])")});
    Peer &b = rig.hello("b");
    rig.subscribe(b);
    std::optional<Result<DocumentRecord>> record;
    rig.service->read(DocumentId("d1"), [&](Result<DocumentRecord> result) { record = std::move(result); });
    rig.push(a, {rig.event(a, 3, 1, Operation::Update, R"([{"op":"replace","path":"/name","value":"3"}])")});
    QCOMPARE(worker.waiting(), std::size_t(1)); // one edit at a time
    QVERIFY(!record && b.all<protocol::Synced>().empty() && acks(a) == 1);
    settle(rig, worker);
    QVERIFY(record && *record);
    QCOMPARE(acks(a), std::size_t(3));
    QCOMPARE(statuses(a.all<protocol::Ack>()[1]), std::string("applied 2"));
    QCOMPARE(statuses(a.all<protocol::Ack>()[2]), std::string("applied 3"));
    QCOMPARE(rig.state(), large("3"));
    QCOMPARE(b.all<protocol::Synced>().size(), std::size_t(1));
    const auto seqs = b.eventSeqs();
    QVERIFY(!seqs.empty() && seqs.back() == 3); // by events, or by a snapshot and the events after it
}

// Small documents of a collection whose schema is costly. One edit of a few milliseconds may have been a thread that waited for a
// processor; three in a row, or one of many milliseconds, tell.
void WorkerTest::aCollectionThatTookLongGoesToTheWorker()
{
    ManualExecutor worker;
    ServiceOptions options = withWorker(worker, 1'000'000);
    FakeClock *time = nullptr;
    std::chrono::milliseconds takes{5};
    options.validators = [&](const CollectionName &) {
        return validatorFrom([&](const CollectionName &, const json::Value &) -> Result<> {
            time->advance(takes);
            return {};
        });
    };
    Rig rig(options);
    time = &rig.clock;
    Peer &a = rig.follow("a");
    const auto increment = [&](int number) {
        return rig.event(a, number, number - 1, Operation::Update, R"([{"op":"inc","path":"/gold","value":5}])");
    };
    QCOMPARE(statuses(rig.push(a, {rig.create(a)})), std::string("applied 1")); // not known yet
    takes = std::chrono::milliseconds(0);
    QCOMPARE(statuses(rig.push(a, {increment(2)})), std::string("applied 2")); // it was a coincidence
    takes = std::chrono::milliseconds(5);
    for (int number = 3; number <= 5; ++number)
        QCOMPARE(statuses(rig.push(a, {increment(number)})), "applied " + std::to_string(number));
    rig.push(a, {increment(6)});
    QCOMPARE(worker.waiting(), std::size_t(1));
    takes = std::chrono::milliseconds(0);
    settle(rig, worker);
    QCOMPARE(acks(a), std::size_t(6));
    // It did not take long any more: the next one is validated at once.
    QCOMPARE(statuses(rig.push(a, {increment(7)})), std::string("applied 7"));

    takes = std::chrono::milliseconds(25);
    QCOMPARE(statuses(rig.push(a, {increment(8)})), std::string("applied 8"));
    rig.push(a, {increment(9)});
    QCOMPARE(worker.waiting(), std::size_t(1));
    settle(rig, worker);
    QCOMPARE(acks(a), std::size_t(9));
}

void WorkerTest::codeThatWasPromisedTheThreadStaysOnIt()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker, 0));
    QVERIFY(rig.write(writeOf("d1", large("1"))).has_value());
    QCOMPARE(worker.waiting(), std::size_t(0));
    std::optional<Result<SyncService::Written>> written;
    rig.service->write(anywhere("d1", large("2")), [&](Result<SyncService::Written> result) { written = std::move(result); });
    rig.run();
    QCOMPARE(worker.waiting(), std::size_t(1));
    settle(rig, worker);
    QVERIFY(written && *written && (*written)->event);
    QCOMPARE(rig.state(), large("2"));
}

void WorkerTest::rulesThatChangeMeanwhileAreThoseOfTheNextEdit()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker, 0));
    std::vector<Result<SyncService::Written>> answers;
    const auto begin = [&](const std::string &state) {
        rig.service->write(anywhere("d1", state), [&](Result<SyncService::Written> result) { answers.push_back(std::move(result)); });
        rig.run();
    };
    begin(R"({"gold":1})");
    QCOMPARE(worker.waiting(), std::size_t(1));
    Policies policies;
    const auto strict = CollectionPolicy::fromJson(value(R"({"schema":{"properties":{"gold":{"minimum":10}}}})"));
    QVERIFY(strict.has_value());
    policies.set(CollectionName("things"), *strict);
    rig.service->setPolicies(policies, {CollectionName("things")});
    begin(R"({"gold":2})");
    settle(rig, worker);
    QCOMPARE(answers.size(), std::size_t(2));
    QVERIFY(answers[0].has_value());
    begin(R"({"gold":20})");
    settle(rig, worker);
    begin(R"({"gold":3})"); // from one that fits to one that does not
    settle(rig, worker);
    QVERIFY(answers[2].has_value());
    QVERIFY(!answers[3]);
    QCOMPARE(answers[3].error().code, ErrorCode::Invalid);
}

void WorkerTest::aForkedConnectionIsKnownAfterwards()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker, 0));
    Peer &a = rig.follow("a");
    rig.push(a, {rig.create(a, 1)});
    settle(rig, worker);
    rig.push(a, {rig.event(a, 1, 1, Operation::Update, R"([{"op":"inc","path":"/gold","value":5}])")}); // another edit under a used number
    rig.push(a, {rig.event(a, 2, 1, Operation::Update, R"([{"op":"inc","path":"/gold","value":5}])")});
    settle(rig, worker);
    QCOMPARE(statuses(a.all<protocol::Ack>()[1]), std::string("rejected ClientForked"));
    QCOMPARE(rig.head().serverSeq, ServerSeq(1)); // nothing of that connection was taken after it
}

void WorkerTest::theEndWaitsForTheWorker()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker));
    Peer &a = rig.follow("a");
    rig.push(a, {rig.create(a, 1, large("1"))});
    bool ended = false;
    rig.service->shutdown([&] { ended = true; });
    rig.run();
    QVERIFY(!ended);
    settle(rig, worker);
    QVERIFY(ended);
    QCOMPARE(statuses(a.all<protocol::Ack>().back()), std::string("applied 1"));
    rig.restart();
    QCOMPARE(rig.state(), large("1"));
}

void WorkerTest::theServiceMayEndMeanwhile()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker));
    Peer &a = rig.follow("a");
    rig.push(a, {rig.create(a, 1, large("1"))});
    rig.restart();
    settle(rig, worker);
    QCOMPARE(acks(a), std::size_t(0));
    QVERIFY(rig.state().empty());
    Peer &b = rig.follow("b");
    rig.push(b, {rig.create(b, 1, large("2"))});
    settle(rig, worker);
    QCOMPARE(rig.state(), large("2"));
}

// What the store keeps of how far its derived rows reach never passes a document that is away.
void WorkerTest::derivedRowsWaitForTheDocument()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker));
    Peer &a = rig.follow("a"), &b = rig.follow("b", "d2");
    rig.push(a, {rig.create(a, 1, large("1"))});
    settle(rig, worker); // logged, its derived rows are not written yet
    rig.push(a, {rig.event(a, 2, 1, Operation::Update, R"([{"op":"replace","path":"/name","value":"2"}])")});
    QCOMPARE(worker.waiting(), std::size_t(1));
    rig.push(b, {rig.create(b, 1, "{}", "d2")});
    rig.wait(std::chrono::seconds(3));
    const auto derived = [&] {
        const auto view = rig.backend.view();
        const auto row = (*view)->get(eventlog::sets::kMeta, {std::string(eventlog::meta::kDerived)});
        return row && *row ? eventlog::integerOf(**row, 1).value_or(0) : 0;
    };
    QCOMPARE(derived(), std::int64_t(0));
    settle(rig, worker);
    rig.wait(std::chrono::seconds(3));
    settle(rig, worker);
    QCOMPARE(derived(), std::int64_t(3));
    rig.restart();
    QCOMPARE(rig.state(), large("2"));
}

// For the thread sanitizer: two documents, many edits, a reader of each.
void WorkerTest::onAThreadOfItsOwn()
{
    eventsync::test::ThreadExecutor worker;
    Rig rig(withWorker(worker, 0));
    Peer &a = rig.follow("a"), &b = rig.follow("b", "d2"), &reader = rig.hello("reader");
    rig.subscribe(reader);
    rig.subscribe(reader, "d2");
    constexpr std::int64_t kEdits = 50;
    for (std::int64_t n = 1; n <= kEdits; ++n) {
        for (auto &[peer, document] : {std::pair<Peer *, std::string>(&a, "d1"), std::pair<Peer *, std::string>(&b, "d2")}) {
            Event event = n == 1 ? rig.create(*peer, 1, R"({"gold":0})", document)
                                 : rig.event(*peer, n, 1, Operation::Update, R"([{"op":"inc","path":"/gold","value":1}])", document);
            protocol::Push push{BatchId(n), DocumentId(document), {std::make_shared<const Event>(std::move(event))}};
            rig.say(*peer, push);
        }
        QVERIFY(rig.executor.runUntil([&] { return acks(a) == std::size_t(n) && acks(b) == std::size_t(n); }));
    }
    QVERIFY(rig.executor.runUntil([&] { return reader.eventSeqs().size() == 2 * kEdits; }));
    worker.wait();
    rig.run();
    std::optional<Result<DocumentRecord>> record;
    rig.service->read(DocumentId("d1"), [&](Result<DocumentRecord> result) { record = std::move(result); });
    QVERIFY(rig.executor.runUntil([&] { return record.has_value(); }));
    QCOMPARE(json::canonical(*(*record)->state), R"({"gold":)" + std::to_string(kEdits - 1) + '}');
    rig.service.reset();
    worker.wait();
    rig.run();
}

// However long its log: the events at hand cost nothing.
void WorkerTest::aSmallDocumentWithManyEventsStaysOnTheEngine()
{
    ManualExecutor worker;
    Rig rig(withWorker(worker, 20'000));
    Peer &a = rig.follow("a");
    rig.push(a, {rig.create(a)});
    const std::string text(1'000, 'x');
    for (int number = 2; number <= 100; ++number)
        rig.push(a, {rig.event(a, number, number - 1, Operation::Update, R"([{"op":"add","path":"/note","value":")" + text + "\"}]")});
    QCOMPARE(acks(a), std::size_t(100));
    QCOMPARE(worker.waiting(), std::size_t(0));
    // An author that has not seen most of it is compared with all of it.
    Peer &b = rig.follow("b");
    rig.push(b, {rig.event(b, 1, 1, Operation::Update, R"([{"op":"inc","path":"/gold","value":5}])")});
    QCOMPARE(worker.waiting(), std::size_t(0)); // 99 events
    rig.push(a, {rig.event(a, 101, 100, Operation::Update, R"([{"op":"inc","path":"/gold","value":5}])")});
    rig.push(b, {rig.event(b, 2, 1, Operation::Update, R"([{"op":"inc","path":"/gold","value":5}])")});
    QCOMPARE(worker.waiting(), std::size_t(1));
    settle(rig, worker);
    QCOMPARE(acks(b), std::size_t(2));
}

} // namespace eventsync::sync::test
