// SPDX-License-Identifier: Apache-2.0
#include "apitest.h"

#include <eventsync/crdt/api.h>
#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/history.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/crdt/subscriptions.h>
#include <eventsync/crdt/textreader.h>
#include <eventsync/crdt/typed.h>
#include <eventsync/json/limits.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::crdt;

namespace {

constexpr std::uint64_t kAlice = 100'001;
constexpr std::uint64_t kBob = 100'002;

json::Value parsed(const char *text)
{
    const auto value = json::parse(text);
    return value ? *value : json::Value("no JSON");
}

QString utf8(const char *text)
{
    return QString::fromUtf8(text);
}

// Alice's document with one text, and Bob's fork of it.
struct Pair
{
    Document alice{kAlice};
    Document bob{kBob};
    Api aliceApi{alice};
    Api bobApi{bob};

    explicit Pair(const json::Value &value)
    {
        if (!aliceApi.root(value) || !bob.apply(aliceApi.flush()))
            QTest::qFail("no pair", __FILE__, __LINE__);
    }
    void sync()
    {
        const Patch fromAlice = aliceApi.flush();
        const Patch fromBob = bobApi.flush();
        if (!bob.apply(fromAlice) || !alice.apply(fromBob) || alice.canonicalView() != bob.canonicalView())
            QTest::qFail("no sync", __FILE__, __LINE__);
    }
};

} // namespace

void ApiTest::rootBuildsAnyJson_data()
{
    QTest::addColumn<QString>("json");
    for (const char *text : {"null", "true", "1", "1.5", "\"\"", "\"안녕 😀\"", "[]", "{}", "[1,[2,[3]],{\"a\":[null]}]",
                             "{\"a\":{\"b\":\"c\"},\"n\":null,\"10\":1,\"9\":2}"})
        QTest::newRow(text) << QString::fromUtf8(text);
}

void ApiTest::rootBuildsAnyJson()
{
    QFETCH(QString, json);
    const json::Value value = parsed(json.toUtf8().constData());
    Document document(kAlice);
    Api api(document);
    QVERIFY(api.root(value));
    QCOMPARE(document.canonicalView(), json::canonical(value));
    Document other(kBob);
    QVERIFY(other.apply(api.flush()));
    QCOMPARE(other.canonicalView(), json::canonical(value));
}

void ApiTest::pathsLeadThroughRegisters()
{
    Document document(kAlice);
    Api api(document);
    QVERIFY(api.root(parsed(R"({"list":[1,{"name":"x"}],"a/b":"slash","m~n":2})")));
    QCOMPARE(api.str("/list/1/name")->text(), QStringLiteral("x"));
    QCOMPARE(api.str("/a~1b")->text(), QStringLiteral("slash"));
    QVERIFY(std::get<json::Value>(api.con("/m~0n")->constant()) == json::Value(2));
    QVERIFY(api.val("/list/0")->set(json::Value(7)));
    QCOMPARE(document.canonicalView(), std::string(R"({"a/b":"slash","list":[7,{"name":"x"}],"m~n":2})"));
    QCOMPARE(toString(api.str("/list/1/name")->path()), std::string("/list/1/name"));
    QCOMPARE(api.at("/list/9").error().code, ErrorCode::NotFound);
    QCOMPARE(api.str("/list").error().code, ErrorCode::Invalid);
}

void ApiTest::positionsInsideSurrogatePairsAreRefused()
{
    Document document(kAlice);
    Api api(document);
    QVERIFY(api.root(parsed("\"a😀b\"")));
    StrApi str = *api.str("");
    QCOMPARE(str.length(), qsizetype(4));
    QCOMPARE(str.ins(2, QStringLiteral("x")).error().code, ErrorCode::InvalidValue);
    QCOMPARE(str.del(1, 1).error().code, ErrorCode::InvalidValue);
    QCOMPARE(str.del(2, 1).error().code, ErrorCode::InvalidValue);
    QCOMPARE(str.ins(1, QString(QChar(0xD83D))).error().code, ErrorCode::InvalidValue);
    QCOMPARE(str.ins(5, QStringLiteral("x")).error().code, ErrorCode::NotFound);
    QVERIFY(str.ins(3, utf8("é한")));
    QVERIFY(str.del(1, 2));
    QCOMPARE(str.text(), utf8("aé한b"));
}

