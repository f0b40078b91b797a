// SPDX-License-Identifier: Apache-2.0
#include <desktop/editor/texteditor.h>

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>

#include <algorithm>
#include <utility>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

constexpr int kFlagWidth = 160; // of a name at a cursor; longer ones end in "…"
constexpr int kHoverPixels = 5; // the mouse is on a cursor up to here

} // namespace

TextEditor::TextEditor(TextSide side, QWidget *parent)
    : QPlainTextEdit(parent), m_binding(new TextBinding(document(), std::move(side), this))
{
    setLineWrapMode(QPlainTextEdit::WidgetWidth);
    setTabChangesFocus(false);
    document()->setDocumentMargin(16); // a flag has room above the first line
    setCursorWidth(2);
    connect(m_binding, &TextBinding::aboutToShow, this, &TextEditor::onAboutToShow);
    connect(m_binding, &TextBinding::shown, this, &TextEditor::onShown);
    connect(m_binding, &TextBinding::written, this, &TextEditor::selectionMoved);
    connect(this, &QPlainTextEdit::cursorPositionChanged, this, &TextEditor::selectionMoved);
    connect(document(), &QTextDocument::contentsChange, this, [this] { m_edited = true; });
    connect(this, &QPlainTextEdit::cursorPositionChanged, this, [this] {
        if (!std::exchange(m_edited, false))
            Q_EMIT wentElsewhere();
    });
    connect(this, &QPlainTextEdit::selectionChanged, this, &TextEditor::selectionMoved);
    connect(document(), &QTextDocument::contentsChanged, this, [this] {
        if (!m_cursors.empty())
            placeCursors();
    });
    m_flags.setSingleShot(true);
    connect(&m_flags, &QTimer::timeout, this, &TextEditor::takeFlagsDown);
    viewport()->setMouseTracking(true);
    // A flag covers other lines: if they move, they are painted completely.
    connect(this, &QPlainTextEdit::updateRequest, this, [this] {
        if (!m_cursors.empty())
            viewport()->update();
    });
}

TextEditor::~TextEditor() = default;

// ---- others' edits

void TextEditor::onAboutToShow()
{
    const QTextCursor cursor = textCursor();
    QTextLayout *layout = cursor.block().layout();
    m_view = {.anchor = cursor.anchor(), .position = cursor.position(), .preedit = layout->preeditAreaText(),
              .formats = layout->formats(), .preeditAt = layout->preeditAreaPosition(), .top = QTextCursor(firstVisibleBlock()),
              .topLine = 0, .left = horizontalScrollBar()->value()};
    m_view.topLine = verticalScrollBar()->value() - firstVisibleBlock().firstLineNumber();
    if (!m_view.preedit.isEmpty()) {
        layout->setPreeditArea(-1, {});
        layout->clearFormats();
    }
}

// A cursor stays after its left neighbour, a selection around its text.
void TextEditor::onShown(const std::vector<TextSplice> &splices)
{
    const int left = std::min(m_view.anchor, m_view.position), right = std::max(m_view.anchor, m_view.position);
    const int newLeft = mapped(left, splices, left == right ? Edge::Before : Edge::Behind);
    const int newRight = std::max(newLeft, mapped(right, splices, Edge::Before));
    const int anchor = m_view.anchor <= m_view.position ? newLeft : newRight;
    const int position = m_view.anchor <= m_view.position ? newRight : newLeft;
    QTextCursor cursor = textCursor();
    if (cursor.anchor() != anchor || cursor.position() != position) {
        cursor.setPosition(anchor);
        cursor.setPosition(position, QTextCursor::KeepAnchor);
        setTextCursor(cursor);
    }
    restorePreedit();
    verticalScrollBar()->setValue(m_view.top.block().firstLineNumber() + m_view.topLine);
    horizontalScrollBar()->setValue(m_view.left);
    m_view.top = QTextCursor();
    placeCursors();
}

