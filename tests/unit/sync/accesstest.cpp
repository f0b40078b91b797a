// SPDX-License-Identifier: Apache-2.0
#include "accesstest.h"

#include <eventsync/base/limits.h>
#include <eventsync/protocol/limits.h>

#include "rig.h"

#include <QTest>

#include <functional>
#include <set>
#include <stdexcept>
#include <utility>

namespace eventsync::sync::test {

namespace {

// A token is the name of its owner. Rights are given, and taken back, while a test runs.
class Doors final : public AccessPolicy
{
public:
    Result<Principal> authenticate(const std::optional<std::string> &token, const ClientId &) const override
    {
        if (!token)
            return failure(ErrorCode::Unauthenticated, "a token is needed");
        if (*token == "old")
            return failure(ErrorCode::TokenExpired, "the token has expired");
        return Principal{*token, expires};
    }
    Access access(const Principal &principal, const std::optional<CollectionName> &, const DocumentId &document) const override
    {
        if (closed.contains({principal.name, document.text()}))
            return Access::None;
        return readers.contains(principal.name) ? Access::Read : Access::Write;
    }
    Access collectionAccess(const Principal &principal, const CollectionName &collection) const override
    {
        return collection == CollectionName("vault") || strangers.contains(principal.name) ? Access::None : Access::Read;
    }

    std::optional<Timestamp> expires;
    std::set<std::pair<std::string, std::string>> closed; // principal, document
    std::set<std::string> readers, strangers;
};

struct House
{
    explicit House(ServiceOptions options = {}) : rig(withDoors(std::move(options))) {}

    Peer &enter(const std::string &client, std::optional<std::string> token)
    {
        Peer &peer = rig.connect();
        peer.client = ClientId(client);
        rig.say(peer, protocol::Hello{.clientId = peer.client, .token = std::move(token)});
        return peer;
    }
    Peer &follow(const std::string &name, const std::string &document = "d1")
    {
        Peer &peer = enter(name + "-phone", name);
        rig.subscribe(peer, document);
        return peer;
    }