void ApiTest::halfAPairIsNeverGivenOut()
{
    Pair pair(parsed("\"a😀b\""));
    const Id str = pair.alice.root();
    // Another program deletes one half, and inserts between the halves.
    PatchBuilder builder(Id{kBob, pair.bob.clock().time()});
    builder.del(str, {{kAlice, str.time + 2, 1}});
    QVERIFY(pair.alice.apply(builder.flush()));
    QCOMPARE(pair.aliceApi.str("")->text(), utf8("a\uFFFDb"));
    QCOMPARE(pair.alice.canonicalView(), utf8("\"a\uFFFDb\"").toStdString());
    const auto copy = decodeBinary(encodeBinary(pair.alice));
    QVERIFY(copy);
    QCOMPARE(copy->canonicalView(), pair.alice.canonicalView());
    const auto compact = decodeCompact(encodeCompact(pair.alice));
    QVERIFY(compact);
    QCOMPARE(compact->canonicalView(), pair.alice.canonicalView());
}

void ApiTest::anchorsStayWithTheirText()
{
    Pair pair(parsed("\"안녕 세계\""));
    StrApi alice = *pair.aliceApi.str("");
    StrApi bob = *pair.bobApi.str("");
    const Anchor cursor = alice.anchor(3); // behind the blank
    const Anchor front = alice.anchor(0);
    QVERIFY(bob.ins(0, utf8("😀 ")));
    QVERIFY(bob.ins(bob.length(), QStringLiteral("!")));
    pair.sync();
    QCOMPARE(alice.position(cursor), qsizetype(6));
    QCOMPARE(bob.position(cursor), qsizetype(6));
    QCOMPARE(alice.position(front), qsizetype(0));
    QVERIFY(bob.del(3, 4)); // the text around the cursor goes
    pair.sync();
    QCOMPARE(alice.text(), utf8("😀 계!"));
    QCOMPARE(alice.position(cursor), qsizetype(3));
}

