// SPDX-License-Identifier: Apache-2.0
#include "randomedits.h"

#include <QTest>

#include <algorithm>

namespace eventsync::test {

using namespace crdt;

namespace {

const char *const kWords[] = {"a", "hello ", "안녕 ", "😀", "e\u0301👩‍👧", "한글과 emoji 🎈, long enough to need a longer header"};
const char *const kKeys[] = {"a", "b", "c", "d", "10", "2", "한"};

std::string_view randomKey(Random &random)
{
    return kKeys[random.below(std::size(kKeys))];
}

void editText(Random &random, StrApi str)
{
    const QString text = str.text();
    const qsizetype at = pairSafe(text, random.below(std::uint64_t(text.size()) + 1));
    const qsizetype end = pairSafe(text, std::uint64_t(at) + random.below(std::uint64_t(text.size() - at) + 1));
    if (random.below(3) == 0)
        QVERIFY(str.del(at, std::max<qsizetype>(end - at, 0)));
    else
        QVERIFY(str.ins(at, randomWord(random)));
}

void editBytes(Random &random, BinApi bin)
{
    if (random.below(3) == 0 && bin.length() > 0)
        QVERIFY(bin.del(random.below(bin.length()), 1));
    else
        QVERIFY(bin.ins(random.below(bin.length() + 1), "\x01\x02\xFE"));
}

void editList(Random &random, ArrApi arr)
{
    const std::size_t at = random.below(arr.length() + 1);
    if (random.below(3) == 0 && at < arr.length())
        QVERIFY(arr.del(at, 1 + random.below(arr.length() - at)));
    else if (random.below(3) == 0 && at < arr.length())
        QVERIFY(arr.upd(at, randomValue(random, 1)));
    else
        QVERIFY(arr.ins(at, {randomValue(random, 1), randomValue(random, 2)}));
}

void editObject(Random &random, ObjApi obj)
{
    const std::string_view key = randomKey(random);
    const std::uint64_t what = random.below(6);
    if (what == 0)
        static_cast<void>(obj.del(key)); // may not be there
    else if (what == 1)
        QVERIFY(obj.setConstant(key, Binary{"\x01\xFF"}));
    else
        QVERIFY(obj.set(key, randomValue(random, 1)));
}

} // namespace

std::string_view randomWord(Random &random)
{
    return kWords[random.below(std::size(kWords))];
}

qsizetype pairSafe(const QString &text, std::uint64_t position)
{
    const auto at = static_cast<qsizetype>(position);
    return at > 0 && at < text.size() && text.at(at).isLowSurrogate() && text.at(at - 1).isHighSurrogate() ? at - 1 : at;
}

json::Value randomValue(Random &random, int depth)
{
    switch (random.below(depth > 2 ? 5 : 7)) {
    case 0: return json::Value(static_cast<std::int64_t>(random.below(1000)) - 500);
    case 1: return json::Value(random.below(2) == 0);
    case 2: return json::Value(nullptr);
    case 3: return json::Value(boost::json::string(randomWord(random)));
    case 4: return json::Value(0.1 * static_cast<double>(1 + random.below(100)));
    case 5: {
        json::Array array;
        for (std::uint64_t n = random.below(4); n > 0; --n)
            array.push_back(randomValue(random, depth + 1));
        return array;
    }
    default: {
        json::Object object;
        for (std::uint64_t n = random.below(4); n > 0; --n)
            object[randomKey(random)] = randomValue(random, depth + 1);
        return object;
    }
    }
}

Id randomNode(Random &random, const Document &document)
{
    Id at = document.root();
    while (!at.isOrigin() && random.below(4) != 0) {
        const Node &node = document.node(document.find(at));
        NodeIndex child = kNoNode;
        if (node.kind == NodeKind::Val)
            child = node.value();
        else if (node.kind == NodeKind::Obj && !node.keys().entries().empty())
            child = node.keys().entries()[random.below(node.keys().entries().size())].value;
        else if (node.kind == NodeKind::Vec && !node.vecSlots().empty())
            child = node.vecSlots()[random.below(node.vecSlots().size())];
        else if (node.kind == NodeKind::Arr && node.sequence().length() > 0)
            child = node.sequence().unitAt(static_cast<std::uint32_t>(random.below(node.sequence().length())));
        if (child == kNoNode)
            break;
        at = document.idOf(child);
    }
    return at;
}

void randomEdit(Random &random, Api &api)
{
    const Id id = randomNode(random, api.document());
    if (id.isOrigin() || random.below(40) == 0) {
        QVERIFY(api.root(randomValue(random, 0)));
        return;
    }
    const NodeApi node(api, id);
    switch (*node.kind()) {
    case NodeKind::Con:
        if (random.below(6) == 0)
            QVERIFY(api.diff(randomValue(random, 0)));
        break;
    case NodeKind::Val: QVERIFY(node.val()->set(randomValue(random, 1))); break;
    case NodeKind::Obj: editObject(random, *node.obj()); break;
    case NodeKind::Vec: QVERIFY(node.vec()->set(random.below(20), randomValue(random, 1))); break;
    case NodeKind::Str: editText(random, *node.str()); break;
    case NodeKind::Bin: editBytes(random, *node.bin()); break;
    case NodeKind::Arr: editList(random, *node.arr()); break;
    }
}

} // namespace eventsync::test
