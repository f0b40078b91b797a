// SPDX-License-Identifier: Apache-2.0
//
// An editor's text is a copy of the document's text that lags: others' changes arrive while the user types, and typed text is
// written a moment later, in one patch for several keystrokes. If positions were passed in both directions, every change would
// have to be transformed by every one that the other side has not seen yet, and one lost or repeated notification would corrupt
// the text permanently.
//
// So notifications contain no change, they only start a comparison. The binding knows the id of every character that it shows
// (TextPieces: runs of ids, few even in long texts). Ids never change, so
//  - what a person types is written behind the character that it was typed behind, and what a person deletes is deleted by
//    its ids, wherever both are in the document by now;
//  - what others did is found by asking where the shown ids are now: those that do not show any more were deleted, and
//    what stands between two neighbours that had nothing between them was inserted. That is exact: comparing the texts
//    could not show which of three equal characters was deleted, and the cursor would be moved unnecessarily.
// Notifications may be late, early, repeated or about something else; reloading the whole document is like any other change.
// The cost is a visit of every run for each patch of others, which is some microseconds for a page of text and a millisecond or
// two for a book.
//
// Text that cannot be written (the queue is full, the edit too large) stays and is tried again. Until then the text is compared
// with a copy of the document that contains it, so edits of others are shown nevertheless.
//
// A QTextDocument holds every UTF-16 unit as it is, but for a few that would become blocks or objects: toShown().
#include <desktop/editor/textbinding.h>

#include <QTextBlock>
#include <QTextCursor>
#include <QTextDocument>
#include <QTimer>

#include <algorithm>