void ApiTest::readersTellWhereIdsShow()
{
    using Range = TextReader::Range;
    Pair pair(json::Object{{"text", json::String(100, 'x')}});
    const Id text = pair.aliceApi.str("/text")->id();
    const std::vector<IdSpan> spans = TextReader(pair.alice, text).spans(10, 50);
    QCOMPARE(spans.size(), 1U);
    const IdSpan span = spans.front();
    QCOMPARE(span.length, 50U);
    QCOMPARE(TextReader(pair.alice, text).ranges(span), (std::vector<Range>{{10, 50}}));
    const StrApi bob = *pair.bobApi.str("/text");
    StrApi edited = bob;
    QVERIFY(edited.ins(30, utf8("안녕"))); // within the span
    QVERIFY(edited.del(40, 5));            // of it
    QVERIFY(edited.ins(0, utf8("!")));
    pair.sync();
    const TextReader reader(pair.alice, text);
    QCOMPARE(reader.ranges(span), (std::vector<Range>{{11, 20}, {33, 25}})); // 8 and 17 of them around what went
    QVERIFY(reader.ranges({span.sid + 1, span.time, 5}).empty());
    QVERIFY(TextReader(pair.alice, {kAlice, 1}).ranges(span).empty()); // no text
    QCOMPARE(reader.text(31, 2), utf8("안녕"));
    QVERIFY(!TextReader(pair.alice, {kBob, 99'999}).exists());
    QCOMPARE(reader.position(reader.anchor(32)), qsizetype(32));
}

void ApiTest::observersSeeRemoteTextChangesInOrder()
{
    Pair pair(parsed(R"({"text":"hello","n":1})"));
    QString mirror = pair.aliceApi.str("/text")->text();
    const Id str = pair.aliceApi.str("/text")->id();
    std::string paths;
    pair.alice.setObserver([&](const Change &change) {
        paths += toString(pair.alice.pathOf(change.node)) + " " + change.key + ";";
        if (change.node != str)
            return;
        mirror.remove(change.position, change.removed);
        mirror.insert(change.position, pair.aliceApi.str("/text")->text(change.position, change.inserted));
    });
    StrApi bob = *pair.bobApi.str("/text");
    QVERIFY(bob.ins(5, utf8(" 세계")));
    QVERIFY(bob.ins(0, QStringLiteral("> ")));
    QVERIFY(bob.del(2, 6));
    QVERIFY(pair.bobApi.obj("")->set("n", json::Value(2)));
    pair.sync();
    QCOMPARE(mirror, bob.text());
    QCOMPARE(paths, std::string("/text ;/text ;/text ;/text ; n;"));
}

void ApiTest::flushGivesOnePatchThatSkipsWhatOthersMade()
{
    Pair pair(parsed("\"\""));
    QVERIFY(pair.aliceApi.str("")->ins(0, QStringLiteral("a")));
    QVERIFY(pair.bobApi.str("")->ins(0, QStringLiteral("bbbb")));
    QVERIFY(pair.alice.apply(pair.bobApi.flush()));
    QVERIFY(pair.aliceApi.str("")->ins(0, QStringLiteral("c")));
    const Patch patch = pair.aliceApi.flush();
    QVERIFY(patch.toCompact().find("[17,3]") != std::string::npos); // the ids that Bob's patch pushed past
    QVERIFY(pair.bob.apply(patch));
    QCOMPARE(pair.bob.canonicalView(), pair.alice.canonicalView());
    QVERIFY(pair.aliceApi.flush().isEmpty());
}

void ApiTest::diffOfTextIsSmallest_data()
{
    QTest::addColumn<QString>("before");
    QTest::addColumn<QString>("after");
    QTest::addColumn<int>("inserted");
    QTest::addColumn<int>("deleted");
    QTest::newRow("nothing") << "same" << "same" << 0 << 0;
    QTest::newRow("append") << "abc" << "abcd" << 1 << 0;
    QTest::newRow("two places") << "the quick fox" << "a quick red fox" << 5 << 3;
    QTest::newRow("emoji to another") << utf8("a😀b") << utf8("a😁b") << 2 << 2;
    QTest::newRow("korean") << utf8("안녕하세요") << utf8("안녕히 가세요") << 3 << 1;
    QTest::newRow("all") << "abc" << "xyz" << 3 << 3;
    QTest::newRow("to nothing") << "abc" << "" << 0 << 3;
}

void ApiTest::diffOfTextIsSmallest()
{
    QFETCH(QString, before);
    QFETCH(QString, after);
    QFETCH(int, inserted);
    QFETCH(int, deleted);
    Document document(kAlice);
    Api api(document);
    QVERIFY(api.root(json::Value(boost::json::string(before.toStdString()))));
    static_cast<void>(api.flush());
    QVERIFY(api.str("")->diff(after));
    QCOMPARE(api.str("")->text(), after);
    std::uint64_t came = 0;
    std::uint64_t went = 0;
    const Patch patch = api.flush();
    if (!patch.isEmpty())
        patch.view().forEach([&](const Operation &op) {
            came += op.code == OpCode::InsStr ? op.span : 0;
            if (op.code == OpCode::Del)
                forEachSpan(op, op.id.sid, [&](IdSpan span) { went += span.length; });
        });
    QCOMPARE(came, std::uint64_t(inserted));
    QCOMPARE(went, std::uint64_t(deleted));
}

void ApiTest::diffOfValuesKeepsWhatIsShared()
{
    Document document(kAlice);
    Api api(document);
    QVERIFY(api.root(parsed(R"({"keep":"same","list":["a","b","c"],"n":1,"gone":true,"deep":{"x":[1,2]}})")));
    const Id keep = api.at("/keep")->id();
    const Id second = api.at("/list/2")->id();
    static_cast<void>(api.flush());
    const json::Value wanted = parsed(R"({"keep":"same!","list":["a","c","d"],"n":2,"deep":{"x":[1,3]},"new":{"y":[]}})");
    QVERIFY(api.diff(wanted));
    QCOMPARE(document.canonicalView(), json::canonical(wanted));
    QCOMPARE(api.at("/keep")->id(), keep);
    QCOMPARE(api.at("/list/1")->id(), second);
    QVERIFY(api.flush().bytes().size() < 150);
    QVERIFY(api.diff(wanted));
    QVERIFY(api.flush().isEmpty()); // G7
    QVERIFY(api.diff(parsed("[1]")));
    QCOMPARE(document.canonicalView(), std::string("[1]"));
}

void ApiTest::undoTakesBackOwnEditsOnly()
{
    Pair pair(parsed(R"({"text":"","list":[]})"));
    static_cast<void>(pair.aliceApi.undoStack());
    QVERIFY(!pair.aliceApi.undoStack().canUndo());
    QVERIFY(pair.aliceApi.str("/text")->ins(0, utf8("나는 ")));
    pair.sync();
    QVERIFY(pair.bobApi.str("/text")->ins(1, QStringLiteral("BOB")));
    pair.sync();
    QVERIFY(pair.aliceApi.arr("/list")->ins(0, {json::Value("x"), json::Value(1)}));
    pair.sync();
    QVERIFY(pair.aliceApi.undoStack().undo());
    pair.sync();
    QCOMPARE(pair.bob.canonicalView(), utf8(R"({"list":[],"text":"나BOB는 "})").toStdString());
    QVERIFY(pair.aliceApi.undoStack().undo());
    pair.sync();
    QCOMPARE(pair.bob.canonicalView(), std::string(R"({"list":[],"text":"BOB"})"));
    QVERIFY(!pair.aliceApi.undoStack().undo());
    QVERIFY(pair.aliceApi.undoStack().redo());
    QVERIFY(pair.aliceApi.undoStack().redo());
    QVERIFY(!pair.aliceApi.undoStack().redo());
    pair.sync();
    QCOMPARE(json::canonical(pair.bob.view().get_object().at("list")), std::string(R"(["x",1])"));
}

void ApiTest::undoOfADeleteComesBackInItsPlace()
{
    Pair pair(parsed("\"one two three\""));
    static_cast<void>(pair.aliceApi.undoStack());
    QVERIFY(pair.aliceApi.str("")->del(4, 4));
    pair.sync();
    QVERIFY(pair.bobApi.str("")->ins(0, QStringLiteral("0 ")));
    pair.sync();
    QVERIFY(pair.aliceApi.undoStack().undo());
    pair.sync();
    QCOMPARE(pair.bob.canonicalView(), std::string("\"0 one two three\""));
}

void ApiTest::redoAfterUndoGivesTheSameText()
{
    Document document(kAlice);
    Api api(document);
    QVERIFY(api.root(parsed(R"({"t":"","k":1})")));
    static_cast<void>(api.flush());
    UndoStack &undo = api.undoStack();
    std::vector<std::string> states{document.canonicalView()};
    const auto step = [&] {
        static_cast<void>(api.flush());
        states.push_back(document.canonicalView());
    };
    QVERIFY(api.str("/t")->ins(0, utf8("abc😀")));
    step();
    QVERIFY(api.str("/t")->del(1, 1));
    step();
    QVERIFY(api.obj("")->set("k", parsed(R"({"x":["y"]})")));
    step();
    QVERIFY(api.obj("")->del("k"));
    step();
    QVERIFY(api.str("/t")->replace(0, 1, QStringLiteral("Z")));
    step();
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = states.size() - 1; i > 0; --i) {
            QVERIFY(undo.undo());
            QCOMPARE(document.canonicalView(), states[i - 1]);
        }
        QVERIFY(!undo.canUndo());
        for (std::size_t i = 1; i < states.size(); ++i) {
            QVERIFY(undo.redo());
            QCOMPARE(document.canonicalView(), states[i]);
        }
        QVERIFY(!undo.canRedo());
    }
    Document other(kBob);
    QVERIFY(!api.flush().isEmpty());
}

void ApiTest::undoLeavesAValueSomebodyElseSet()
{
    Pair pair(parsed(R"({"k":1})"));
    static_cast<void>(pair.aliceApi.undoStack());
    QVERIFY(pair.aliceApi.obj("")->set("k", json::Value(2)));
    pair.sync();
    QVERIFY(pair.bobApi.obj("")->set("k", json::Value(3)));
    pair.sync();
    QVERIFY(pair.aliceApi.undoStack().undo());
    QVERIFY(pair.aliceApi.flush().isEmpty());
    QCOMPARE(pair.alice.canonicalView(), std::string(R"({"k":3})"));
}

void ApiTest::missingDependencyChangesNothing()
{
    Document alice(kAlice);
    Api api(alice);
    QVERIFY(api.root(parsed(R"({"a":"x"})")));
    const Patch first = api.flush();
    QVERIFY(api.str("/a")->ins(1, QStringLiteral("y")));
    const Patch second = api.flush();
    Document bob(kBob);
    const Bytes before = encodeBinary(bob);
    QCOMPARE(bob.apply(second).error().code, ErrorCode::MissingDependency);
    QVERIFY(encodeBinary(bob) == before);
    QVERIFY(bob.apply(first) == Applied::New);
    QVERIFY(bob.apply(second) == Applied::New);
    QVERIFY(bob.apply(second) == Applied::Known);
    QVERIFY(bob.apply(first) == Applied::Known);
    QCOMPARE(bob.canonicalView(), alice.canonicalView());
}

void ApiTest::timeFarAheadIsRefused()
{
    Document document(kAlice);
    PatchBuilder builder(Id{kBob, limits::kCrdtClockJump + 10});
    builder.newNode(OpCode::NewStr);
    QCOMPARE(document.apply(builder.flush()).error().code, ErrorCode::InvalidValue);
    QCOMPARE(document.clock().time(), std::uint64_t(1));
}

void ApiTest::serverClockRefusesAGap()
{
    Document server = Document::withServerClock();
    Api api(server);
    QVERIFY(api.root(parsed(R"({"t":"x"})")));
    const Patch first = api.flush();
    QCOMPARE(first.id().sid, kServerSession);
    QVERIFY(api.str("/t")->ins(0, QStringLiteral("y")));
    const Patch second = api.flush();
    Document replica = Document::withServerClock();
    QCOMPARE(replica.apply(second).error().code, ErrorCode::MissingDependency);
    QVERIFY(replica.apply(first));
    QVERIFY(replica.apply(second));
    QVERIFY(replica.apply(second) == Applied::Known);
    QCOMPARE(replica.canonicalView(), server.canonicalView());
    for (const auto &copy : {decodeBinary(encodeBinary(server)).map([](const Document &d) { return d.canonicalView(); }),
                             decodeCompact(encodeCompact(server)).map([](const Document &d) { return d.canonicalView(); }),
                             decodeVerbose(encodeVerbose(server)).map([](const Document &d) { return d.canonicalView(); })}) {
        QVERIFY(copy.has_value());
        QCOMPARE(*copy, server.canonicalView());
    }
    QVERIFY(Patch::fromCompact(second.toCompact()) == second);
    QVERIFY(Patch::fromVerbose(second.toVerbose()) == second);
}

void ApiTest::forksShareNothing()
{
    Document alice(kAlice);
    Api api(alice);
    QVERIFY(api.root(parsed(R"({"t":"x"})")));
    Document fork = alice.fork(kBob);
    Api forkApi(fork);
    QVERIFY(fork == alice);
    QVERIFY(forkApi.str("/t")->ins(0, QStringLiteral("y")));
    QVERIFY(api.str("/t")->ins(1, QStringLiteral("z")));
    QCOMPARE(alice.canonicalView(), std::string(R"({"t":"xz"})"));
    QCOMPARE(fork.canonicalView(), std::string(R"({"t":"yx"})"));
    QVERIFY(!(fork == alice));
    QVERIFY(alice.apply(forkApi.flush()));
    QVERIFY(fork.apply(api.flush()));
    QVERIFY(fork == alice);
}

void ApiTest::rebasedPatchAppliesAtItsNewTime()
{
    Document alice(kAlice);
    Api api(alice);
    QVERIFY(api.root(parsed(R"({"t":"abc"})")));
    QVERIFY(api.str("/t")->del(0, 1));
    const Patch rebased = api.flush().rebased(50);
    QCOMPARE(rebased.id(), (Id{kAlice, 50}));
    Document bob(kBob);
    QVERIFY(bob.apply(rebased));
    QCOMPARE(bob.canonicalView(), alice.canonicalView());
    const Patch renamed = rebased.withSession(kBob + 1);
    Document carol(kBob);
    QVERIFY(carol.apply(renamed));
    QCOMPARE(carol.canonicalView(), alice.canonicalView());
    QCOMPARE(renamed.id(), (Id{kBob + 1, 50}));
}

void ApiTest::renamedPatchSplitsADeletionAcrossTheBorder()
{
    Document alice(kAlice);
    Api api(alice);
    QVERIFY(api.root(parsed(R"({"t":"ab"})")));
    const Patch first = api.flush();
    QVERIFY(api.str("/t")->ins(2, QStringLiteral("cd")));
    const Patch second = api.flush();
    QVERIFY(api.str("/t")->del(0, 4));
    const Patch third = api.flush();
    const auto rename = [&](Id id) { return id >= second.id() ? Id{kBob + 1, id.time + 7} : id; };
    Document bob(kBob);
    QVERIFY(bob.apply(first));
    QVERIFY(bob.apply(second.renamed(rename)));
    QCOMPARE(bob.canonicalView(), std::string(R"({"t":"abcd"})"));
    QVERIFY(bob.apply(third.renamed(rename)));
    QCOMPARE(bob.canonicalView(), std::string(R"({"t":""})"));
}

void ApiTest::undoStepsMayBeKeptElsewhere()
{
    const json::Value start = parsed(R"({"t":"","list":[1],"o":{"deep":["x"]},"n":1})");
    Document alice(kAlice);
    std::vector<json::Value> steps, again;
    std::vector<std::string> views;
    const auto edit = [&](auto act) { // a new Api each time, as after a restart
        Api api(alice);
        UndoStack &undo = api.undoStack();
        for (const json::Value &one : again)
            undo.giveRecreatedIds(*recreatedIdsFrom(one));
        const std::size_t known = again.size();
        act(api, undo);
        static_cast<void>(api.flush());
        for (std::size_t i = known; i < undo.recreatedIds().size(); ++i)
            again.push_back(toJson(undo.recreatedIds()[i]));
    };
    const auto perform = [&](auto act) {
        edit([&](Api &api, UndoStack &undo) {
            QVERIFY(act(api));
            steps.push_back(toJson(*undo.takeUndo()));
        });
        views.push_back(alice.canonicalView());
    };
    perform([&](Api &api) { return api.root(start).has_value(); });
    perform([](Api &api) { return api.str("/t")->ins(0, QStringLiteral("안녕하세요")).has_value(); });
    perform([](Api &api) { return api.str("/t")->del(1, 2).has_value(); });
    perform([](Api &api) { return api.arr("/list")->ins(1, {json::Value("two"), json::Value(json::Object{{"k", 3}})}).has_value(); });
    perform([](Api &api) { return api.arr("/list")->del(0, 2).has_value(); });
    perform([](Api &api) { return api.obj("")->set("o", json::Value(7)).has_value(); });
    perform([](Api &api) { return api.obj("")->setConstant("b", Binary{"\x01\xff"}).has_value(); });
    std::vector<json::Value> redo;
    for (std::size_t i = steps.size(); i-- > 1;) {
        edit([&](Api &, UndoStack &undo) {
            undo.giveUndo(*undoStepFrom(steps[i]));
            QVERIFY(undo.undo());
            redo.push_back(toJson(*undo.takeRedo()));
        });
        QCOMPARE(alice.canonicalView(), views[i - 1]);
    }
    for (std::size_t i = 1; i < steps.size(); ++i) {
        edit([&](Api &, UndoStack &undo) {
            undo.giveUndo(*undoStepFrom(redo[steps.size() - 1 - i]));
            QVERIFY(undo.undo());
        });
        QCOMPARE(alice.canonicalView(), views[i]);
    }
}

void ApiTest::brokenUndoStepsAreRefused_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *text : {"{}", "[1]", "[[]]", R"([["inserted"]])", R"([["inserted",[1],[1,2,3]]])", R"([["inserted",[1,-2],[1,2,3]]])",
                             R"([["removed",[1,2],[1,2],[1,2,3],"!",[]]])", R"([["replaced",[1,2],"k",256,[0,0],[1,2],[0,0],[0,["value",1],"",[],[]]]])",
                             R"([["replaced",[1,2],"k",0,[0,0],[1,2],[0,0],[9,["value",1],"",[],[]]]])",
                             R"([["replaced",[1,2],"k",0,[0,0],[1,2],[0,0],[0,["what"],"",[],[]]]])"})
        QTest::newRow(text) << QByteArray(text);
}

