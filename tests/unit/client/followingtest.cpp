// SPDX-License-Identifier: Apache-2.0
#include "followingtest.h"

#include <eventsync/client/limits.h>
#include <eventsync/protocol/limits.h>

#include "rig.h"

#include <QTest>

#include <deque>
#include <map>
#include <set>

namespace eventsync::client::test {


#define VERIFY_DURABLE(device) QCOMPARE(QString::fromStdString((device).broken), QString())

namespace {

constexpr auto kInc = R"([{"op":"inc","path":"/gold","value":1}])";
const CollectionName kGames("games");

// A device, and a server that grants it so many places: it takes every edit as soon as it comes.
struct House
{
    explicit House(std::int64_t count) : places(count) {}

    Log &log(const DocumentId &id) { return logs.try_emplace(id, id).first->second; }

    void connect()
    {
        followed.clear();
        device.run(device.core->connected());
        protocol::Welcome message = welcome();
        message.limits.documentsPerConnection = places;
        device.receive(message);
    }
    // Answers all that was sent until nothing more comes.
    void serve()
    {
        while (!device.sent.empty()) {
            const protocol::Message message = std::move(device.sent.front());
            device.sent.erase(device.sent.begin());
            if (const auto *subscribe = std::get_if<protocol::Subscribe>(&message)) {
                Log &its = log(subscribe->documentId);
                followed.insert(its.document);
                most = std::max(most, followed.size());
                if (*subscribe->afterSeq < its.head())
                    device.receive(its.events(*subscribe->afterSeq));
                device.receive(its.synced(numbers[its.document]));
            } else if (const auto *unsubscribe = std::get_if<protocol::Unsubscribe>(&message)) {
                followed.erase(unsubscribe->documentId);
            } else if (const auto *push = std::get_if<protocol::Push>(&message)) {
                Log &its = log(push->documentId);
                const ServerSeq before = its.head();
                for (const EventPtr &event : push->events) {
                    its.accept(event);
                    numbers[its.document] = event->clientSeq;
                }
                device.receive(answer(*push, AckStatus::Applied, before.next()));
                device.receive(its.events(before));
            }
        }
    }
    void create(const DocumentId &id) { QVERIFY(device.run(device.core->create(id, kGames, parsed(R"({"gold":1})"))).has_value()); }
    void edit(const DocumentId &id) { QVERIFY(device.run(device.core->update(id, patch(kInc))).has_value()); }

    std::int64_t places;
    Device device;
    std::map<DocumentId, Log> logs;
    std::map<DocumentId, ClientSeq> numbers;
    std::set<DocumentId> followed;
    std::size_t most = 0;
};

DocumentId game(int number)
{
    return DocumentId("game-" + std::to_string(number));
}

} // namespace

void FollowingTest::anEditOfADocumentThatIsNotOpenIsSent()
{
    Pair pair;
    pair.device.run(pair.device.core->closeDocument(pair.id));
    QCOMPARE(pair.device.take<protocol::Unsubscribe>().size(), std::size_t(1));
    pair.edit(kInc);
    pair.device.receive(pair.log.synced({}));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(1));
    pair.logAll(pushed);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.confirmed(pair.id), pair.log.state());
    QCOMPARE(pair.device.take<protocol::Unsubscribe>().size(), std::size_t(1));
    VERIFY_DURABLE(pair.device);
}

void FollowingTest::aDocumentMadeWithoutOpeningItIsSent()
{
    House house(10);
    house.create(game(1));
    house.connect();
    house.serve();
    QCOMPARE(house.log(game(1)).head(), ServerSeq(1));
    QCOMPARE(house.device.core->queueSize(), std::size_t(0));
    QVERIFY(house.followed.empty());
    VERIFY_DURABLE(house.device);
}

void FollowingTest::aClosedDocumentIsFollowedUntilItsEditsAreSettled()
{
    Pair pair;
    pair.edit(kInc);
    const auto pushed = pair.pushed();
    pair.device.run(pair.device.core->closeDocument(pair.id));
    QVERIFY(pair.device.take<protocol::Unsubscribe>().empty());
    pair.logAll(pushed);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.take<protocol::Unsubscribe>().size(), std::size_t(1));
    VERIFY_DURABLE(pair.device);
}

void FollowingTest::queuedEditsOfAClosedDocumentAreSentAfterARestart()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(kInc);
    pair.device.run(pair.device.core->closeDocument(pair.id));
    pair.device.crash();
    pair.connect();
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    VERIFY_DURABLE(pair.device);
}

