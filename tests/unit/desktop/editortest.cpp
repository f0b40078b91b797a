// SPDX-License-Identifier: Apache-2.0
#include "editortest.h"

#include <eventsync/base/random.h>

#include <desktop/editor/texteditor.h>

#include <QApplication>
#include <QInputMethodEvent>
#include <QScrollBar>
#include <QMouseEvent>
#include <QSignalSpy>
#include <QTest>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextDocument>

#include <deque>
#include <numeric>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;
using crdt::Api;
using crdt::Document;

namespace {

// An editor on a replica of its own; patches lie in `sent` until somebody takes them to the others.
class Side
{
public:
    explicit Side(Document replica)
        : document(std::move(replica)),
          binding(&editor, {.document = [this] { return isGone ? nullptr : &document; },
                            .edit = [this](const auto &edit) { return change(edit); }})
    {
        binding.setNode(text());
    }

    crdt::Id text() { return Api(document).str("/text").value().id(); }
    QString shown() const { return editor.toRawText(); }
    QString held() { return Api(document).str("/text")->text(); }

    void type(int position, int removed, const QString &text)
    {
        QTextCursor cursor(&editor);
        cursor.setPosition(position);
        cursor.setPosition(position + removed, QTextCursor::KeepAnchor);
        cursor.insertText(text);
    }

    bool receive(const Bytes &patch) { return document.applyBinary(patch).has_value(); }

    Result<> change(const std::function<Result<>(Api &)> &edit)
    {
        ++tries;
        if (isReadOnly)
            return failure(ErrorCode::PermissionDenied, "read only");
        Api api(document);
        const Result<> done = edit(api);
        if (const auto patch = api.flush(); !patch.isEmpty())
            sent.push_back(patch.bytes());
        return done;
    }

    Document document;
    QTextDocument editor;
    TextBinding binding;
    std::deque<Bytes> sent;
    bool isReadOnly = false, isGone = false;
    int tries = 0; // of writing
};

Document newDocument(const QString &text, std::uint64_t sid = 70'000)
{
    Document document(sid);
    Api api(document);
    if (!api.root(json::Object{{"text", json::String(text.toStdString())}}))
        qFatal("no root");
    api.flush();
    return document;
}

// A whole editor on a replica of its own.
class Window
{
public:
    explicit Window(const QString &text)
        : document(newDocument(text)),
          editor({.document = [this] { return &document; }, .edit = [this](const auto &edit) { return change(edit); }})
    {
        editor.binding().setNode(node());
        editor.resize(400, 120);
        editor.show();
    }

    crdt::Id node() { return Api(document).str("/text").value().id(); }
    Result<> change(const std::function<Result<>(Api &)> &edit)
    {
        Api api(document);
        EVENTSYNC_CHECK(edit(api));
        last = api.flush().bytes();
        return {};
    }

    // Somebody else edits, and it is shown here.
    void remote(int position, int removed, const QString &text)
    {
        Document other = document.fork(++session);
        Api api(other);
        const auto done = api.str("/text")->replace(position, removed, text);
        QVERIFY(done && document.applyBinary(api.flush().bytes()));
        editor.binding().synchronize();
        QCOMPARE(editor.toPlainText(), Api(document).str("/text")->text());
    }

    void setCursor(int anchor, int position)
    {
        QTextCursor cursor = editor.textCursor();
        cursor.setPosition(anchor);
        cursor.setPosition(position, QTextCursor::KeepAnchor);
        editor.setTextCursor(cursor);
    }

    void compose(const QString &preedit, const QString &committed)
    {
        QInputMethodEvent event(preedit, {{QInputMethodEvent::Cursor, int(preedit.size()), 1, {}}});
        if (!committed.isEmpty())
            event.setCommitString(committed);
        QApplication::sendEvent(&editor, &event);
    }

    Document document;
    TextEditor editor;
    Bytes last;
    std::uint64_t session = 80'000;
};

} // namespace

void EditorTest::placesMoveWithTheirText_data()
{
    QTest::addColumn<int>("place");
    QTest::addColumn<int>("before");
    QTest::addColumn<int>("behind");
    // abc(3..6 replaced by 2)gh, 4 inserted at 10, 12..13 removed
    QTest::newRow("in front of all") << 2 << 2 << 2;
    QTest::newRow("left edge of a replaced part") << 3 << 3 << 3;
    QTest::newRow("inside of it") << 5 << 3 << 5;
    QTest::newRow("right edge of it") << 6 << 5 << 5;
    QTest::newRow("between") << 8 << 7 << 7;
    QTest::newRow("where something is inserted") << 10 << 9 << 13;
    QTest::newRow("behind that") << 11 << 14 << 14;
    QTest::newRow("right edge of a removed part") << 13 << 15 << 15;
    QTest::newRow("behind all") << 20 << 22 << 22;
}

void EditorTest::placesMoveWithTheirText()
{
    QFETCH(int, place);
    const std::vector<TextSplice> splices = {{3, 3, 2}, {10, 0, 4}, {12, 1, 0}};
    QTEST(mapped(place, splices, Edge::Before), "before");
    QTEST(mapped(place, splices, Edge::Behind), "behind");
}

void EditorTest::showsAnyTextUnitForUnit_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("nothing") << QString();
    QTest::newRow("lines") << u"one\n\ntwo\n"_s;
    QTest::newRow("lines of Windows") << u"one\r\ntwo\r\r\n"_s;
    QTest::newRow("Korean") << u"안녕하세요, 모두"_s;
    QTest::newRow("pairs") << u"a😀b👩‍👩‍👧c"_s;
    QTest::newRow("separators") << u"a\u2028b\u2029c\u00A0d\u200Be"_s;
    QTest::newRow("what a document means something else by") << QString(u"a"_s + QChar(0xFDD0) + QChar(0xFDD1) + QChar(0xFFFC));
    QTest::newRow("controls") << u"\t\v\f\u0001\u0085"_s;
}