void ApiTest::brokenUndoStepsAreRefused()
{
    QFETCH(QByteArray, text);
    QCOMPARE(undoStepFrom(parsed(text.constData())).error().code, ErrorCode::InvalidValue);
}

void ApiTest::hiddenKeyIsRefusedAndNotShown()
{
    Document alice(kAlice);
    Api api(alice);
    QCOMPARE(api.root(parsed(R"({"__proto__":1})")).error().code, ErrorCode::InvalidValue);
    QVERIFY(api.root(parsed("{}")));
    QCOMPARE(api.obj("")->set("__proto__", json::Value(1)).error().code, ErrorCode::InvalidValue);
    PatchBuilder builder(Id{kBob, alice.clock().time()});
    const Id con = builder.newCon(json::Value(1));
    builder.insObj(alice.root(), {{"__proto__", con}});
    QVERIFY(alice.apply(builder.flush()));
    QCOMPARE(alice.canonicalView(), std::string("{}"));
}

void ApiTest::deepNestingShowsAsNull()
{
    Document document(kAlice);
    PatchBuilder builder(document.clock().next());
    Id inner = builder.newNode(OpCode::NewStr);
    // Containers are older than what is in them: from the outside in.
    builder.begin(document.clock().next());
    Id outer = builder.newNode(OpCode::NewArr);
    builder.insVal(kOrigin, outer);
    for (int i = 0; i < 20'000; ++i) {
        inner = builder.newNode(i % 2 == 0 ? OpCode::NewVal : OpCode::NewArr);
        i % 2 == 0 ? builder.insArr(outer, outer, {inner}) : builder.insVal(outer, inner);
        outer = inner;
    }
    QVERIFY(document.apply(builder.flush()));
    QCOMPARE(json::depth(document.view()), limits::kDepth);
    const auto copy = decodeBinary(encodeBinary(document));
    QVERIFY(copy);
    QVERIFY(encodeBinary(*copy) == encodeBinary(document));
    QVERIFY(!encodeVerbose(document).empty());
    PatchBuilder drop(document.clock().next()); // and all of it goes at once
    drop.insVal(kOrigin, drop.newCon(json::Value(1)));
    QVERIFY(document.apply(drop.flush()));
    QCOMPARE(document.canonicalView(), std::string("1"));
    QCOMPARE(document.nodes().count(), std::size_t(1));
}