    std::shared_ptr<Doors> doors = std::make_shared<Doors>();
    Rig rig;

private:
    ServiceOptions withDoors(ServiceOptions options) const
    {
        options.access = doors;
        return options;
    }
};

} // namespace

void AccessTest::aHelloNeedsItsToken_data()
{
    QTest::addColumn<QByteArray>("client");
    QTest::addColumn<QByteArray>("token");
    QTest::addColumn<int>("code");
    QTest::newRow("no token") << QByteArray("new") << QByteArray() << int(ErrorCode::Unauthenticated);
    QTest::newRow("an old one") << QByteArray("new") << QByteArray("old") << int(ErrorCode::TokenExpired);
    QTest::newRow("another's client id") << QByteArray("alice-phone") << QByteArray("bob") << int(ErrorCode::ClientIdInUse);
}

// [G17]
void AccessTest::aHelloNeedsItsToken()
{
    QFETCH(QByteArray, client);
    QFETCH(QByteArray, token);
    QFETCH(int, code);
    House house;
    QVERIFY(!house.enter("alice-phone", "alice").closed);
    Peer &peer = house.enter(client.toStdString(), token.isEmpty() ? std::nullopt : std::optional(token.toStdString()));
    QCOMPARE(int(peer.closed.value()), code);
    QCOMPARE(peer.types(), (std::vector<std::string>{"error"}));
    QCOMPARE(peer.last<protocol::ErrorMessage>()->scope, protocol::ErrorScope::Connection);
}

// [G17]
void AccessTest::aReaderIsToldSoAndMayNotWrite()
{
    House house;
    house.doors->readers.insert("bob");
    Peer &alice = house.follow("alice");
    QCOMPARE(statuses(house.rig.push(alice, {house.rig.create(alice)})), std::string("applied 1"));
    QCOMPARE(eventOf(alice.last<protocol::Events>()->events.front()).author.value(), std::string("alice"));
    QCOMPARE(alice.last<protocol::Synced>()->permission, protocol::Permission::Write);
    Peer &bob = house.follow("bob");
    QCOMPARE(bob.last<protocol::Synced>()->permission, protocol::Permission::Read);
    const auto ack = house.rig.push(bob, {house.rig.event(bob, 1, 1, Operation::Update, kGold5)});
    QCOMPARE(statuses(ack), std::string("rejected PermissionDenied"));
    QVERIFY(!bob.closed);
    QCOMPARE(house.rig.head().serverSeq, ServerSeq(1));
    // Nobody writes in another's name, even with every right to the document.
    Event forged = house.rig.event(alice, 2, 1, Operation::Update, kGold5);
    forged.clientId = bob.client;
    QCOMPARE(statuses(house.rig.push(alice, {forged})), std::string("rejected PermissionDenied"));
}

// [G17]
void AccessTest::whatMayNotBeReadLooksLikeWhatIsNotThere()
{
    House house;
    QVERIFY(house.rig.write(writeOf("secret", R"({"gold":1})")).has_value());
    QVERIFY(house.rig.write(writeOf("open", R"({"gold":1})")).has_value());
    house.doors->closed = {{"bob", "secret"}, {"bob", "nothing"}};
    Peer &bob = house.enter("bob-phone", "bob");
    std::vector<protocol::ErrorMessage> refused;
    std::vector<protocol::QueryResult> answers;
    for (const auto &document : std::vector<std::string>{"secret", "nothing"}) {
        house.rig.subscribe(bob, document);
        refused.push_back(*bob.last<protocol::ErrorMessage>());
        house.rig.say(bob, protocol::Query{"q", protocol::StateAtQuery{DocumentId(document), ServerSeq(1)}});
        answers.push_back(*bob.last<protocol::QueryResult>());
    }
    QCOMPARE(refused[0].code, ErrorCode::PermissionDenied);
    QCOMPARE(refused[0].code, refused[1].code);
    QCOMPARE(refused[0].message, refused[1].message);
    QCOMPARE(answers[0].code.value(), ErrorCode::NotFound);
    QCOMPARE(answers[1].code.value(), ErrorCode::NotFound);
    QVERIFY(bob.all<protocol::Synced>().empty());
    house.rig.say(bob, protocol::Watch{CollectionName("things"), {}, {}, {}});
    QCOMPARE(bob.last<protocol::Heads>()->heads.size(), std::size_t(1));
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().documentId, DocumentId("open"));
    house.rig.say(bob, protocol::Query{"l", protocol::ListQuery{.collection = CollectionName("things")}});
    QCOMPARE(bob.last<protocol::QueryResult>()->content.at("items").as_array().size(), std::size_t(1));
}

void AccessTest::aWithdrawnRightRevokes_data()
{
    QTest::addColumn<QString>("how");
    for (const char *how : {"accessChanged", "auth", "fan-out", "catch-up"})
        QTest::newRow(how) << QString::fromLatin1(how);
}

// [G17]
void AccessTest::aWithdrawnRightRevokes()
{
    QFETCH(QString, how);
    House house;
    Rig &rig = house.rig;
    Peer &alice = house.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = house.follow("bob");
    if (how == QStringLiteral("catch-up")) { // it reads too slowly for the next event, and loses its right before it drains
        bob.slow = true;
        bob.unsent = limits::kUnsentHighWaterBytes;
        rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    }
    house.doors->closed.emplace("bob", "d1");
    if (how == QStringLiteral("accessChanged"))
        rig.service->accessChanged();
    else if (how == QStringLiteral("auth"))
        rig.say(bob, protocol::Auth{"bob"});
    else if (how == QStringLiteral("fan-out"))
        rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    bob.slow = false;
    rig.service->drained(bob.id);
    rig.run();
    QCOMPARE(bob.last<protocol::Revoked>()->documentId, DocumentId("d1"));
    rig.say(alice, protocol::Presence{DocumentId("d1"), alice.client, value("1")});
    rig.push(alice, {rig.event(alice, rig.head().serverSeq.value() + 1, rig.head().serverSeq.value(), Operation::Update, kGold5)});
    QCOMPARE(bob.eventSeqs(), (std::vector<std::int64_t>{1}));
    QCOMPARE(bob.types().back(), std::string("revoked"));
    QVERIFY(!bob.closed);
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, kGold5)})), std::string("skipped"));
}