namespace eventsync::desktop {

namespace {

constexpr int kWriteMs = 120;    // text that is typed within this time becomes one patch
constexpr int kAgainMs = 2'000;  // between two tries of a refused edit

// Whether a position is between the halves of a surrogate pair.
bool splitsPair(const QString &text, qsizetype position)
{
    return position > 0 && position < text.size() && text[position - 1].isHighSurrogate() && text[position].isLowSurrogate();
}

QString textIn(const QTextDocument &document, int position, int length)
{
    QTextCursor cursor(const_cast<QTextDocument *>(&document)); // reads only
    cursor.setPosition(position);
    cursor.setPosition(position + length, QTextCursor::KeepAnchor);
    return cursor.selectedText(); // blocks end in U+2029
}

} // namespace

int mapped(int position, const std::vector<TextSplice> &splices, Edge edge)
{
    int moved = 0;
    for (const TextSplice &splice : splices) {
        const int end = splice.position + splice.removed;
        const bool isLeftEdge = position == splice.position && (splice.removed > 0 || edge == Edge::Before);
        if (position < splice.position || isLeftEdge)
            break;
        if (position < end) // its piece was deleted
            return splice.position + moved + (edge == Edge::Behind ? splice.inserted : 0);
        moved += splice.inserted - splice.removed;
    }
    return position + moved;
}

TextBinding::TextBinding(QTextDocument *shown, TextSide side, QObject *parent)
    : QObject(parent), m_shown(shown), m_side(std::move(side)), m_timer(new QTimer(this))
{
    m_shown->setUndoRedoEnabled(false);
    static_cast<void>(m_shown->documentLayout()); // a document without a layout emits no changes
    m_timer->setSingleShot(true);
    m_timer->setInterval(kWriteMs);
    connect(m_timer, &QTimer::timeout, this, &TextBinding::write);
    connect(m_shown, &QTextDocument::contentsChange, this, &TextBinding::onContentsChange);
}

TextBinding::~TextBinding() = default;

void TextBinding::setNode(crdt::Id str)
{
    if (str != m_node) {
        write();
        if (hasUnsavedText())
            giveUp(m_refusal.value_or(Error{ErrorCode::NotFound, "the text is gone"}));
        m_node = str;
    }
    synchronize();
}

QString TextBinding::toShown(QString text)
{
    for (QChar &unit : text) {
        switch (unit.unicode()) {
        case u'\n': unit = QChar::ParagraphSeparator; break;
        case u'\r': unit = QChar(0x240D); break; // shown as a symbol: it would end a block, or be lost next to \n
        case 0xFDD0:
        case 0xFDD1:
        case 0xFFFC: unit = QChar::ReplacementCharacter; break; // frames and objects to a QTextDocument
        default: break;
        }
    }
    return text;
}

QString TextBinding::fromShown(QString text)
{
    for (qsizetype i = 0; i < text.size(); ++i) {
        const QChar unit = text[i];
        const bool isPair = unit.isHighSurrogate() && i + 1 < text.size() && text[i + 1].isLowSurrogate();
        if (unit == QChar::ParagraphSeparator)
            text[i] = u'\n';
        else if (isPair)
            ++i;
        else if (unit.isSurrogate())
            text[i] = QChar::ReplacementCharacter;
    }
    return text;
}

// ---- from the editor

// Qt reports more than what has changed: formats, whole blocks, one unit too many at the end. Without the equal ends it is what
// the user typed.
void TextBinding::onContentsChange(int position, int removed, int added)
{
    if (m_showing)
        return;
    const qsizetype size = m_shown->characterCount() - 1;
    qsizetype at = std::min<qsizetype>(position, m_text.size());
    qsizetype gone = std::min<qsizetype>(removed, m_text.size() - at);
    qsizetype come = std::min<qsizetype>(added, size - at);
    if (m_text.size() - gone + come != size) { // the report is wrong: the whole text is compared
        at = 0;
        gone = m_text.size();
        come = size;
    }
    QString now = textIn(*m_shown, int(at), int(come));
    const QStringView before = QStringView(m_text).mid(at, gone);
    qsizetype front = 0;
    while (front < std::min(gone, come) && before[front] == now[front])
        ++front;
    qsizetype back = 0;
    while (back < std::min(gone, come) - front && before[gone - 1 - back] == now[come - 1 - back])
        ++back;
    if (front == gone && front == come)
        return;
    const QString after = m_text.left(at) + now + m_text.mid(at + gone);
    while (front > 0 && (splitsPair(m_text, at + front) || splitsPair(after, at + front)))
        --front;
    while (back > 0 && (splitsPair(m_text, at + gone - back) || splitsPair(after, at + come - back)))
        --back;
    m_text = after;
    m_pieces.remove(at + front, gone - front - back, m_removed);
    m_pieces.typed(at + front, come - front - back);
    if (!m_timer->isActive() || m_timer->remainingTime() > kWriteMs)
        m_timer->start(kWriteMs);
}

QString TextBinding::unwritten() const
{
    QString typed;
    qsizetype start = 0;
    for (const TextPieces::Piece &piece : m_pieces.all()) {
        if (!piece.isWritten())
            typed += m_text.mid(start, piece.length);
        start += piece.length;
    }
    return fromShown(std::move(typed));
}

void TextBinding::write()
{
    if (m_writing)
        return;
    m_timer->stop();
    if (!hasUnsavedText()) {
        if (m_refusal) // the user has deleted it again
            Q_EMIT written();
        m_refusal.reset();
        return;
    }
    m_writing = true;
    TextPieces pieces;
    const Result<> done = m_side.edit([&](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(pieces, writeInto(api));
        return {};
    });
    m_writing = false;
    if (done) {
        m_pieces = std::move(pieces);
        m_removed.clear();
        m_refusal.reset();
        Q_EMIT written();
    } else if (!isThere()) {
        giveUp(done.error());
    } else {
        bringInStep();
        m_timer->start(kAgainMs);
        if (!m_refusal || m_refusal->code != done.error().code) {
            m_refusal = done.error();
            Q_EMIT refused(done.error());
        }
    }
}

bool TextBinding::isThere() const
{
    const crdt::Document *document = m_side.document();
    return document && crdt::TextReader(*document, m_node).exists();
}

// The text that it was typed into does not exist any more.
void TextBinding::giveUp(const Error &error)
{
    const Error why = error; // it may be m_refusal
    const QString typed = unwritten();
    m_timer->stop();
    m_refusal.reset();
    m_removed.clear();
    bringInStep(UnsavedText::Discard);
    Q_EMIT written();
    if (!typed.isEmpty())
        Q_EMIT lost(typed, why);
}

Result<> TextBinding::removeFrom(crdt::StrApi &text, const crdt::Document &document) const
{
    std::vector<crdt::TextReader::Range> ranges;
    for (const crdt::IdSpan &span : m_removed) {
        const auto found = crdt::TextReader(document, m_node).ranges(span);
        ranges.insert(ranges.end(), found.begin(), found.end());
    }
    std::sort(ranges.begin(), ranges.end(), [](const auto &a, const auto &b) { return a.position > b.position; });
    for (std::size_t i = 0; i < ranges.size();) { // from the end; adjacent ranges together, since they may have the halves of a pair
        auto range = ranges[i++];
        for (; i < ranges.size() && ranges[i].position + ranges[i].count == range.position; ++i)
            range = {ranges[i].position, ranges[i].count + range.count};
        EVENTSYNC_CHECK(text.del(range.position, range.count));
    }
    return {};
}

// The pieces after all typed text is in the document.
Result<TextPieces> TextBinding::writeInto(crdt::Api &api) const
{
    crdt::StrApi text(api, m_node);
    const crdt::Document &document = api.document();
    if (!crdt::TextReader(document, m_node).exists())
        return failure(ErrorCode::NotFound, "the text is gone");
    EVENTSYNC_CHECK(removeFrom(text, document));
    TextPieces pieces;
    crdt::Anchor after;
    for (const TextPieces::Piece &piece : m_pieces.all()) {
        if (piece.isWritten()) {
            pieces.append({piece.first.sid, piece.first.time, std::uint64_t(piece.length)});
            after.after = piece.last();
            continue;
        }
        const qsizetype position = text.position(after);
        EVENTSYNC_CHECK(text.ins(position, fromShown(m_text.mid(pieces.length(), piece.length))));
        for (const crdt::IdSpan &span : crdt::TextReader(document, m_node).spans(position, piece.length)) {
            pieces.append(span);
            after.after = {span.sid, span.end() - 1};
        }
    }
    return pieces;
}

// ---- from the document

void TextBinding::synchronize()
{
    if (m_writing || m_showing)
        return;
    if (!m_refusal) // a refused edit has its own timer: this may be called because of the refusal
        write();
    bringInStep();
}

void TextBinding::bringInStep(UnsavedText what)
{
    static const crdt::Document nothing;
    const crdt::Document *document = m_side.document();
    crdt::Document withUnsavedText;
    if (document && what == UnsavedText::Keep && hasUnsavedText()) { // with ids that are never sent
        withUnsavedText = document->fork(crdt::kLocalSession);
        crdt::Api api(withUnsavedText);
        if (auto pieces = writeInto(api)) {
            m_pieces = std::move(*pieces);
            document = &withUnsavedText;
        }
    }
    const crdt::TextReader now(document ? *document : nothing, m_node);
    const std::vector<Hunk> changes = hunks(now);
    m_pieces = {};
    for (const crdt::IdSpan &span : now.spans(0, now.length())) {
        if (span.sid == crdt::kLocalSession)
            m_pieces.typed(m_pieces.length(), qsizetype(span.length));
        else
            m_pieces.append(span);
    }
    if (!changes.empty())
        show(changes);
}

std::vector<TextBinding::Hunk> TextBinding::hunks(const crdt::TextReader &now) const
{
    std::vector<Hunk> hunks;
    Gap gap{.shownTo = 0, .nowTo = 0}; // both texts are compared up to its end
    qsizetype start = 0;               // of the piece, in the shown text
    for (const TextPieces::Piece &piece : m_pieces.all()) {
        const auto ranges = piece.isWritten()
            ? now.ranges({piece.first.sid, piece.first.time, std::uint64_t(piece.length)})
            : std::vector<crdt::TextReader::Range>();
        for (const auto &range : ranges) {
            qsizetype position = range.position;
            for (const crdt::IdSpan &kept : now.spans(range.position, range.count)) {
                const auto length = qsizetype(kept.length);
                const qsizetype shown = start + qsizetype(kept.time - piece.first.time);
                if (shown >= gap.shownTo && position >= gap.nowTo) {
                    addHunk(hunks, now, {gap.shownTo, shown, gap.nowTo, position});
                    gap = {.shownTo = shown + length, .nowTo = position + length};
                }
                position += length;
            }
        }
        start += piece.length;
    }
    addHunk(hunks, now, {gap.shownTo, m_text.size(), gap.nowTo, now.length()});
    return hunks;
}

// Equal ends of removed and inserted text stay, so that a cursor in rewritten text does not move. The view of a half of a
// surrogate pair depends on the other half, so it is compared again.
void TextBinding::addHunk(std::vector<Hunk> &hunks, const crdt::TextReader &now, Gap gap) const
{
    if (gap.shownFrom == gap.shownTo && gap.nowFrom == gap.nowTo)
        return;
    auto isHalf = [this](qsizetype at) { return m_text[at].isSurrogate() || m_text[at] == QChar::ReplacementCharacter; };
    const qsizetype free = hunks.empty() ? 0 : hunks.back().position + hunks.back().removed;
    if (gap.shownFrom > free && gap.nowFrom > 0 && isHalf(gap.shownFrom - 1))
        --gap.shownFrom, --gap.nowFrom;
    if (gap.shownTo < m_text.size() && gap.nowTo < now.length() && isHalf(gap.shownTo))
        ++gap.shownTo, ++gap.nowTo;
    const QStringView gone = QStringView(m_text).mid(gap.shownFrom, gap.shownTo - gap.shownFrom);
    const qsizetype before = gap.nowFrom > 0; // read with its neighbours, which decide whether a half is single
    const QString come = toShown(now.text(gap.nowFrom - before, gap.nowTo - gap.nowFrom + before + 1)).mid(before, gap.nowTo - gap.nowFrom);
    const qsizetype most = std::min(gone.size(), come.size());
    qsizetype front = 0, back = 0;
    while (front < most && gone[front] == come[front])
        ++front;
    while (back < most - front && gone[gone.size() - 1 - back] == come[come.size() - 1 - back])
        ++back;
    Hunk hunk{gap.shownFrom + front, gone.size() - front - back, come.mid(front, come.size() - front - back)};
    if (hunk.removed > 0 || !hunk.text.isEmpty())
        hunks.push_back(std::move(hunk));
}

void TextBinding::show(const std::vector<Hunk> &hunks)
{
    Q_EMIT aboutToShow();
    std::vector<TextSplice> splices;
    for (const Hunk &hunk : hunks)
        splices.push_back({int(hunk.position), int(hunk.removed), int(hunk.text.size())});
    m_showing = true;
    QTextCursor cursor(m_shown);
    cursor.beginEditBlock();
    for (auto hunk = hunks.rbegin(); hunk != hunks.rend(); ++hunk) { // from the end, so that positions stay valid
        cursor.setPosition(int(hunk->position));
        cursor.setPosition(int(hunk->position + hunk->removed), QTextCursor::KeepAnchor);
        cursor.insertText(hunk->text);
        m_text.replace(hunk->position, hunk->removed, hunk->text);
    }
    cursor.endEditBlock();
    m_showing = false;
    Q_EMIT shown(splices);
}

// ---- places

crdt::Anchor TextBinding::anchor(int position) const
{
    return {m_pieces.writtenBefore(position)};
}

int TextBinding::position(const crdt::Anchor &anchor) const
{
    qsizetype start = 0;
    for (const TextPieces::Piece &piece : m_pieces.all()) {
        const crdt::Id after = anchor.after;
        if (piece.isWritten() && after.sid == piece.first.sid && after.time >= piece.first.time && after.time <= piece.last().time)
            return int(start + qsizetype(after.time - piece.first.time) + 1);
        start += piece.length;
    }
    // The character is deleted: the position that it would have.
    const crdt::Document *document = m_side.document();
    if (!document || anchor.after == crdt::kOrigin)
        return 0;
    return int(std::min<qsizetype>(crdt::TextReader(*document, m_node).position(anchor), m_text.size()));
}

} // namespace eventsync::desktop