void ApiTest::patchMetaSurvivesEveryEncoding()
{
    PatchBuilder builder(Id{kAlice, 5});
    builder.setMeta(parsed(R"({"author":"앨리스"})"));
    builder.newNode(OpCode::NewObj);
    const Patch patch = builder.flush();
    QVERIFY(patch.view().meta() == parsed(R"({"author":"앨리스"})"));
    QVERIFY(Patch::fromCompact(patch.toCompact()) == patch);
    QVERIFY(Patch::fromVerbose(patch.toVerbose()) == patch);
    QVERIFY(Patch::decode(patch.bytes()) == patch);
}

void ApiTest::historyShowsEveryEarlierState()
{
    History history{Document(kAlice)};
    Api api(history.document());
    QVERIFY(api.root(json::Value("")));
    history.record(api.flush());
    std::vector<std::string> states{"null", "\"\""};
    for (int i = 0; i < 600; ++i) {
        const qsizetype length = api.str("")->length();
        QVERIFY(i % 3 == 2 ? api.str("")->del(length / 2, 1) : api.str("")->ins(length / 2, QString::number(i)));
        history.record(api.flush());
        states.push_back(history.document().canonicalView());
    }
    for (const std::size_t count : {std::size_t(0), std::size_t(1), std::size_t(255), std::size_t(256), std::size_t(257), states.size() - 1}) {
        const auto then = history.at(count);
        QVERIFY(then);
        QCOMPARE(then->canonicalView(), states[count]);
    }
}

