// SPDX-License-Identifier: Apache-2.0
#include "hostiletest.h"

#include <eventsync/crdt/encoding.h>
#include <eventsync/crdt/undo.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::crdt;

namespace {

constexpr std::uint64_t kAlice = 70'001;

enum class Form { Binary, Compact, Verbose, Indexed, Sidecar };

Result<Document> throughForm(const Document &document, Form form)
{
    switch (form) {
    case Form::Binary: return decodeBinary(encodeBinary(document));
    case Form::Compact: return decodeCompact(encodeCompact(document));
    case Form::Verbose: return decodeVerbose(encodeVerbose(document));
    case Form::Indexed: return decodeIndexed(encodeIndexed(document));
    case Form::Sidecar: break;
    }
    EVENTSYNC_TRY(const Sidecar sidecar, encodeSidecar(document));
    return decodeSidecar(sidecar);
}

Bytes hex(const char *text)
{
    return QByteArray::fromHex(text).toStdString();
}

// [node, node], where node is of the given kind and has something in it.
Document doubled(NodeKind kind)
{
    Document document(kAlice);
    PatchBuilder builder(document.clock().next());
    const Id list = builder.newNode(OpCode::NewArr);
    builder.insVal(kOrigin, list);
    Id node;
    switch (kind) {
    case NodeKind::Con: node = builder.newCon(json::Value("long enough to lie beside the node")); break;
    case NodeKind::Val: node = builder.newNode(OpCode::NewVal); break;
    case NodeKind::Obj: node = builder.newNode(OpCode::NewObj); break;
    case NodeKind::Vec: node = builder.newNode(OpCode::NewVec); break;
    case NodeKind::Str: node = builder.newNode(OpCode::NewStr); break;
    case NodeKind::Bin: node = builder.newNode(OpCode::NewBin); break;
    case NodeKind::Arr: node = builder.newNode(OpCode::NewArr); break;
    }
    const Id inside = builder.newCon(json::Value(1));
    switch (kind) {
    case NodeKind::Con: break;
    case NodeKind::Val: builder.insVal(node, inside); break;
    case NodeKind::Obj: builder.insObj(node, {{"k", inside}}); break;
    case NodeKind::Vec: builder.insVec(node, {{1, inside}}); break;
    case NodeKind::Str: builder.insStr(node, node, "text"); break;
    case NodeKind::Bin: builder.insBin(node, node, "bytes"); break;
    case NodeKind::Arr: builder.insArr(node, node, {inside}); break;
    }
    builder.insArr(list, list, {node, node});
    if (!document.apply(builder.flush()))
        QTest::qFail("the patch does not apply", __FILE__, __LINE__);
    return document;
}

} // namespace

void HostileTest::brokenDocumentsAreRefused_data()
{
    QTest::addColumn<int>("form");
    QTest::addColumn<QByteArray>("bytes");
    const auto row = [](const char *name, Form form, const Bytes &bytes) {
        QTest::newRow(name) << static_cast<int>(form) << QByteArray::fromStdString(bytes);
    };
    row("binary: nothing", Form::Binary, {});
    row("binary: half a length", Form::Binary, hex("000000"));
    row("binary: a length beyond the end", Form::Binary, hex("0000ffff00"));
    row("binary: no clock table", Form::Binary, hex("0000000100"));
    row("binary: a clock table of none", Form::Binary, hex("000000010000"));
    row("binary: a clock table longer than its bytes", Form::Binary, hex("00000001007f"));
    row("binary: a row that is not there", Form::Binary, hex("00000003 7f0000 01 f1a204 05"));
    row("binary: a kind that there is not", Form::Binary, hex("00000002 10e0 01 f1a204 05"));
    row("binary: more keys than bytes", Form::Binary, hex("00000003 105fff 01 f1a204 05"));
    row("binary: bytes behind the root", Form::Binary, hex("00000002 0000 01 f1a204 05"));
    row("binary: server time zero", Form::Binary, hex("800000"));
    row("binary: a server's root at time 0", Form::Binary, hex("8429 8000 29 0ac102c1c100"));
    row("binary: a constant that names an id nobody has seen", Form::Binary, hex("0000000c 1b63 1001 0d 8218 0007 2e00f7 04 f1a204 2e 31 f1a204 01 000007"));
    row("compact: no JSON", Form::Compact, "[");
    row("compact: no list", Form::Compact, "{}");
    row("compact: a kind that there is not", Form::Compact, "[[70001,5],[7,[70001,1],0]]");
    row("compact: a server's root at time 0", Form::Compact, R"([5,[1,5,[0,[0,0],0,0]]])");
    row("verbose: no time", Form::Verbose, R"({"root":{"type":"val","id":[0,0]}})");
    row("verbose: a kind that there is not", Form::Verbose, R"({"time":[[70001,5]],"root":{"type":"val","id":[0,0],"value":{"type":"set","id":[70001,1]}}})");
    row("verbose: a server's root at time 0", Form::Verbose,
        R"({"time":5,"root":{"type":"val","id":[0,0],"value":{"type":"con","id":0,"value":1}}})");
    row("compact: a node that nobody has seen", Form::Compact, "[[70001,5],[0,[70009,1],1]]");
    row("compact: text that reaches beyond the clock", Form::Compact, R"([[70001,3],[4,[-1,2],[[[-1,1],"abc"]]]])");
    row("compact: text that nobody has seen", Form::Compact, R"([[70001,9],[4,[-1,8],[[[70009,1],"abc"]]]])");
    row("verbose: a value older than its container", Form::Verbose,
        R"({"time":[[70001,9]],"root":{"type":"val","id":[0,0],"value":{"type":"val","id":[70001,5],"value":{"type":"con","id":[70001,3],"value":1}}}})");
}