// The composition of an input method is in the layout of the cursor's block, which may be another one now.
void TextEditor::restorePreedit()
{
    if (m_view.preedit.isEmpty())
        return;
    const QTextBlock block = textCursor().block();
    const int at = textCursor().position() - block.position();
    for (QTextLayout::FormatRange &range : m_view.formats)
        range.start += at - m_view.preeditAt;
    block.layout()->setPreeditArea(at, m_view.preedit);
    block.layout()->setFormats(m_view.formats);
    document()->markContentsDirty(block.position(), block.length());
}

// ---- others' cursors

void TextEditor::setPeople(const People &people, const std::function<QString(const Person &)> &nameOf)
{
    const std::vector<Cursor> before = std::exchange(m_cursors, {});
    for (const Person &person : people) {
        if (!person.selection || person.selection->text != m_binding->node())
            continue;
        Cursor cursor{.person = person, .name = nameOf(person), .flag = QDeadlineTimer(m_flagTime)};
        const auto known = std::find_if(before.begin(), before.end(), [&](const Cursor &c) { return c.person.id == person.id; });
        if (known != before.end() && known->person.selection == person.selection) {
            cursor.flag = known->flag; // repeated, not moved
            cursor.hovered = known->hovered;
        }
        m_cursors.push_back(std::move(cursor));
    }
    placeCursors();
    takeFlagsDown();
}

// Repaints without the names whose time is over, and waits for the next one.
void TextEditor::takeFlagsDown()
{
    qint64 next = -1;
    for (const Cursor &cursor : m_cursors) {
        const qint64 left = cursor.flag.remainingTime();
        if (left > 0)
            next = next < 0 ? left : std::min(next, left);
    }
    if (next >= 0)
        m_flags.start(int(next) + 1);
    viewport()->update();
}

void TextEditor::placeCursors()
{
    QList<QTextEdit::ExtraSelection> selections;
    for (Cursor &cursor : m_cursors) {
        cursor.anchor = m_binding->position(cursor.person.selection->anchor);
        cursor.head = m_binding->position(cursor.person.selection->head);
        if (cursor.anchor == cursor.head)
            continue;
        QTextEdit::ExtraSelection selection;
        selection.cursor = QTextCursor(document());
        selection.cursor.setPosition(cursor.anchor);
        selection.cursor.setPosition(cursor.head, QTextCursor::KeepAnchor);
        QColor colour = colourOf(cursor.person.id, palette());
        colour.setAlpha(70);
        selection.format.setBackground(colour);
        selections.append(selection);
    }
    setExtraSelections(selections);
    viewport()->update();
}

std::optional<TextSelection> TextEditor::selection() const
{
    if (m_binding->node().isOrigin())
        return std::nullopt;
    const QTextCursor cursor = textCursor();
    return TextSelection{m_binding->node(), m_binding->anchor(cursor.anchor()), m_binding->anchor(cursor.position())};
}

QStringList TextEditor::shownCursors() const
{
    QStringList shown;
    for (const Cursor &cursor : m_cursors)
        shown += u"%1 at %2"_s.arg(cursor.name).arg(cursor.head);
    return shown;
}

QStringList TextEditor::shownFlags() const
{
    QStringList shown;
    for (const Cursor &cursor : m_cursors) {
        if (cursor.hasFlag() && !placeOf(cursor).atBlockEnd())
            shown += cursor.name;
    }
    return shown;
}

void TextEditor::paintEvent(QPaintEvent *event)
{
    QPlainTextEdit::paintEvent(event);
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    for (const Cursor &cursor : m_cursors)
        paintCursor(painter, cursor);
}

QTextCursor TextEditor::placeOf(const Cursor &cursor) const
{
    QTextCursor place(document());
    place.setPosition(std::min(cursor.head, document()->characterCount() - 1));
    return place;
}

