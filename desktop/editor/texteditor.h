// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/editor/people.h>
#include <desktop/editor/textbinding.h>

#include <QDeadlineTimer>
#include <QPlainTextEdit>
#include <QTextLayout>
#include <QTimer>

#include <chrono>

namespace eventsync::desktop {

// The editor of one text that others edit too. Others' edits move neither the own cursor nor the selection, the lines on the
// screen or an open composition of an input method. Others' cursors are shown with their names: where that covers text, only
// for a moment after they moved, and while the mouse is on them. The owner must carry out undo and redo (undoRequested). Owner
// only.
class TextEditor final : public QPlainTextEdit
{
    Q_OBJECT

public:
    explicit TextEditor(TextSide side, QWidget *parent = nullptr);
    ~TextEditor() override;

    TextBinding &binding() { return *m_binding; }
    void setPeople(const People &people, const std::function<QString(const Person &)> &nameOf);
    std::optional<TextSelection> selection() const; // the own one, for others; none: there is no text
    // Others' cursors as they are shown: "bob at 12".
    QStringList shownCursors() const;
    // Those of them whose names stand over the text now.
    QStringList shownFlags() const;
    void setFlagTime(std::chrono::milliseconds time) { m_flagTime = time; } // of later ones

Q_SIGNALS:
    void undoRequested();
    void redoRequested();
    void selectionMoved();
    void wentElsewhere(); // the user has moved the cursor

protected:
    bool event(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    struct ViewState // kept over a change of others
    {
        int anchor = 0, position = 0;
        QString preedit;
        QList<QTextLayout::FormatRange> formats;
        int preeditAt = 0; // in its block
        QTextCursor top;   // the first line on the screen
        int topLine = 0, left = 0;
    };
    struct Cursor // of another user
    {
        Person person;
        QString name;
        int anchor = 0, head = 0;
        QDeadlineTimer flag; // its name covers text until then
        bool hovered = false;
        bool hasFlag() const { return hovered || !flag.hasExpired(); }
    };
    void onAboutToShow();
    void onShown(const std::vector<TextSplice> &splices);
    void restorePreedit();
    void placeCursors();
    QTextCursor placeOf(const Cursor &cursor) const;
    void paintCursor(QPainter &painter, const Cursor &cursor);
    void paintFlag(QPainter &painter, const Cursor &cursor, const QRect &caret);
    void takeFlagsDown();

    TextBinding *m_binding;
    ViewState m_view;
    std::vector<Cursor> m_cursors;
    QTimer m_flags; // until the next one goes
    std::chrono::milliseconds m_flagTime{3'000};
    bool m_edited = false; // since the cursor moved last
};

} // namespace eventsync::desktop