void ApiTest::historiesMergeWhatTheOtherHas()
{
    Document start(kAlice);
    Api startApi(start);
    QVERIFY(startApi.root(parsed(R"({"t":"x"})")));
    static_cast<void>(startApi.flush());
    History alice(start.fork(kAlice));
    History bob(start.fork(kBob));
    Api aliceApi(alice.document());
    Api bobApi(bob.document());
    QVERIFY(aliceApi.str("/t")->ins(0, QStringLiteral("a")));
    alice.record(aliceApi.flush());
    QVERIFY(bobApi.str("/t")->ins(1, QStringLiteral("b")));
    bob.record(bobApi.flush());
    QVERIFY(alice.merge(bob));
    QVERIFY(bob.merge(alice));
    QVERIFY(alice.document() == bob.document());
    QCOMPARE(alice.size(), std::size_t(2));
    QVERIFY(alice.merge(bob)); // again: nothing new
    QCOMPARE(alice.size(), std::size_t(2));
}

void ApiTest::subscribersHearOfTheirPathOnly()
{
    Pair pair(parsed(R"({"a":{"b":"x"},"ab":"y"})"));
    Subscriptions subscriptions(pair.alice);
    std::string heard;
    const int first = subscriptions.subscribe("/a", [&](const Change &, const std::string &path) { heard += "1" + path + " "; });
    subscriptions.subscribe("/a/b", [&](const Change &, const std::string &path) { heard += "2" + path + " "; });
    QVERIFY(pair.bobApi.str("/a/b")->ins(0, QStringLiteral("z")));
    QVERIFY(pair.bobApi.str("/ab")->ins(0, QStringLiteral("z")));
    QVERIFY(pair.bobApi.obj("/a")->set("c", json::Value(1)));
    pair.sync();
    QCOMPARE(heard, std::string("1/a/b 2/a/b 1/a/c "));
    heard.clear();
    subscriptions.unsubscribe(first);
    QVERIFY(pair.bobApi.obj("")->set("a", json::Value(1)));
    pair.sync();
    QCOMPARE(heard, std::string("2/a "));
}