void TextEditor::paintCursor(QPainter &painter, const Cursor &cursor)
{
    const QRect caret = cursorRect(placeOf(cursor));
    if (!caret.intersects(viewport()->rect()))
        return;
    const QColor colour = colourOf(cursor.person.id, palette());
    painter.fillRect(QRect(caret.left(), caret.top(), 2, caret.height()), colour);
    if (cursor.hasFlag() || placeOf(cursor).atBlockEnd())
        paintFlag(painter, cursor, caret);
    else
        painter.fillRect(QRect(caret.left() - 2, caret.top() - 1, 6, 4), colour); // the cursor of another user
}

void TextEditor::paintFlag(QPainter &painter, const Cursor &cursor, const QRect &caret)
{
    const QColor colour = colourOf(cursor.person.id, palette());
    painter.save();
    QFont font = painter.font();
    font.setPointSizeF(font.pointSizeF() * 0.75);
    painter.setFont(font);
    const QFontMetrics metrics(font);
    const QString name = metrics.elidedText(cursor.name, Qt::ElideRight, kFlagWidth);
    const QSize size(metrics.horizontalAdvance(name) + 8, metrics.height() + 1);
    const int room = viewport()->width() - size.width();
    QPoint corner(std::max(0, std::min(caret.left(), room)), caret.top() - size.height());
    if (placeOf(cursor).atBlockEnd() && caret.right() + 4 < room)
        corner = {caret.right() + 4, caret.center().y() - size.height() / 2}; // beside it: nothing is covered there
    else if (corner.y() < 0)
        corner.setY(caret.bottom() + 1); // below the first line
    const QRect flag(corner, size);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawRoundedRect(flag, 3, 3);
    painter.setPen(colour.lightness() < 150 ? Qt::white : Qt::black);
    painter.drawText(flag, Qt::AlignCenter, name);
    painter.restore();
}

void TextEditor::mouseMoveEvent(QMouseEvent *event)
{
    bool changed = false;
    for (Cursor &cursor : m_cursors) {
        const QRect caret = cursorRect(placeOf(cursor)).adjusted(-kHoverPixels, -kHoverPixels, kHoverPixels, kHoverPixels);
        const bool hovered = caret.contains(event->position().toPoint());
        changed = std::exchange(cursor.hovered, hovered) != hovered || changed;
    }
    if (changed)
        viewport()->update();
    QPlainTextEdit::mouseMoveEvent(event);
}

// ---- keys

bool TextEditor::event(QEvent *event)
{
    if (event->type() == QEvent::ShortcutOverride) { // the window's own undo and redo are meant
        auto *key = static_cast<QKeyEvent *>(event);
        if (key->matches(QKeySequence::Undo) || key->matches(QKeySequence::Redo)) {
            event->ignore();
            return false;
        }
    }
    return QPlainTextEdit::event(event);
}

void TextEditor::keyPressEvent(QKeyEvent *event)
{
    if (event->matches(QKeySequence::Undo)) {
        Q_EMIT undoRequested();
    } else if (event->matches(QKeySequence::Redo)) {
        Q_EMIT redoRequested();
    } else if (event->matches(QKeySequence::InsertLineSeparator) && !isReadOnly()) {
        textCursor().insertBlock(); // one kind of line end
        ensureCursorVisible();
    } else {
        QPlainTextEdit::keyPressEvent(event);
    }
}

void TextEditor::contextMenuEvent(QContextMenuEvent *event)
{
    QMenu *menu = createStandardContextMenu(event->pos());
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QList<QAction *> actions = menu->actions();
    for (QAction *action : actions) { // those of the QTextDocument, which has none of its own
        if (action->objectName() == "edit-undo"_L1) {
            connect(action, &QAction::triggered, this, &TextEditor::undoRequested);
            action->setEnabled(!isReadOnly());
        } else if (action->objectName() == "edit-redo"_L1) {
            connect(action, &QAction::triggered, this, &TextEditor::redoRequested);
            action->setEnabled(!isReadOnly());
        }
    }
    menu->popup(event->globalPos());
}

void TextEditor::focusOutEvent(QFocusEvent *event)
{
    QPlainTextEdit::focusOutEvent(event);
    m_binding->write();
}

} // namespace eventsync::desktop