// [G17] Before anybody has told the service that rights changed.
void AccessTest::noPresenceReachesWhoMayNotRead()
{
    House house;
    Rig &rig = house.rig;
    Peer &alice = house.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = house.enter("bob-phone", "bob");
    rig.say(bob, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0), .clocks = true});
    rig.say(alice, protocol::Cursor{DocumentId("d1"), ServerSeq(1)});
    QCOMPARE(bob.types().back(), std::string("cursors"));
    house.doors->closed.emplace("bob", "d1");
    const std::size_t before = bob.received.size();
    rig.say(alice, protocol::Presence{DocumentId("d1"), alice.client, value("1")});
    rig.say(alice, protocol::Presence{DocumentId("d1"), alice.client, json::Value()});
    rig.say(alice, protocol::Cursor{DocumentId("d1"), ServerSeq(1)});
    QCOMPARE(bob.received.size(), before);
}

void AccessTest::aTokenIsRenewedOrEndsTheConnection()
{
    House house;
    Rig &rig = house.rig;
    house.doors->expires = Timestamp(rig.clock.wall().value() + 60'000);
    Peer &alice = house.enter("alice-phone", "alice");
    QCOMPARE(alice.last<protocol::Welcome>()->tokenExpiresInMs.value(), 60'000);
    const auto live = [&](int seconds) {
        for (int i = 0; i < seconds && !alice.closed; i += 5) {
            rig.say(alice, protocol::Ping{i});
            rig.wait(std::chrono::seconds(5));
        }
    };
    live(55);
    house.doors->expires = Timestamp(rig.clock.wall().value() + 60'000);
    rig.say(alice, protocol::Auth{"alice"});
    live(55);
    QVERIFY(!alice.closed);
    live(10);
    QCOMPARE(alice.closed.value(), ErrorCode::TokenExpired);
    QCOMPARE(alice.last<protocol::ErrorMessage>()->scope, protocol::ErrorScope::Connection);
    Peer &again = house.enter("alice-phone", "alice");
    rig.say(again, protocol::Auth{"bob"}); // a connection stays whose it is
    QCOMPARE(again.closed.value(), ErrorCode::ClientIdInUse);
}

void AccessTest::whatCannotBeReadNamesItsDocument()
{
    House house;
    Peer &alice = house.enter("alice-phone", "alice");
    house.rig.service->receiveInvalid(alice.id, {ErrorCode::UnknownField, "cannot be read"}, {.documentId = DocumentId("game-1")});
    QCOMPARE(alice.last<protocol::ErrorMessage>()->scope, protocol::ErrorScope::Message);
    QCOMPARE(alice.last<protocol::ErrorMessage>()->documentId.value(), DocumentId("game-1"));
}

void AccessTest::aPolicyThatThrowsGivesNoAccess()
{
    struct Throwing final : AccessPolicy
    {
        Result<Principal> authenticate(const std::optional<std::string> &token, const ClientId &) const override
        {
            if (!token)
                throw std::runtime_error("no users today");
            return Principal{*token, {}};
        }
        Access access(const Principal &, const std::optional<CollectionName> &, const DocumentId &) const override
        {
            throw std::runtime_error("no rights today");
        }
        Access collectionAccess(const Principal &, const CollectionName &) const override { throw 5; }
    };
    ServiceOptions options;
    options.access = std::make_shared<Throwing>();
    Rig rig(std::move(options));
    Peer &peer = rig.connect();
    rig.say(peer, protocol::Hello{.clientId = ClientId("alice-phone"), .token = "alice"});
    rig.say(peer, protocol::Subscribe{.documentId = DocumentId("game-1"), .collection = CollectionName("games"), .afterSeq = ServerSeq(0)});
    QCOMPARE(peer.last<protocol::ErrorMessage>()->code, ErrorCode::PermissionDenied);
    rig.say(peer, protocol::Watch{.collection = CollectionName("games")});
    QCOMPARE(peer.last<protocol::ErrorMessage>()->code, ErrorCode::PermissionDenied);
    Peer &other = rig.connect();
    rig.say(other, protocol::Hello{.clientId = ClientId("bob-phone")});
    QCOMPARE(other.last<protocol::ErrorMessage>()->code, ErrorCode::Unavailable);
    QVERIFY(other.last<protocol::ErrorMessage>()->message.find("users") == std::string::npos); // the words are for the log
}

// ---- errors

namespace {

struct Case
{
    const char *name;
    ErrorCode code;
    protocol::ErrorScope scope;
    bool retries;                          // tells when to come back
    std::function<Peer &(House &)> provoke; // the peer that is told
};

Peer &invalid(House &house, ErrorCode code)
{
    Peer &peer = house.enter("p", "alice");
    house.rig.service->receiveInvalid(peer.id, {code, "cannot be read"});
    return peer;
}

Peer &hello(House &house, protocol::Hello hello)
{
    Peer &peer = house.rig.connect();
    hello.token = "alice";
    house.rig.say(peer, std::move(hello));
    return peer;
}

const std::vector<Case> &messageCases()
{
    using enum ErrorCode;
    const auto scope = protocol::ErrorScope::Message;
    static const std::vector<Case> cases{
        {"before hello", InvalidMessage, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.rig.connect();
             h.rig.subscribe(peer);
             return peer;
         }},
        {"a ping before hello", InvalidMessage, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.rig.connect();
             h.rig.say(peer, protocol::Ping{6});
             return peer;
         }},
        {"a second hello", InvalidMessage, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.rig.say(peer, protocol::Hello{.clientId = ClientId("p"), .token = "alice"});
             return peer;
         }},
        {"a server's message", UnknownMessage, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.rig.say(peer, protocol::GoAway{1});
             return peer;
         }},
        {"a large presence", TooLarge, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.follow("alice");
             h.rig.say(peer, protocol::Presence{DocumentId("d1"), peer.client, json::Value(std::string(5'000, 'x'))});
             return peer;
         }},
        {"an invalid value", InvalidValue, scope, false, [](House &h) -> Peer & { return invalid(h, InvalidValue); }},
        {"an unknown field", UnknownField, scope, false, [](House &h) -> Peer & { return invalid(h, UnknownField); }},
        {"too deep", TooDeep, scope, false, [](House &h) -> Peer & { return invalid(h, TooDeep); }},
    };
    return cases;
}

const std::vector<Case> &documentCases()
{
    using enum ErrorCode;
    const auto scope = protocol::ErrorScope::Document;
    static const std::vector<Case> cases{
        {"no right to read", PermissionDenied, scope, false,
         [](House &h) -> Peer & {
             h.doors->closed.emplace("alice", "d1");
             return h.follow("alice");
         }},
        {"no right to watch", PermissionDenied, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.rig.say(peer, protocol::Watch{CollectionName("vault"), {}, {}, {}});
             return peer;
         }},
        {"another collection", WrongCollection, scope, false,
         [](House &h) -> Peer & {
             static_cast<void>(h.rig.write(writeOf("d1", R"({"gold":1})")));
             Peer &peer = h.enter("p", "alice");
             h.rig.say(peer, protocol::Subscribe{.documentId = DocumentId("d1"), .collection = CollectionName("others"),
                                                 .afterSeq = ServerSeq(0)});
             return peer;
         }},
        {"presence without a subscription", NotFound, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.rig.say(peer, protocol::Presence{DocumentId("d1"), peer.client, value("1")});
             return peer;
         }},
        {"too many documents", QueueFull, scope, true,
         [](House &h) -> Peer & {
             Peer &peer = h.follow("alice");
             h.rig.subscribe(peer, "d2");
             h.rig.subscribe(peer, "d3");
             return peer;
         }},
        {"too many checkpoints", TooLarge, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.rig.say(peer, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0),
                                                 .checkpoints = std::vector<protocol::Checkpoint>(17)});
             return peer;
         }},
        {"too many pending ids", TooLarge, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.rig.say(peer, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0),
                                                 .pending = std::vector<protocol::PendingId>(limits::kPendingIdsPerSubscribe + 1)});
             return peer;
         }},
    };
    return cases;
}

