// SPDX-License-Identifier: Apache-2.0
#include "decisionstest.h"

#include "rig.h"

#include <eventsync/base/limits.h>
#include <eventsync/client/conflictresolver.h>
#include <eventsync/json/limits.h>

#include <QTest>

namespace eventsync::client::test {


#define VERIFY_DURABLE(pair) QCOMPARE(QString::fromStdString((pair).device.broken), QString())

namespace {

constexpr auto kName = R"([{"op":"replace","path":"/name","value":"mine"}])";
constexpr auto kTheirName = R"([{"op":"replace","path":"/name","value":"theirs"}])";

// A pair with one conflict: an edit of ours made offline, and theirs.
EventId conflict(Pair &pair, std::string_view ours, std::string_view theirs, Operation theirOperation = Operation::Update)
{
    pair.device.run(pair.device.core->disconnected());
    const EventId id = pair.edit(ours);
    pair.log.other(theirs, theirOperation);
    pair.connect();
    return id;
}

} // namespace

void DecisionsTest::decisions_data()
{
    QTest::addColumn<QString>("ours");
    QTest::addColumn<QString>("theirs");
    QTest::addColumn<int>("decision");
    QTest::addColumn<QString>("merged");
    QTest::addColumn<QString>("result");
    const auto row = [](const char *name, const char *ours, const char *theirs, Decision decision, const char *merged,
                        const char *result) {
        QTest::newRow(name) << QString::fromUtf8(ours) << QString::fromUtf8(theirs) << static_cast<int>(decision)
                            << QString::fromUtf8(merged) << QString::fromUtf8(result);
    };
    row("ours", kName, kTheirName, Decision::Ours, "", R"({"gold":10,"name":"mine"})");
    row("theirs", kName, kTheirName, Decision::Theirs, "", R"({"gold":10,"name":"theirs"})");
    row("merged", kName, kTheirName, Decision::Merged, R"({"gold":10,"name":"both"})", R"({"gold":10,"name":"both"})");
    row("ours, removed", R"([{"op":"remove","path":"/name"}])", kTheirName, Decision::Ours, "", R"({"gold":10})");
    row("ours, its container gone", R"([{"op":"add","path":"/n","value":{}},{"op":"add","path":"/n/a","value":1}])",
        R"([{"op":"add","path":"/n","value":7}])", Decision::Ours, "", R"({"gold":10,"n":{"a":1},"name":"a"})");
    row("ours, a counter beside it", R"([{"op":"replace","path":"/name","value":"mine"},{"op":"inc","path":"/gold","value":2}])",
        R"([{"op":"replace","path":"/name","value":"theirs"},{"op":"inc","path":"/gold","value":30}])", Decision::Ours, "",
        R"({"gold":42,"name":"mine"})");
    row("ours, with a test in it", R"([{"op":"test","path":"/name","value":"a"},{"op":"replace","path":"/name","value":"mine"}])",
        kTheirName, Decision::Ours, "", R"({"gold":10,"name":"mine"})");
}

void DecisionsTest::decisions()
{
    QFETCH(QString, ours);
    QFETCH(QString, theirs);
    QFETCH(int, decision);
    QFETCH(QString, merged);
    QFETCH(QString, result);
    Pair pair;
    const EventId id = conflict(pair, ours.toStdString(), theirs.toStdString());
    Resolution resolution{.decision = static_cast<Decision>(decision), .strategy = "person", .decidedBy = "Alice"};
    if (!merged.isEmpty())
        resolution.merged = parsed(merged.toStdString());
    QVERIFY(pair.device.run(pair.device.core->resolve(id, resolution)).has_value());
    QCOMPARE(pair.device.view(pair.id), result.toStdString());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(1));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.log.state(), result.toStdString());
    VERIFY_DURABLE(pair);
}

void DecisionsTest::theRecordGivesWayToALargeEdit()
{
    const auto nameTo = [](std::size_t bytes) {
        return R"([{"op":"replace","path":"/name","value":")" + std::string(bytes, 'x') + R"("}])";
    };
    Pair pair;
    pair.device.checks = false;
    const EventId id = conflict(pair, nameTo(limits::kEventBytes - 4 * limits::kKiB).c_str(), nameTo(8 * limits::kKiB).c_str());
    QVERIFY(pair.device.run(pair.device.core->resolve(id, {.decision = Decision::Ours, .strategy = "person", .decidedBy = "Alice"})).has_value());
    const auto &record = pair.pushed().at(0)->metadata->at("conflict").as_object();
    QCOMPARE(record.at("theirs"), json::Value(json::Array()));
    QCOMPARE(record.at("truncated"), json::Value(true));
    QCOMPARE(record.at("decidedBy"), json::Value("Alice"));
}

