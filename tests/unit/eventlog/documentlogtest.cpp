// SPDX-License-Identifier: Apache-2.0
#include "documentlogtest.h"

#include <support/fakeclock.h>

#include <eventsync/eventlog/documentlog.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/json/limits.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::eventlog;

namespace {

const DocumentId kId("d1");
const CollectionName kThings("things");

struct Ids
{
    test::FakeClock clock;
    SeededRandom random{5};
    UuidGenerator next{clock, random};
};

// An event as the log gives it, with `bytes` bytes of content.
std::shared_ptr<LoggedEvent> logged(int seq, const std::string &client, int clientSeq, std::size_t bytes = 10)
{
    static Ids ids;
    auto made = std::make_shared<LoggedEvent>();
    made->serverSeq = ServerSeq(seq);
    made->clientId = ClientId(client);
    made->clientSeq = ClientSeq(clientSeq);
    made->id = made->firstId = ids.next.next();
    made->canonical = std::make_shared<const Bytes>(bytes, 'x');
    Event content{.id = made->id, .documentId = kId, .collection = kThings};
    made->event = std::make_shared<const Event>(std::move(content));
    return made;
}

RecentEvents eventsOf(int first, int last)
{
    RecentEvents recent{ServerSeq(first - 1)};
    for (int seq = first; seq <= last; ++seq)
        recent.append(logged(seq, "a", seq));
    return recent;
}

Event created(const std::string &client)
{
    static Ids ids;
    json::Patch patch({{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = json::Object{{"gold", 1}}}});
    return {.id = ids.next.next(), .documentId = kId, .collection = kThings, .operation = Operation::Create, .clientId = ClientId(client),
            .clientSeq = ClientSeq(1), .diff = Diff(std::move(patch))};
}

std::vector<std::int64_t> seqs(const RecentEvents &recent)
{
    std::vector<std::int64_t> found;
    for (const LoggedPtr &event : recent.events())
        found.push_back(event->serverSeq.value());
    return found;
}

using Seqs = std::vector<std::int64_t>;

} // namespace

void DocumentLogTest::noRecentEventsReachOnlyTheirEnd()
{
    const RecentEvents recent{ServerSeq(7)};
    QVERIFY(recent.isEmpty());
    QVERIFY(recent.reaches(ServerSeq(7)));
    QVERIFY(!recent.reaches(ServerSeq(6)));
    QCOMPARE(recent.before(), ServerSeq(7));
    QVERIFY(!recent.at(ServerSeq(7)));
    QVERIFY(recent.firstAfter(ServerSeq(3)) == recent.events().end());
}

void DocumentLogTest::recentEventsGrowAtBothEndsWithoutAGap()
{
    RecentEvents recent = eventsOf(5, 6);
    QVERIFY(recent.reaches(ServerSeq(4)) && !recent.reaches(ServerSeq(3)));
    recent.prepend({logged(1, "a", 1), logged(2, "a", 2)}); // a gap: 3 and 4 are missing
    QCOMPARE(seqs(recent), (Seqs{5, 6}));
    recent.prepend({logged(3, "a", 3), logged(4, "a", 4), logged(5, "a", 5)}); // overlaps
    QCOMPARE(seqs(recent), (Seqs{3, 4, 5, 6}));
    QCOMPARE(recent.at(ServerSeq(4))->serverSeq, ServerSeq(4));
    QVERIFY(!recent.at(ServerSeq(2)) && !recent.at(ServerSeq(7)));
    QCOMPARE((*recent.firstAfter(ServerSeq(4)))->serverSeq, ServerSeq(5));
    QCOMPARE((*recent.firstAfter(ServerSeq(0)))->serverSeq, ServerSeq(3));
    QVERIFY(recent.firstAfter(ServerSeq(6)) == recent.events().end());
    recent.dropBefore(ServerSeq(6));
    QCOMPARE(seqs(recent), (Seqs{6}));
    recent.clear();
    QCOMPARE(recent.before(), ServerSeq(6));
    QCOMPARE(recent.heldBytes(), std::size_t(0));
    recent.prepend({logged(5, "a", 5), logged(6, "a", 6)});
    QCOMPARE(seqs(recent), (Seqs{5, 6}));
}

void DocumentLogTest::recentEventsAreCutAtTheirLimits()
{
    RecentEvents many = eventsOf(1, int(limits::kRecentEvents) + 5);
    many.trim();
    QCOMPARE(many.events().size(), limits::kRecentEvents);
    QCOMPARE(many.before(), ServerSeq(5));

    RecentEvents large{ServerSeq(0)};
    for (int seq = 1; seq <= 4; ++seq)
        large.append(logged(seq, "a", seq, limits::kRecentBytes / 2));
    large.trim();
    QCOMPARE(seqs(large), (Seqs{3, 4}));
    std::size_t held = 0;
    for (const LoggedPtr &one : large.events())
        held += heldBytes(*one);
    QCOMPARE(large.heldBytes(), held);
}

