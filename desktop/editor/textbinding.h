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

// What became of a text: at `position`, `removed` units went and `inserted` came.
struct TextSplice
{
    int position = 0;
    int removed = 0;
    int inserted = 0;
    bool operator==(const TextSplice &) const = default;
};

// Where a place is after the splices (positions of before, in order). On the edge of an insertion it stays before it, or
// goes behind it.
enum class Edge { Before, Behind };
int mapped(int position, const std::vector<TextSplice> &splices, Edge edge);

// The two texts that a binding keeps equal have two owners, so it works through these.
struct TextSide
{
    std::function<const crdt::Document *()> document; // as it is now; nullptr: there is none
    // Edits the document, at once; what it returns is whether that was done. The function is called before it returns.
    std::function<Result<>(const std::function<Result<>(crdt::Api &)> &)> edit;
};

// Keeps a QTextDocument and a text (str) of a CRDT document equal, both ways: what a person types is written into the
// document, what others write is shown. The essay is in textbinding.cpp. Owner only (the GUI thread).
//
// Invariant between calls: the QTextDocument shows the units that m_pieces names: those of the CRDT as it was last
// seen, without what was deleted since, and with what was typed.
class TextBinding final : public QObject
{
    Q_OBJECT

public:
    // Switches the QTextDocument's own undo off: it would take back what others wrote.
    TextBinding(QTextDocument *shown, TextSide side, QObject *parent = nullptr);
    ~TextBinding() override;

    void setNode(crdt::Id str); // which text; kOrigin: none, and nothing is shown
    crdt::Id node() const { return m_node; }

    void synchronize();         // shows what the document says now; writes first what was typed
    void write();               // what was typed; by itself soon after it was typed
    bool hasUnsavedText() const { return !m_removed.empty() || m_pieces.hasTyped(); }
    QString unwritten() const;  // what was typed and is not in the document yet, as the document would hold it

    // Places by id, for cursors that are told to others. Good across edits of anybody.
    crdt::Anchor anchor(int position) const;
    int position(const crdt::Anchor &anchor) const;

    static QString toShown(QString text);   // unit for unit, as a QTextDocument can hold it
    static QString fromShown(QString text);

Q_SIGNALS:
    void aboutToShow();                                            // others' changes; the QTextDocument is still as it was
    void shown(const std::vector<eventsync::desktop::TextSplice> &splices); // it now has them
    void written();                                                // nothing is unwritten any more
    void refused(const eventsync::Error &error);                   // what was typed stays, is shown, and is tried again
    void lost(const QString &typed, const eventsync::Error &error); // the text it was typed into is gone, and it with it

private:
    struct Hunk // of the shown text, and what comes in its place
    {
        qsizetype position = 0;
        qsizetype removed = 0;
        QString text;
    };
    struct Gap // between two characters that both texts have: what is shown there, and what is there now
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
    std::optional<Error> m_refusal;      // of what is unwritten
    bool m_showing = false; // the QTextDocument's changes are our own
    bool m_writing = false;
};

} // namespace eventsync::desktop