void DecisionsTest::theDecisionIsRecorded()
{
    Pair pair;
    const EventId id = conflict(pair, kName, kTheirName);
    const Resolution theirs{.decision = Decision::Theirs, .strategy = "theirs", .decidedBy = "theirs"};
    QVERIFY(pair.device.run(pair.device.core->resolve(id, theirs)).has_value());
    const auto event = pair.pushed().at(0);
    QVERIFY(event->id != id);
    QCOMPARE(event->firstId(), id);
    QVERIFY(!event->diff.hasChanges()); // theirs is pushed too: the conflict ledger
    QCOMPARE(event->metadata->at("replaces"),
             json::Value(json::Array{json::String(id.toText()), json::String(id.toText())}));
    const auto &record = event->metadata->at("conflict").as_object();
    QCOMPARE(record.at("strategy"), json::Value("theirs"));
    QCOMPARE(record.at("ours"), parsed(kName));
    QCOMPARE(record.at("theirs"), parsed(kTheirName));
    QCOMPARE(record.at("base"), parsed(R"([{"op":"replace","path":"/name","value":"a"}])"));
    QCOMPARE(record.at("unseen"), parsed("[2,2]"));
}

void DecisionsTest::aDecisionIsRecognisedByTheFirstId()
{
    Pair pair;
    const EventId id = conflict(pair, kName, kTheirName);
    QVERIFY(pair.device.run(pair.device.core->resolve(id, {.decision = Decision::Ours})).has_value());
    // The first version had been logged all the time: the later one is settled by it.
    const QueueEntry later = pair.device.entry(0);
    Event first{.id = id, .documentId = pair.id, .collection = pair.log.collection, .clientId = ClientId("copy"),
                .clientSeq = ClientSeq(1), .baseSeq = ServerSeq(1), .timestamp = pair.log.clock.wall(), .diff = Diff(patch(kName))};
    pair.log.append(first);
    pair.device.receive(pair.log.events(ServerSeq(2)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    QCOMPARE(later.first(), id);
    VERIFY_DURABLE(pair);
}

void DecisionsTest::deletedMeanwhileOursCreatesAgain()
{
    Pair pair;
    const EventId id = conflict(pair, kName, "[]", Operation::Delete);
    QCOMPARE(pair.device.view(pair.id), std::string("absent"));
    QVERIFY(pair.device.run(pair.device.core->resolve(id, {.decision = Decision::Ours})).has_value());
    const auto event = pair.pushed().at(0);
    QCOMPARE(event->operation, Operation::Create);
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":10,"name":"mine"})"));
    VERIFY_DURABLE(pair);
}

void DecisionsTest::createdMeanwhileOursReplacesTheRoot()
{
    Pair pair({}, {});
    pair.device.run(pair.device.core->disconnected());
    const auto made = pair.device.run(pair.device.core->create(pair.id, pair.log.collection, parsed(R"({"gold":1})")));
    QVERIFY(made.has_value());
    pair.log.other(R"([{"op":"add","path":"","value":{"gold":2}}])", Operation::Create);
    pair.connect();
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict});
    QVERIFY(pair.device.run(pair.device.core->resolve(**made, {.decision = Decision::Ours})).has_value());
    const auto event = pair.pushed().at(0);
    QCOMPARE(event->operation, Operation::Update);
    QCOMPARE(event->diff.patch().toJson(), parsed(R"([{"op":"replace","path":"","value":{"gold":1}}])"));
    VERIFY_DURABLE(pair);
}

void DecisionsTest::afterSomeTriesTheEventCarriesItsDecision()
{
    ClientOptions options;
    options.rebaseTries = 3;
    Pair pair(options);
    conflict(pair, kName, kTheirName);
    for (int attempt = 1; attempt <= 3; ++attempt) {
        const EventId id = pair.device.entry(0).id;
        QVERIFY(pair.device.run(pair.device.core->resolve(id, {.decision = Decision::Ours})).has_value());
        const auto event = pair.pushed().at(0);
        QCOMPARE(event->onOverlap.has_value(), attempt == 3);
        if (attempt == 3)
            break;
        pair.log.other(R"([{"op":"replace","path":"/name","value":"again )" + std::to_string(attempt) + "\"}]");
        pair.device.receive(pair.log.events(pair.log.head().previous()));
        pair.device.receive(answer(pair.lastPush, AckStatus::Conflict, pair.log.head()));
        QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict});
    }
    VERIFY_DURABLE(pair);
}