const std::vector<Case> &connectionCases()
{
    using enum ErrorCode;
    const auto scope = protocol::ErrorScope::Connection;
    static const std::vector<Case> cases{
        {"another protocol", UnsupportedProtocol, scope, false,
         [](House &h) -> Peer & { return hello(h, {.protocol = 2, .clientId = ClientId("p")}); }},
        {"a reserved id", ClientIdReserved, scope, false,
         [](House &h) -> Peer & { return hello(h, {.clientId = ClientId("server")}); }},
        {"an author's id", ClientIdInUse, scope, false,
         [](House &h) -> Peer & {
             auto write = writeOf("d1", R"({"gold":1})");
             write.clientId = ClientId("robot");
             static_cast<void>(h.rig.write(write));
             return hello(h, {.clientId = ClientId("robot")});
         }},
        {"forgotten while connected", ClientExpired, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.rig.service->expireClient(peer.client, [](const Result<> &) {});
             h.rig.run();
             return peer;
         }},
        {"a newer connection", Replaced, scope, true,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             h.enter("p", "alice");
             return peer;
         }},
        {"no hello", Timeout, scope, true,
         [](House &h) -> Peer & {
             Peer &peer = h.rig.connect();
             h.rig.wait(std::chrono::seconds(12));
             return peer;
         }},
        {"reads nothing", SlowConsumer, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.enter("p", "alice");
             peer.slow = true;
             peer.unsent = limits::kUnsentHardBytes + 1;
             h.rig.wait(std::chrono::seconds(1));
             return peer;
         }},
        {"a hello that cannot be read", ClientIdReserved, scope, false,
         [](House &h) -> Peer & {
             Peer &peer = h.rig.connect();
             h.rig.service->receiveInvalid(peer.id, {ClientIdReserved, "the client id 'server' is the server's own"});
             return peer;
         }},
        {"more than was granted", RateLimited, scope, true,
         [](House &h) -> Peer & {
             Peer &peer = h.follow("alice");
             h.rig.push(peer, {h.rig.create(peer), h.rig.event(peer, 2, 1, Operation::Update, kGold5),
                               h.rig.event(peer, 3, 2, Operation::Update, kGold5)});
             return peer;
         }},
        {"the store fails", StoreFull, protocol::ErrorScope::Document, true,
         [](House &h) -> Peer & {
             Peer &peer = h.follow("alice");
             h.rig.backend.failNextCommits({StoreFull, "the disk is full"});
             h.rig.push(peer, {h.rig.create(peer)});
             return peer;
         }},
        {"a hello while stopping", ShuttingDown, scope, true,
         [](House &h) -> Peer & {
             h.rig.service->shutdown([] {});
             h.rig.run();
             return hello(h, {.clientId = ClientId("p")});
         }},
    };
    return cases;
}