void DocumentLogTest::aClockIsTakenBackToAnEarlierEvent()
{
    RecentEvents recent{ServerSeq(3)};
    recent.append(logged(4, "a", 2));
    recent.append(logged(5, "b", 1));
    recent.append(logged(6, "a", 3));
    VectorClock end;
    end.set(ClientId("a"), ClientSeq(3));
    end.set(ClientId("b"), ClientSeq(1));
    QCOMPARE(recent.clockAt(ServerSeq(5), end).at(ClientId("a")), ClientSeq(2));
    QCOMPARE(recent.clockAt(ServerSeq(3), end).at(ClientId("a")), ClientSeq(1));
    QCOMPARE(recent.clockAt(ServerSeq(3), end).at(ClientId("b")), ClientSeq(0));
    QCOMPARE(recent.clockAt(ServerSeq(6), end).at(ClientId("b")), ClientSeq(1));
}

void DocumentLogTest::preparedEventsAreFoundByEachOfTheirIds()
{
    PreparedEvents prepared;
    const auto first = logged(1, "a", 1), second = logged(2, "a", 2);
    second->firstId = first->id; // a later version of the same edit keeps the id of the first
    prepared.add(first, 9);
    prepared.add(second, 9);
    QCOMPARE(prepared.find(second->id)->serverSeq, ServerSeq(2));
    QCOMPARE(prepared.find(first->id)->serverSeq, ServerSeq(1));
    QCOMPARE(prepared.find(first->id)->document, std::int64_t(9));
    QCOMPARE(prepared.heldBytes(), heldBytes(*first) + heldBytes(*second));

    prepared.beginCommit();
    QVERIFY(prepared.isCommitting());
    const std::int64_t positions[] = {40, 41};
    const auto events = prepared.endCommit(positions);
    QCOMPARE(events.size(), std::size_t(2));
    QCOMPARE(events.back()->position, std::int64_t(41));
    QVERIFY(prepared.isEmpty() && !prepared.isCommitting() && !prepared.find(first->id));
    QCOMPARE(prepared.heldBytes(), std::size_t(0));
}

void DocumentLogTest::anEventGetsItsPlaceAndTheLogBeginsWithIt()
{
    DocumentLog log(kId, nullptr);
    log.setNumber(3);
    QVERIFY(!log.exists() && !log.hasCollection());
    const auto placed = log.place(created("a"));
    QVERIFY(placed.has_value());
    QCOMPARE((*placed)->serverSeq, ServerSeq(1));
    QCOMPARE((*placed)->chain, chainNext(chainStart(kThings, kId), sha256(*(*placed)->canonical)));
    QVERIFY(!log.hasCollection()); // it has a place and is not in it yet
    log.append(*placed);
    QCOMPARE(log.firstCollection(), kThings);
    QCOMPARE(log.end().chain, (*placed)->chain);

    Event large = created("a");
    large.metadata = json::Object{{"note", std::string(4 * limits::kEventBytes, 'x')}};
    QCOMPARE(log.place(std::move(large)).error().code, ErrorCode::TooLarge);
    QCOMPARE(log.end().serverSeq, ServerSeq(1));
}

void DocumentLogTest::aLogShowsWhatIsCommittedAndWhatIsPrepared()
{
    DocumentLog log(kId, nullptr);
    log.setNumber(3);
    log.append(*log.place(created("a")));
    QCOMPARE(log.end().serverSeq, ServerSeq(1));
    QCOMPARE(log.head().serverSeq, ServerSeq(0));
    QCOMPARE(log.clientSeq(ClientId("a")), ClientSeq(0));
    QCOMPARE(log.endClock().at(ClientId("a")), ClientSeq(1));
    QVERIFY(!log.collection());
    QCOMPARE(log.preparedRecord().position.serverSeq, ServerSeq(1));
    QCOMPARE(log.record().position.serverSeq, ServerSeq(0));

    QCOMPARE(log.takeBatch().steps().size(), std::size_t(2)); // the document's row and its event
    const std::int64_t position = 12;
    log.committed(&position);
    QCOMPARE(log.head(), log.end());
    QCOMPARE(log.row().position, position);
    QCOMPARE(log.collection(), std::optional(kThings));
    QCOMPARE(log.clientSeq(ClientId("a")), ClientSeq(1));
    QCOMPARE(log.clock().at(ClientId("a")), ClientSeq(1));
}

void DocumentLogTest::olderEventsAreMissingOnlyWithinReach_data()
{
    QTest::addColumn<int>("base");
    QTest::addColumn<int>("horizon");
    QTest::addColumn<bool>("missing");
    const int head = int(limits::kLookBackEvents) + 10;
    QTest::newRow("at the head") << head << 1 << false;
    QTest::newRow("after it") << head + 1 << 1 << false;
    QTest::newRow("in the store") << head - 5 << 1 << true;
    QTest::newRow("as far as is looked back") << 10 << 1 << true;
    QTest::newRow("further") << 9 << 1 << false;
    QTest::newRow("at the horizon") << head - 5 << head - 4 << true;
    QTest::newRow("compacted") << head - 6 << head - 4 << false;
}

void DocumentLogTest::olderEventsAreMissingOnlyWithinReach()
{
    QFETCH(int, base);
    QFETCH(int, horizon);
    QFETCH(bool, missing);
    LoadedDocument loaded;
    loaded.row.documentId = kId;
    loaded.row.collection = kThings;
    loaded.row.number = 1;
    loaded.row.horizon = ServerSeq(horizon);
    loaded.head.serverSeq = ServerSeq(int(limits::kLookBackEvents) + 10);
    const DocumentLog log(kId, &loaded);
    QCOMPARE(log.missingBefore(ServerSeq(base)).has_value(), missing);
}