void HostileTest::brokenDocumentsAreRefused()
{
    QFETCH(int, form);
    QFETCH(QByteArray, bytes);
    const std::string_view input(bytes.constData(), static_cast<std::size_t>(bytes.size()));
    const Result<Document> document = static_cast<Form>(form) == Form::Binary ? decodeBinary(input)
        : static_cast<Form>(form) == Form::Compact                            ? decodeCompact(input)
                                                                              : decodeVerbose(input);
    QVERIFY(!document);
    QCOMPARE(document.error().code, ErrorCode::InvalidValue);
}

void HostileTest::nodeInTwoPlacesSurvivesEveryEncoding_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("form");
    const char *const kinds[] = {"con", "val", "obj", "vec", "str", "bin", "arr"};
    const char *const forms[] = {"binary", "compact", "verbose", "indexed", "sidecar"};
    for (int kind = 0; kind < 7; ++kind) {
        for (int form = 0; form < 5; ++form)
            QTest::addRow("%s, %s", kinds[kind], forms[form]) << kind << form;
    }
}

void HostileTest::nodeInTwoPlacesSurvivesEveryEncoding()
{
    QFETCH(int, kind);
    QFETCH(int, form);
    Document document = doubled(static_cast<NodeKind>(kind));
    QCOMPARE(document.canonicalView(), std::string("[null,null]"));
    auto copy = throughForm(document, static_cast<Form>(form));
    QVERIFY2(copy.has_value(), copy ? "" : copy.error().toString().c_str());
    QCOMPARE(copy->canonicalView(), document.canonicalView());
    // It is one node still: what happens in one of its places happens in the other.
    PatchBuilder builder(document.clock().next());
    builder.del({kAlice, 1}, {{kAlice, document.clock().time() - 2, 1}});
    const Patch patch = builder.flush();
    QVERIFY(document.apply(patch));
    QVERIFY(copy->apply(patch));
    QCOMPARE(copy->canonicalView(), document.canonicalView());
}

void HostileTest::constantsInTwoPlacesShowInBoth()
{
    Document document(kAlice);
    PatchBuilder builder(document.clock().next());
    const Id object = builder.newNode(OpCode::NewObj);
    const Id con = builder.newCon(json::Value(7));
    builder.insObj(object, {{"a", con}, {"b", con}});
    builder.insVal(kOrigin, object);
    QVERIFY(document.apply(builder.flush()));
    QCOMPARE(document.canonicalView(), std::string(R"({"a":7,"b":7})"));
}

// Each list holds the next one twice: fifty of them would show, and be written, as 2^50 values.
void HostileTest::doublingsDoNotMultiply()
{
    Document document(kAlice);
    PatchBuilder builder(document.clock().next());
    Id outer = builder.newNode(OpCode::NewArr);
    builder.insVal(kOrigin, outer);
    for (int i = 0; i < 50; ++i) {
        const Id inner = builder.newNode(OpCode::NewArr);
        builder.insArr(outer, outer, {inner, inner});
        outer = inner;
    }
    QVERIFY(document.apply(builder.flush()));
    QCOMPARE(document.canonicalView(), std::string("[null,null]"));
    for (const Form form : {Form::Binary, Form::Compact, Form::Verbose, Form::Indexed, Form::Sidecar}) {
        const auto copy = throughForm(document, form);
        QVERIFY(copy.has_value());
        QCOMPARE(copy->canonicalView(), document.canonicalView());
    }
    QCOMPARE(copyOf(document, document.rootNode()).children.size(), std::size_t(2)); // what undo keeps of it
    QVERIFY(encodeBinary(document).size() < 2'000);
    QVERIFY(encodeVerbose(document).size() < 20'000);
}

void HostileTest::contentIsWrittenOnce()
{
    const Document document = doubled(NodeKind::Str);
    const Bytes bytes = encodeBinary(document);
    const std::size_t text = bytes.find("text");
    QVERIFY(text != Bytes::npos);
    QCOMPARE(bytes.find("text", text + 1), Bytes::npos);
}

void HostileTest::placesOutsideTheDocumentDoNotCount()
{
    Document document(kAlice);
    PatchBuilder builder(document.clock().next());
    const Id outside = builder.newNode(OpCode::NewObj);
    const Id text = builder.newNode(OpCode::NewStr);
    builder.insStr(text, text, "seen");
    builder.insObj(outside, {{"k", text}});
    builder.insVal(kOrigin, text);
    QVERIFY(document.apply(builder.flush()));
    QCOMPARE(document.canonicalView(), std::string("\"seen\""));
    for (const Form form : {Form::Binary, Form::Compact, Form::Verbose, Form::Indexed, Form::Sidecar}) {
        const auto copy = throughForm(document, form);
        QVERIFY(copy.has_value());
        QCOMPARE(copy->canonicalView(), document.canonicalView());
    }
}
