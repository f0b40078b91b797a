// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/textreader.h>

#include <desktop/editor/textpieces.h>

#include <QObject>
#include <QString>

#include <functional>
#include <optional>
#include <vector>

class QTextDocument;
class QTimer;

namespace eventsync::desktop {

// A change of a text: at `position`, `removed` units were removed and `inserted` inserted.
struct TextSplice
{
    int position = 0;
    int removed = 0;
    int inserted = 0;
    bool operator==(const TextSplice &) const = default;
};

// A position after the splices (whose positions are those before, in order). At the edge of an insertion it stays before it, or
// moves after it.
enum class Edge { Before, Behind };
int mapped(int position, const std::vector<TextSplice> &splices, Edge edge);

// The two texts that a binding keeps equal have two owners, so it works through these.
struct TextSide
{
    std::function<const crdt::Document *()> document; // the current document; null: there is none
    // Edits the document at once, and returns whether it succeeded. The function is called before it returns.
    std::function<Result<>(const std::function<Result<>(crdt::Api &)> &)> edit;
};

// Keeps a QTextDocument and a text (str) of a CRDT document equal, both ways: typed text is written into the document, edits of
// others are shown. textbinding.cpp explains the algorithm. Owner only (the GUI thread).
//
// Invariant between calls: the QTextDocument shows the units that m_pieces names: those of the CRDT at the last
// synchronisation, without text that was deleted since, and with typed text.
class TextBinding final : public QObject
{
    Q_OBJECT

public:
    // Disables the QTextDocument's own undo, which would revert edits of others.
    TextBinding(QTextDocument *shown, TextSide side, QObject *parent = nullptr);
    ~TextBinding() override;

    void setNode(crdt::Id str); // which text; kOrigin: none, and nothing is shown
    crdt::Id node() const { return m_node; }

    void synchronize();         // writes typed text, then shows the current document
    void write();               // writes typed text; called automatically after a short time
    bool hasUnsavedText() const { return !m_removed.empty() || m_pieces.hasTyped(); }
    QString unwritten() const;  // typed text that is not in the document yet, in the form of the document

    // Places by id, for cursors that are sent to others. Valid across edits of all users.
    crdt::Anchor anchor(int position) const;
    int position(const crdt::Anchor &anchor) const;

    static QString toShown(QString text);   // unit for unit, as a QTextDocument can hold it
    static QString fromShown(QString text);

Q_SIGNALS:
    void aboutToShow();                                            // before changes of others are shown
    void shown(const std::vector<eventsync::desktop::TextSplice> &splices); // after they are shown
    void written();                                                // all typed text was written
    void refused(const eventsync::Error &error);                   // typed text stays, is shown, and is tried again
    void lost(const QString &typed, const eventsync::Error &error); // the text that it was typed into was deleted

private:
    struct Hunk // a part of the shown text, and its replacement
    {
        qsizetype position = 0;
        qsizetype removed = 0;
        QString text;
    };
    struct Gap // between two characters that are in both texts: the shown text, and the current one
    {
        qsizetype shownFrom = 0, shownTo = 0, nowFrom = 0, nowTo = 0;
    };
    void onContentsChange(int position, int removed, int added);
    Result<TextPieces> writeInto(crdt::Api &api) const;
    bool isThere() const; // the text, in the document
    void giveUp(const Error &error);
    Result<> removeFrom(crdt::StrApi &text, const crdt::Document &document) const;
    enum class UnsavedText { Keep, Discard };
    void bringInStep(UnsavedText what = UnsavedText::Keep);
    std::vector<Hunk> hunks(const crdt::TextReader &now) const;
    void addHunk(std::vector<Hunk> &hunks, const crdt::TextReader &now, Gap gap) const;
    void show(const std::vector<Hunk> &hunks);

    QTextDocument *m_shown;
    TextSide m_side;
    crdt::Id m_node = crdt::kOrigin;
    TextPieces m_pieces;
    std::vector<crdt::IdSpan> m_removed; // deleted here, not written yet
    QString m_text;                      // what is shown, as the QTextDocument holds it
    QTimer *m_timer;
    std::optional<Error> m_refusal;      // of the unsaved text
    bool m_showing = false; // changes of the QTextDocument are made by this class
    bool m_writing = false;
};

} // namespace eventsync::desktop