void EditorTest::showsAnyTextUnitForUnit()
{
    QFETCH(QString, text);
    Side side(newDocument(text));
    QCOMPARE(side.shown().size(), text.size());
    QCOMPARE(side.shown(), TextBinding::toShown(text));
    // Something behind all of it goes to the right place.
    side.type(int(text.size()), 0, u"!"_s);
    side.binding.write();
    QCOMPARE(side.held(), text + u'!');
    side.type(0, 0, u"^"_s);
    side.type(int(text.size()) + 1, 1, {});
    side.binding.write();
    QCOMPARE(side.held(), u'^' + text);
    QCOMPARE(side.shown(), TextBinding::toShown(u'^' + text));
}

void EditorTest::writesWhatIsTyped_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("position");
    QTest::addColumn<int>("removed");
    QTest::addColumn<QString>("typed");
    QTest::addColumn<QString>("result");
    QTest::newRow("into nothing") << QString() << 0 << 0 << u"안녕"_s << u"안녕"_s;
    QTest::newRow("in front") << u"bc"_s << 0 << 0 << u"a"_s << u"abc"_s;
    QTest::newRow("behind") << u"ab"_s << 2 << 0 << u"c"_s << u"abc"_s;
    QTest::newRow("a new line") << u"ab"_s << 1 << 0 << u"\n"_s << u"a\nb"_s;
    QTest::newRow("lines over lines") << u"a\nb\nc"_s << 1 << 3 << u"\n\n"_s << u"a\n\nc"_s;
    QTest::newRow("everything") << u"abc"_s << 0 << 3 << u"xyz"_s << u"xyz"_s;
    QTest::newRow("nothing is left") << u"a\nb"_s << 0 << 3 << QString() << QString();
    QTest::newRow("a pair by a pair with an equal half") << u"a😀b"_s << 1 << 2 << u"😁"_s << u"a😁b"_s;
    QTest::newRow("pairs by pairs with equal ends") << u"😀🐀"_s << 0 << 4 << u"😀😀"_s << u"😀😀"_s;
    QTest::newRow("a letter among equal ones") << u"aaaa"_s << 2 << 1 << u"b"_s << u"aaba"_s;
    QTest::newRow("half a pair from the clipboard") << u"ab"_s << 1 << 0 << QString(QChar(0xD83D)) << u"a\uFFFDb"_s;
}