const Case &caseAt(int group, int index)
{
    const auto &cases = group == 0 ? messageCases() : group == 1 ? documentCases() : connectionCases();
    return cases[static_cast<std::size_t>(index)];
}

} // namespace

void AccessTest::everyErrorHasItsScope_data()
{
    QTest::addColumn<int>("group");
    QTest::addColumn<int>("index");
    const std::size_t sizes[] = {messageCases().size(), documentCases().size(), connectionCases().size()};
    for (int group = 0; group < 3; ++group) {
        for (int index = 0; index < int(sizes[group]); ++index) {
            const Case &row = caseAt(group, index);
            QTest::addRow("%s: %s", std::string(errorName(row.code)).c_str(), row.name) << group << index;
        }
    }
}

// [G16]
void AccessTest::everyErrorHasItsScope()
{
    QFETCH(int, group);
    QFETCH(int, index);
    const Case &row = caseAt(group, index);
    ServiceOptions options;
    options.limits.inFlight = 2;
    options.limits.documentsPerConnection = 2;
    House house(options);
    Peer &told = row.provoke(house);
    const auto error = told.last<protocol::ErrorMessage>();
    QVERIFY(error.has_value());
    QCOMPARE(std::string(errorName(error->code)), std::string(errorName(row.code)));
    QCOMPARE(int(error->scope), int(row.scope));
    QCOMPARE(error->retryAfterMs.has_value(), row.retries);
    QCOMPARE(told.closed.has_value(), row.scope == protocol::ErrorScope::Connection);
    if (told.closed) {
        QCOMPARE(*told.closed, row.code);
        return;
    }
    if (!told.last<protocol::Welcome>())
        house.rig.say(told, protocol::Hello{.clientId = ClientId("late"), .token = "alice"});
    house.rig.say(told, protocol::Ping{7}); // what is not of scope connection leaves it open
    QCOMPARE(told.last<protocol::Pong>()->n, std::int64_t(7));
}

} // namespace eventsync::sync::test