void DecisionsTest::discardGivesUp()
{
    Pair pair;
    const EventId id = conflict(pair, kName, kTheirName);
    QVERIFY(pair.device.run(pair.device.core->discard(id)).has_value());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.core->discard(id).error().code, ErrorCode::NotFound);
    const EventId waiting = pair.edit(R"([{"op":"inc","path":"/gold","value":1}])");
    QCOMPARE(pair.device.core->discard(waiting).error().code, ErrorCode::Conflict);
    VERIFY_DURABLE(pair);
}

void DecisionsTest::retryMakesANewEdit()
{
    Pair pair;
    const EventId id = pair.edit(kName);
    pair.pushed();
    pair.device.receive(answer(pair.lastPush, AckStatus::Rejected, {}, ErrorCode::Invalid));
    QCOMPARE(pair.device.states(), std::vector{EntryState::DeadLetter});
    QVERIFY(pair.device.run(pair.device.core->retry(id)).has_value());
    const auto event = pair.pushed().at(0);
    QVERIFY(event->id != id);
    QCOMPARE(event->firstId(), event->id);
    QCOMPARE(pair.device.states(), std::vector{EntryState::Sent});
    VERIFY_DURABLE(pair);
}

void DecisionsTest::mergeFields_data()
{
    QTest::addColumn<QString>("base");
    QTest::addColumn<QString>("ours");
    QTest::addColumn<QString>("theirs");
    QTest::addColumn<QString>("merged"); // empty: none
    const auto row = [](const char *name, const char *base, const char *ours, const char *theirs, const char *merged) {
        QTest::newRow(name) << QString::fromUtf8(base) << QString::fromUtf8(ours) << QString::fromUtf8(theirs)
                            << QString::fromUtf8(merged);
    };
    row("one each", R"({"a":1,"b":1})", R"({"a":2,"b":1})", R"({"a":1,"b":3})", R"({"a":2,"b":3})");
    row("nested", R"({"o":{"a":1,"b":1}})", R"({"o":{"a":2,"b":1}})", R"({"o":{"a":1,"b":3}})", R"({"o":{"a":2,"b":3}})");
    row("the same", R"({"a":1})", R"({"a":2})", R"({"a":2})", R"({"a":2})");
    row("different", R"({"a":1})", R"({"a":2})", R"({"a":3})", "");
    row("removed and kept", R"({"a":1,"b":1})", R"({"b":1})", R"({"a":1,"b":2})", R"({"b":2})");
    row("removed and changed", R"({"a":1})", "{}", R"({"a":3})", "");
    row("added", "{}", R"({"a":1})", R"({"b":1})", R"({"a":1,"b":1})");
    row("lists are values", R"({"l":[1]})", R"({"l":[1,2]})", R"({"l":[1,3]})", "");
}

void DecisionsTest::mergeFields()
{
    QFETCH(QString, base);
    QFETCH(QString, ours);
    QFETCH(QString, theirs);
    QFETCH(QString, merged);
    const auto result = client::mergeFields(parsed(base.toStdString()), parsed(ours.toStdString()), parsed(theirs.toStdString()));
    QCOMPARE(result ? QString::fromStdString(json::canonical(**result)) : QString(), merged);
}

void DecisionsTest::builtInResolvers()
{
    Pair pair;
    const EventId id = conflict(pair, kName, kTheirName);
    const auto view = pair.device.core->conflict(id);
    QCOMPARE(askResolver()->resolve(*view).decision, Decision::Ask);
    QCOMPARE(oursResolver()->resolve(*view).decision, Decision::Ours);
    QCOMPARE(theirsResolver()->resolve(*view).decision, Decision::Theirs);
    QCOMPARE(lastWriterWinsResolver()->resolve(*view).decision, Decision::Ours); // it is the one that arrives last
    QCOMPARE(lastWriterWinsResolver()->resolve(*view).strategy, std::string("lastWriterWins"));
    QCOMPARE(fieldMergeResolver()->resolve(*view).decision, Decision::Ask); // both changed the name
    QCOMPARE(fieldMergeResolver(theirsResolver())->resolve(*view).decision, Decision::Theirs);
}

} // namespace eventsync::client::test