void EditorTest::writesWhatIsTyped()
{
    QFETCH(QString, text);
    QFETCH(int, position);
    QFETCH(int, removed);
    QFETCH(QString, typed);
    Side side(newDocument(text));
    Side other(side.document.fork(70'001));
    QSignalSpy written(&side.binding, &TextBinding::written);
    side.type(position, removed, typed);
    QVERIFY(side.binding.hasUnsavedText());
    QVERIFY(written.wait(10'000)); // by itself
    QVERIFY(!side.binding.hasUnsavedText());
    QTEST(side.held(), "result");
    QCOMPARE(side.sent.size(), 1U);
    QVERIFY(other.receive(side.sent.front()));
    other.binding.synchronize();
    QTEST(other.held(), "result");
    QCOMPARE(other.shown(), TextBinding::toShown(other.held()));
    QVERIFY(other.sent.empty()); // what is shown is not written again
}

// One of several equal letters goes; comparing texts would take it for another one and move what stands between.
void EditorTest::remoteEditsOfEqualLettersMoveNothingElse()
{
    Side side(newDocument(u"aaaaaa"_s));
    Side other(side.document.fork(70'001));
    QSignalSpy shown(&side.binding, &TextBinding::shown);
    other.type(1, 1, {});
    other.type(4, 0, u"a"_s); // before the last
    other.binding.write();
    QVERIFY(side.receive(other.sent.front()));
    side.binding.synchronize();
    QCOMPARE(shown.size(), 1);
    const auto splices = shown.front().front().value<std::vector<TextSplice>>();
    QVERIFY((splices == std::vector<TextSplice>{{1, 1, 0}, {5, 0, 1}}));
    side.binding.synchronize();
    QCOMPARE(shown.size(), 1); // nothing has happened since
}

void EditorTest::aTextWrittenAnewChangesOnlyWhatDiffers()
{
    Side side(newDocument(u"one two three"_s));
    QSignalSpy shown(&side.binding, &TextBinding::shown);
    QVERIFY(side.change([](Api &api) { return api.obj("")->set("text", json::Value("one 2 three")); }));
    side.binding.setNode(side.text());
    QCOMPARE(side.shown(), u"one 2 three"_s);
    QCOMPARE(shown.size(), 1);
    QVERIFY((shown.front().front().value<std::vector<TextSplice>>() == std::vector<TextSplice>{{4, 3, 1}}));
    side.type(5, 0, u"!"_s); // and it is bound to the new one
    side.binding.write();
    QCOMPARE(side.held(), u"one 2! three"_s);
    side.isGone = true;
    side.binding.synchronize();
    QCOMPARE(side.shown(), QString());
    side.isGone = false;
    side.binding.synchronize();
    QCOMPARE(side.shown(), u"one 2! three"_s);
}

void EditorTest::halvesOfPairsShowAsReplacement()
{
    Side side(newDocument(u"a😀b"_s));
    const crdt::Id text = side.text();
    const crdt::IdSpan high = crdt::TextReader(side.document, text).spans(1, 1).front();
    // What another program may do: delete the first half alone.
    crdt::PatchBuilder builder;
    Document remote = side.document.fork(70'001);
    builder.begin(remote.clock().next());
    builder.del(text, {high});
    const crdt::Patch patch = builder.flush();
    QVERIFY(side.document.apply(patch));
    side.binding.synchronize();
    QCOMPARE(side.shown(), u"a\uFFFDb"_s);
    side.type(1, 1, u"c"_s);
    side.binding.write();
    QCOMPARE(side.held(), u"acb"_s);
}

void EditorTest::whatIsRefusedStaysAndIsTriedAgain()
{
    Side side(newDocument(u"one two"_s));
    QSignalSpy refused(&side.binding, &TextBinding::refused), written(&side.binding, &TextBinding::written);
    side.isReadOnly = true;
    side.type(0, 3, u"six"_s);
    side.binding.write();
    side.binding.write();
    QCOMPARE(refused.size(), 1); // said once
    QCOMPARE(side.shown(), u"six two"_s);
    QCOMPARE(side.held(), u"one two"_s);
    QCOMPARE(side.binding.unwritten(), u"six"_s);
    side.type(7, 0, u"!"_s);
    side.binding.write();
    QCOMPARE(side.binding.unwritten(), u"six!"_s);
    QCOMPARE(written.size(), 0);
    side.isReadOnly = false;
    QTRY_COMPARE_WITH_TIMEOUT(side.held(), u"six two!"_s, 30'000); // by itself
    QCOMPARE(side.shown(), u"six two!"_s);
    QCOMPARE(written.size(), 1);
    QVERIFY(!side.binding.hasUnsavedText());

    side.isReadOnly = true;
    side.type(0, 0, u"x"_s);
    side.binding.write();
    QCOMPARE(refused.size(), 2);
    side.type(0, 1, {}); // taken away again
    side.binding.write();
    QCOMPARE(written.size(), 2);
    QCOMPARE(side.shown(), u"six two!"_s);
}

void EditorTest::whatIsRefusedStaysInItsPlaceWhileOthersWrite()
{
    Side side(newDocument(u"one two three"_s)), other(side.document.fork(70'001));
    side.isReadOnly = true;
    side.type(4, 3, u"TWO"_s); // and "two" goes
    side.binding.write();
    other.type(0, 3, u"1"_s);
    other.type(other.shown().size(), 0, u" four"_s);
    other.type(5, 0, u"-"_s); // behind "two"
    other.binding.write();
    for (const Bytes &patch : other.sent)
        QVERIFY(side.receive(patch));
    const int tries = side.tries;
    side.binding.synchronize();
    QCOMPARE(side.tries, tries); // a refusal that tells of changes must not lead to the next
    QVERIFY2(side.shown() == u"1 TWO- three four"_s || side.shown() == u"1 -TWO three four"_s, qPrintable(side.shown()));
    QCOMPARE(side.held(), u"1 two- three four"_s);
    QCOMPARE(side.binding.unwritten(), u"TWO"_s);
    const QString before = side.shown();
    side.isReadOnly = false;
    side.binding.write();
    QCOMPARE(side.shown(), before);
    QCOMPARE(side.held(), before);
}

void EditorTest::whatHasNoPlaceAnyMoreIsHandedOver_data()
{
    QTest::addColumn<bool>("isGone");
    QTest::newRow("the document is gone") << true;
    QTest::newRow("another text is shown") << false;
}

void EditorTest::whatHasNoPlaceAnyMoreIsHandedOver()
{
    QFETCH(bool, isGone);
    Side side(newDocument(u"one"_s));
    QSignalSpy lost(&side.binding, &TextBinding::lost);
    side.isReadOnly = true;
    side.type(3, 0, u" two\n"_s);
    side.type(0, 0, u"zero "_s);
    side.binding.write();
    QCOMPARE(lost.size(), 0);
    side.isGone = isGone;
    side.binding.setNode(crdt::kOrigin);
    QCOMPARE(lost.size(), 1);
    QCOMPARE(lost.at(0).at(0).toString(), u"zero  two\n"_s);
    QCOMPARE(side.shown(), QString());
    QVERIFY(!side.binding.hasUnsavedText());
}

void EditorTest::theOwnCursorStaysWithItsText_data()
{
    QTest::addColumn<int>("anchor");
    QTest::addColumn<int>("cursor");
    QTest::addColumn<int>("position");
    QTest::addColumn<int>("removed");
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("newAnchor");
    QTest::addColumn<int>("newCursor");
    // The text is "hello world".
    QTest::newRow("an insertion before it") << 5 << 5 << 0 << 0 << u"안녕 "_s << 8 << 8;
    QTest::newRow("an insertion behind it") << 5 << 5 << 6 << 0 << u"new "_s << 5 << 5;
    QTest::newRow("an insertion where it is") << 5 << 5 << 5 << 0 << u", dear"_s << 5 << 5;
    QTest::newRow("a line above") << 5 << 5 << 0 << 0 << u"one\ntwo\n"_s << 13 << 13;
    QTest::newRow("a line break where it is") << 5 << 5 << 5 << 0 << u"\n"_s << 5 << 5;
    QTest::newRow("the front goes") << 5 << 5 << 0 << 3 << QString() << 2 << 2;
    QTest::newRow("the word around it goes") << 8 << 8 << 6 << 5 << QString() << 6 << 6;
    QTest::newRow("everything goes") << 8 << 8 << 0 << 11 << QString() << 0 << 0;
    QTest::newRow("a selection, something before it") << 2 << 7 << 0 << 0 << u"ab"_s << 4 << 9;
    QTest::newRow("a selection, something in it") << 2 << 7 << 4 << 0 << u"ab"_s << 2 << 9;
    QTest::newRow("a selection backwards") << 7 << 2 << 4 << 0 << u"ab"_s << 9 << 2;
    QTest::newRow("something at the left end of a selection") << 2 << 7 << 2 << 0 << u"ab"_s << 4 << 9;
    QTest::newRow("something at the right end of a selection") << 2 << 7 << 7 << 0 << u"ab"_s << 2 << 7;
    QTest::newRow("the selected text goes") << 2 << 7 << 1 << 8 << QString() << 1 << 1;
}

void EditorTest::theOwnCursorStaysWithItsText()
{
    QFETCH(int, anchor);
    QFETCH(int, cursor);
    QFETCH(int, position);
    QFETCH(int, removed);
    QFETCH(QString, text);
    Window window(u"hello world"_s);
    window.setCursor(anchor, cursor);
    window.remote(position, removed, text);
    QTEST(window.editor.textCursor().anchor(), "newAnchor");
    QTEST(window.editor.textCursor().position(), "newCursor");
}

void EditorTest::whatIsOnTheScreenStays()
{
    QStringList lines;
    for (int i = 0; i < 200; ++i)
        lines += u"line %1"_s.arg(i);
    Window window(lines.join(u'\n'));
    QScrollBar *bar = window.editor.verticalScrollBar();
    bar->setValue(100);
    window.setCursor(3, 3); // far above: its place does not scroll either
    bar->setValue(100);
    auto top = [&] { return window.editor.cursorForPosition(QPoint(4, 4)).block().text(); };
    const QString before = top();
    QCOMPARE(before, u"line 100"_s);
    window.remote(0, 0, u"one\ntwo\nthree\n"_s);
    QCOMPARE(top(), before);
    QCOMPARE(bar->value(), 103);
    window.remote(int(window.editor.toPlainText().size()), 0, u"\nend"_s);
    QCOMPARE(top(), before);
    window.remote(0, 14, {});
    QCOMPARE(top(), before);
    QCOMPARE(window.editor.textCursor().position(), 3);
}

void EditorTest::aCompositionGoesOnWhileOthersWrite_data()
{
    QTest::addColumn<int>("position");
    QTest::addColumn<int>("removed");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("result");
    // The text is "가나다", a syllable is composed behind the second one.
    QTest::newRow("before it in the same line") << 0 << 0 << u"abc"_s << u"abc가나한다"_s;
    QTest::newRow("behind it") << 3 << 0 << u"abc"_s << u"가나한다abc"_s;
    QTest::newRow("where it is") << 2 << 0 << u"abc"_s << u"가나한abc다"_s;
    QTest::newRow("a new line before it") << 1 << 0 << u"\n"_s << u"가\n나한다"_s;
    QTest::newRow("the line before it goes") << 0 << 2 << QString() << u"한다"_s;
    QTest::newRow("all around it goes") << 0 << 3 << QString() << u"한"_s;
}

void EditorTest::aCompositionGoesOnWhileOthersWrite()
{
    QFETCH(int, position);
    QFETCH(int, removed);
    QFETCH(QString, text);
    Window window(u"가나다"_s);
    window.setCursor(2, 2);
    window.compose(u"ㅎ"_s, {});
    window.compose(u"하"_s, {});
    QVERIFY(!window.editor.binding().hasUnsavedText()); // nothing is typed yet
    window.remote(position, removed, text);
    const QTextCursor cursor = window.editor.textCursor();
    QCOMPARE(cursor.block().layout()->preeditAreaText(), u"하"_s);
    QCOMPARE(cursor.block().layout()->preeditAreaPosition(), cursor.positionInBlock());
    for (QTextBlock block = window.editor.document()->firstBlock(); block.isValid(); block = block.next())
        QVERIFY(block == cursor.block() || block.layout()->preeditAreaText().isEmpty());
    window.compose(u"한"_s, {});
    window.compose({}, u"한"_s);
    window.editor.binding().write();
    QTEST(Api(window.document).str("/text")->text(), "result");
    QTEST(window.editor.toPlainText(), "result");
}

void EditorTest::undoIsLeftToTheOwner()
{
    Window window(u"abc"_s);
    QSignalSpy undo(&window.editor, &TextEditor::undoRequested);
    QSignalSpy redo(&window.editor, &TextEditor::redoRequested);
    QTest::keyClick(&window.editor, Qt::Key_X);
    QTest::keyClick(&window.editor, Qt::Key_Z, Qt::ControlModifier);
    QTest::keySequence(&window.editor, QKeySequence::Redo);
    QCOMPARE(undo.size(), 1);
    QCOMPARE(redo.size(), 1);
    QCOMPARE(window.editor.toPlainText(), u"xabc"_s);
    QVERIFY(!window.editor.document()->isUndoAvailable());
}

void EditorTest::showsWhereOthersAre()
{
    Window window(u"hello world"_s);
    auto presence = [&](int anchor, int head) {
        const crdt::TextReader text(window.document, window.node());
        return presenceOf(u"bob"_s, TextSelection{window.node(), text.anchor(anchor), text.anchor(head)});
    };
    auto show = [&](const json::Value &told) {
        window.editor.setPeople({personFrom(ClientId("bob-1"), told)}, [](const Person &person) { return person.name; });
    };
    show(presence(5, 5));
    QCOMPARE(window.editor.shownCursors(), QStringList(u"bob at 5"_s));
    QVERIFY(window.editor.extraSelections().isEmpty());
    window.setCursor(0, 0);
    QTest::keyClicks(&window.editor, u"ab"_s); // moves with what is typed
    QCOMPARE(window.editor.shownCursors(), QStringList(u"bob at 7"_s));
    window.editor.binding().write();
    QCOMPARE(window.editor.shownCursors(), QStringList(u"bob at 7"_s));
    window.remote(0, 2, {});
    QCOMPARE(window.editor.shownCursors(), QStringList(u"bob at 5"_s));
    show(presence(0, 5));
    QCOMPARE(window.editor.extraSelections().size(), 1);
    QCOMPARE(window.editor.extraSelections().first().cursor.selectedText(), u"hello"_s);
    QVERIFY(!window.editor.grab().isNull());
    show(presenceOf(u"bob"_s, {}));
    QVERIFY(window.editor.shownCursors().isEmpty());
    QVERIFY(window.editor.extraSelections().isEmpty());
}

// Above the line a name covers text, so it goes when its cursor rests; beside the end of a line it covers nothing and stays.
void EditorTest::aNameOverTheTextGoesWhenItsCursorRests()
{
    Window window(u"hello world"_s);
    auto show = [&](int at) {
        const crdt::TextReader text(window.document, window.node());
        const auto told = presenceOf(u"bob"_s, TextSelection{window.node(), text.anchor(at), text.anchor(at)});
        window.editor.setPeople({personFrom(ClientId("bob-1"), told)}, [](const Person &person) { return person.name; });
    };
    auto point = [&](const QPointF &at) {
        QMouseEvent moved(QEvent::MouseMove, at, window.editor.viewport()->mapToGlobal(at), Qt::NoButton, Qt::NoButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window.editor.viewport(), &moved);
    };
    const QStringList bob(u"bob"_s);
    window.editor.setFlagTime(std::chrono::hours(1));
    show(3);
    QCOMPARE(window.editor.shownFlags(), bob);
    show(11);
    QVERIFY(window.editor.shownFlags().isEmpty());
    window.editor.setFlagTime(std::chrono::milliseconds(1));
    show(4);
    QTRY_VERIFY_WITH_TIMEOUT(window.editor.shownFlags().isEmpty(), 20'000);
    QCOMPARE(window.editor.shownCursors(), QStringList(u"bob at 4"_s));
    window.editor.setFlagTime(std::chrono::hours(1));
    show(4); // said again, not moved
    QVERIFY(window.editor.shownFlags().isEmpty());
    QTextCursor place(window.editor.document());
    place.setPosition(4);
    const QPointF caret = window.editor.cursorRect(place).center();
    point(caret + QPointF(3, 0));
    QCOMPARE(window.editor.shownFlags(), bob);
    point(caret + QPointF(60, 0));
    QVERIFY(window.editor.shownFlags().isEmpty());
    show(5);
    QCOMPARE(window.editor.shownFlags(), bob);
    QVERIFY(!window.editor.grab().isNull());
}

void EditorTest::foreignPresenceIsNotTrusted_data()
{
    QTest::addColumn<QByteArray>("presence");
    QTest::addColumn<QString>("name");
    QTest::newRow("a name") << QByteArray(R"({"name":"Bob"})") << u"Bob"_s;
    QTest::newRow("a name of many lines") << QByteArray(R"({"name":"a\nb\tc"})") << u"a b c"_s;
    QTest::newRow("a long name") << QByteArray(R"({"name":"%1"})").replace("%1", QByteArray(500, 'x')) << QString(40, u'x');
    QTest::newRow("no name") << QByteArray(R"({"name":7})") << QString();
    QTest::newRow("no object") << QByteArray(R"([1,2])") << QString();
    QTest::newRow("half a place") << QByteArray(R"({"name":"Bob","text":[1,2],"anchor":[1,2]})") << u"Bob"_s;
    QTest::newRow("places that are none") << QByteArray(R"({"text":[1,2],"anchor":[1,"2"],"head":[-1,2]})") << QString();
    QTest::newRow("one id is too long") << QByteArray(R"({"text":[1,2,3],"anchor":[1,2],"head":[1,2]})") << QString();
}

void EditorTest::foreignPresenceIsNotTrusted()
{
    QFETCH(QByteArray, presence);
    const Person person = personFrom(ClientId("x"), json::parse(presence.toStdString()).value());
    QTEST(person.name, "name");
    QVERIFY(!person.selection);
}

void EditorTest::agreesAfterAnyEdits_data()
{
    QTest::addColumn<int>("sides");
    QTest::addColumn<int>("seed");
    for (int seed = 1; seed <= 6; ++seed)
        QTest::addRow("%d sides, seed %d", 2 + seed % 3, seed) << 2 + seed % 3 << seed;
}

// Everybody types at once; patches travel when they like, and bindings look when they like.
void EditorTest::agreesAfterAnyEdits()
{
    QFETCH(int, sides);
    QFETCH(int, seed);
    static const QStringList samples = {u"a"_s, u"aa"_s, u"한"_s, u"안녕하세요"_s, u"😀"_s, u"👩‍👧"_s, u"\n"_s, u"x\ny"_s, u" "_s, QString()};
    SeededRandom random{std::uint64_t(seed)};
    std::vector<std::unique_ptr<Side>> all;
    const Document first = newDocument(u"가나다 abc\n😀 끝"_s);
    for (int i = 0; i < sides; ++i)
        all.push_back(std::make_unique<Side>(first.fork(70'001 + std::uint64_t(i))));
    std::vector<std::size_t> read(std::size_t(sides * sides), 0); // how many of whose patches are known where
    auto deliver = [&](std::size_t to, std::size_t from, std::size_t most) {
        std::size_t &known = read[to * std::size_t(sides) + from];
        // One that refers to a patch of a third comes later.
        for (; to != from && known < all[from]->sent.size() && most > 0 && all[to]->receive(all[from]->sent[known]); --most)
            ++known;
    };
    auto known = [&] { // once everybody has everything
        return std::accumulate(all.begin(), all.end(), std::size_t(0),
                               [](std::size_t sum, const auto &side) { return sum + side->sent.size(); }) * std::size_t(sides - 1);
    };
    for (int step = 0; step < 4'000; ++step) {
        const auto at = std::size_t(random.below(std::uint64_t(sides)));
        Side &side = *all[at];
        switch (random.below(8)) {
        case 0: deliver(at, std::size_t(random.below(std::uint64_t(sides))), 1 + std::size_t(random.below(4))); break;
        case 1: side.binding.write(); break;
        case 2:
            side.isReadOnly = step % 3 == 0; // what is typed meanwhile stays
            side.binding.synchronize();
            if (!side.binding.hasUnsavedText())
                QCOMPARE(side.shown(), TextBinding::toShown(side.held()));
            break;
        default: {
            const QString text = side.shown();
            auto place = [&](qsizetype wanted) { // a person's cursor stands between whole characters
                const bool splits = wanted > 0 && wanted < text.size() && text[wanted].isLowSurrogate() && text[wanted - 1].isHighSurrogate();
                return int(splits ? wanted - 1 : wanted);
            };
            const int from = place(qsizetype(random.below(std::uint64_t(text.size()) + 1)));
            const int to = place(std::min(text.size(), from + qsizetype(text.size() > 200 ? random.below(60) : random.below(4))));
            side.type(from, std::max(0, to - from), samples[qsizetype(random.below(std::uint64_t(samples.size())))]);
            break;
        }
        }
    }
    for (auto &side : all) {
        side->isReadOnly = false;
        side->binding.write();
    }
    for (std::size_t round = 0; round < 2'000 && std::accumulate(read.begin(), read.end(), std::size_t(0)) < known(); ++round) {
        for (std::size_t to = 0; to < all.size(); ++to) {
            for (std::size_t from = 0; from < all.size(); ++from)
                deliver(to, from, SIZE_MAX);
        }
    }
    for (auto &side : all)
        side->binding.synchronize();
    for (auto &side : all) {
        QCOMPARE(side->held(), all.front()->held());
        QCOMPARE(side->shown(), TextBinding::toShown(side->held()));
    }
    QVERIFY(all.front()->held().size() > 10);
}

} // namespace eventsync::desktop::test