namespace {

struct Note : TypedView
{
    using TypedView::TypedView;
    TextField title{*this, "title"};
    ValueField<std::int64_t> stars{*this, "stars"};
    ValueField<QString> mood{*this, "mood"};
    ListField<ValueField<bool>> done{*this, "done"};
};

} // namespace

void ApiTest::typedViewsReadAndWriteTheirFields()
{
    Document document(kAlice);
    Api api(document);
    QVERIFY(api.root(parsed(R"({"notes":[{"title":"","stars":1,"mood":"?","done":[true]}]})")));
    Note note(api, "/notes/0");
    QVERIFY(note.title->ins(0, utf8("할 일")));
    QVERIFY(note.stars.set(5));
    QVERIFY(note.mood.set(utf8("😀")));
    QVERIFY(note.done.append(json::Value(false)));
    QVERIFY(note.done.at(0).set(false));
    QCOMPARE(note.title.text(), utf8("할 일"));
    QVERIFY(note.stars.get() == 5);
    QVERIFY(note.mood.get() == utf8("😀"));
    QVERIFY(note.done.at(1).get() == false);
    QCOMPARE(note.done.size(), std::size_t(2));
    QCOMPARE(document.canonicalView(), utf8(R"({"notes":[{"done":[false,false],"mood":"😀","stars":5,"title":"할 일"}]})").toStdString());
    Note absent(api, "/notes/7");
    QCOMPARE(absent.title->ins(0, QStringLiteral("x")).error().code, ErrorCode::NotFound);
    QCOMPARE(absent.stars.get().error().code, ErrorCode::NotFound);
}

void ApiTest::documentWithAValueOlderThanItsContainerIsRefused()
{
    QVERIFY(decodeCompact(R"([[1000000,121],[2,[-1,9],{"a":[0,[-1,3],1]}]])"));
    QVERIFY(!decodeCompact(R"([[1000000,121],[2,[-1,3],{"a":[0,[-1,9],1]}]])"));
    QVERIFY(!decodeCompact(R"([[1000000,121],[1,[-1,3],[0,[-1,9],1]]])"));
    QVERIFY(!decodeCompact(R"([[1000000,121],[6,[-1,3],[[[-1,1],[[0,[-1,9],1]]]]]])"));
}