// What the person decides about is the document as it is now.
void FollowingTest::anUndecidedConflictOfAClosedDocumentIsFollowed()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(R"([{"op":"replace","path":"/name","value":"mine"}])");
    pair.device.run(pair.device.core->closeDocument(pair.id));
    pair.log.other(R"([{"op":"replace","path":"/name","value":"theirs"}])");
    pair.connect();
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict});
    pair.log.other(R"([{"op":"replace","path":"/name","value":"later"}])");
    pair.device.receive(pair.log.events(pair.log.head().previous()));
    QCOMPARE(*pair.device.core->conflict(pair.device.entry(0).id)->theirs, parsed(R"({"gold":10,"name":"later"})"));
    QVERIFY(pair.device.take<protocol::Unsubscribe>().empty());
    QVERIFY(pair.device.run(pair.device.core->discard(pair.device.entry(0).id)).has_value());
    QCOMPARE(pair.device.take<protocol::Unsubscribe>().size(), std::size_t(1));
    VERIFY_DURABLE(pair.device);
}

void FollowingTest::moreDocumentsWithEditsThanPlacesTakeTurns()
{
    House house(2);
    for (int i = 1; i <= 7; ++i)
        house.create(game(i));
    house.connect();
    house.serve();
    QCOMPARE(house.device.core->queueSize(), std::size_t(0));
    for (int i = 1; i <= 7; ++i)
        QCOMPARE(house.log(game(i)).head(), ServerSeq(1));
    QCOMPARE(house.most, std::size_t(2));
    VERIFY_DURABLE(house.device);
}

void FollowingTest::anEditTakesThePlaceThatIsIdleLongest()
{
    House house(2);
    for (int i = 1; i <= 3; ++i)
        house.create(game(i));
    house.connect();
    house.serve();
    for (int i = 1; i <= 3; ++i)
        QVERIFY(house.device.run(house.device.core->openDocument(game(i))).has_value());
    house.serve();
    QCOMPARE(house.followed, (std::set{game(1), game(2)}));
    house.edit(game(1)); // has a place, and is the one that was busy last
    house.serve();
    house.edit(game(3));
    house.serve();
    QCOMPARE(house.followed, (std::set{game(1), game(3)}));
    QCOMPARE(house.device.core->queueSize(), std::size_t(0));
    QCOMPARE(house.most, std::size_t(2));
}

void FollowingTest::moreOpenDocumentsThanPlacesAreReadInTurns()
{
    House house(1);
    for (int i = 1; i <= 3; ++i) {
        house.log(game(i)).other(R"([{"op":"add","path":"","value":{"gold":1}}])", Operation::Create);
        QVERIFY(house.device.run(house.device.core->openDocument(game(i), kGames)).has_value());
    }
    house.connect();
    house.serve();
    QCOMPARE(house.followed, std::set{game(1)});
    house.device.run(house.device.core->tick());
    house.serve();
    QCOMPARE(house.followed, std::set{game(1)}); // its turn is not over
    for (int i = 2; i <= 4; ++i) {
        house.device.clock.advance(limits::kFollowTurn);
        house.device.run(house.device.core->tick());
        house.serve();
        QCOMPARE(house.followed, std::set{game((i - 1) % 3 + 1)});
    }
    for (int i = 1; i <= 3; ++i)
        QCOMPARE(house.device.confirmed(game(i)), house.log(game(i)).state());
    QCOMPARE(house.most, std::size_t(1));
}

void FollowingTest::aDocumentThatIsNotInStepKeepsItsPlace()
{
    House house(1);
    QVERIFY(house.device.run(house.device.core->openDocument(game(1), kGames)).has_value());
    house.create(game(2));
    QVERIFY(house.device.run(house.device.core->openDocument(game(2), kGames)).has_value());
    house.connect();
    QCOMPARE(house.device.take<protocol::Subscribe>().back().documentId, game(2)); // it has something to send
    house.device.clock.advance(limits::kFollowTurn);
    house.device.run(house.device.core->tick());
    QVERIFY(house.device.take<protocol::Unsubscribe>().empty());
    QVERIFY(house.device.take<protocol::Subscribe>().empty());
}

void FollowingTest::aClosedDocumentShowsNoPresence()
{
    Pair pair;
    QVERIFY(pair.device.run(pair.device.core->presence(pair.id, json::Value("here"))).has_value());
    QCOMPARE(pair.device.take<protocol::Presence>().back().state, json::Value("here"));
    pair.edit(kInc);
    pair.device.run(pair.device.core->closeDocument(pair.id));
    QVERIFY(pair.device.take<protocol::Unsubscribe>().empty()); // followed for its edit
    QVERIFY(pair.device.take<protocol::Presence>().back().state.is_null());
    pair.device.clock.advance(limits::kPresenceKeep);
    pair.device.run(pair.device.core->tick());
    QVERIFY(pair.device.take<protocol::Presence>().empty());
    QVERIFY(pair.device.run(pair.device.core->openDocument(pair.id)).has_value());
    QCOMPARE(pair.device.take<protocol::Presence>().back().state, json::Value("here"));
}

} // namespace eventsync::client::test
