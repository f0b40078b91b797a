// SPDX-License-Identifier: Apache-2.0
#include <desktop/play/conditions.h>

#include <desktop/editor/texteditor.h>
#include <desktop/panels/mainwindow.h>

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QApplication>
#include <QComboBox>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QMetaEnum>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::SyncClient;

QWidget *findWidget(const QString &objectName)
{
    QWidgetList tops = QApplication::topLevelWidgets();
    if (QWidget *modal = QApplication::activeModalWidget())
        tops.prepend(modal);
    for (QWidget *top : tops) {
        if (!top->isVisible())
            continue;
        if (top->objectName() == objectName)
            return top;
        const auto found = top->findChildren<QWidget *>(objectName);
        for (QWidget *widget : found) {
            if (widget->isVisible())
                return widget;
        }
    }
    return nullptr;
}

QString textOf(QWidget *widget)
{
    if (const auto *edit = qobject_cast<QLineEdit *>(widget))
        return edit->text();
    if (const auto *label = qobject_cast<QLabel *>(widget))
        return label->text();
    if (const auto *button = qobject_cast<QAbstractButton *>(widget))
        return button->text().remove(u'&');
    if (const auto *box = qobject_cast<QComboBox *>(widget))
        return box->currentText();
    if (const auto *editor = qobject_cast<QPlainTextEdit *>(widget))
        return editor->toPlainText();
    return widget->windowTitle();
}

namespace {

// Visits every row, children after their parent, until `visit` returns false.
bool eachRow(const QAbstractItemModel &model, const QModelIndex &parent, const std::function<bool(const QModelIndex &)> &visit)
{
    for (int row = 0; row < model.rowCount(parent); ++row) {
        const QModelIndex index = model.index(row, 0, parent);
        if (visit(index) || eachRow(model, index, visit))
            return true;
    }
    return false;
}

QStringList cellsOf(const QModelIndex &row)
{
    QStringList cells;
    for (int column = 0; column < row.model()->columnCount(row.parent()); ++column)
        cells += row.siblingAtColumn(column).data().toString();
    return cells;
}

} // namespace

QModelIndex findRow(const QAbstractItemView &view, const QStringList &texts)
{
    QModelIndex found;
    eachRow(*view.model(), view.rootIndex(), [&](const QModelIndex &row) {
        const QStringList cells = cellsOf(row);
        const bool all = std::all_of(texts.begin(), texts.end(), [&](const QString &text) {
            return std::any_of(cells.begin(), cells.end(), [&](const QString &cell) { return cell.contains(text); });
        });
        if (all)
            found = row;
        return all;
    });
    return found;
}

QStringList rowsOf(const QAbstractItemView &view)
{
    QStringList lines;
    eachRow(*view.model(), view.rootIndex(), [&](const QModelIndex &row) {
        lines += cellsOf(row).join(" | "_L1);
        return false;
    });
    return lines;
}

namespace {

NotYet checkConnection(MainWindow &window, const QString &wanted)
{
    const auto state = QMetaEnum::fromType<SyncClient::State>();
    const QString now = QString::fromLatin1(state.valueToKey(int(window.session().client().state()))).toLower();
    return now == wanted ? NotYet() : u"the connection is %1"_s.arg(now);
}

NotYet checkQueue(MainWindow &window, const QStringList &counts)
{
    const client::QueueCounts now = window.session().core().queueCounts();
    const QHash<QString, std::size_t> values = {{u"waiting"_s, now.waiting}, {u"sent"_s, now.sent}, {u"conflicts"_s, now.conflicts},
                                                {u"dead"_s, now.deadLetters}, {u"all"_s, now.all()}};
    for (const QString &count : counts) {
        const QString name = count.section(u'=', 0, 0);
        if (values.value(name) != count.section(u'=', 1).toULongLong())
            return u"the queue has waiting=%1 sent=%2 conflicts=%3 dead=%4"_s.arg(now.waiting).arg(now.sent).arg(now.conflicts)
                .arg(now.deadLetters);
    }
    return {};
}

NotYet checkState(MainWindow &window, const QString &pointer, const json::State &wanted, bool confirmed)
{
    if (!window.document())
        return u"no game is selected"_s;
    client::StateManager &states = window.session().states();
    const json::State state = confirmed ? states.confirmed(*window.document()) : states.optimistic(*window.document());
    const auto path = json::Pointer::parse(pointer.toStdString());
    const json::Value *now = state ? json::find(*state, *path) : nullptr;
    if (!now)
        return wanted ? NotYet(u"there is nothing at %1"_s.arg(pointer)) : NotYet();
    if (wanted && json::equal(*now, *wanted))
        return {};
    return u"%1 is %2"_s.arg(pointer, QString::fromStdString(json::canonical(*now)));
}

NotYet checkRows(const QAbstractItemView &view, const QString &name, const QStringList &words)
{
    if (name == "rows"_L1) {
        const int rows = view.model()->rowCount(view.rootIndex());
        return rows == words.constFirst().toInt() ? NotYet() : u"%1 has %2 rows"_s.arg(view.objectName()).arg(rows);
    }
    const bool found = findRow(view, words).isValid();
    if (found == (name == "row"_L1))
        return {};
    return (found ? u"%1 has that row: %2"_s : u"%1 has no such row, but: %2"_s)
        .arg(view.objectName(), rowsOf(view).join("; "_L1));
}

NotYet checkWidget(const QString &name, const QStringList &words)
{
    QWidget *widget = findWidget(words.constFirst());
    if (name == "hidden"_L1)
        return widget ? NotYet(u"%1 is visible"_s.arg(words.constFirst())) : NotYet();
    if (!widget)
        return u"there is no visible widget \"%1\""_s.arg(words.constFirst());
    if (name == "row"_L1 || name == "no-row"_L1 || name == "rows"_L1) {
        const auto *view = qobject_cast<QAbstractItemView *>(widget);
        return view ? checkRows(*view, name, words.mid(1)) : u"%1 has no rows"_s.arg(words.constFirst());
    }
    if (name == "text"_L1 || name == "contains"_L1) {
        const QString now = textOf(widget);
        const bool good = name == "text"_L1 ? now == words[1] : now.contains(words[1]);
        return good ? NotYet() : u"%1 says \"%2\""_s.arg(words.constFirst(), now);
    }
    if (name == "enabled"_L1 || name == "disabled"_L1)
        return widget->isEnabled() == (name == "enabled"_L1)
                   ? NotYet()
                   : u"%1 is %2"_s.arg(words.constFirst(), widget->isEnabled() ? u"enabled"_s : u"disabled"_s);
    if (name == "checked"_L1 || name == "unchecked"_L1) {
        const auto *button = qobject_cast<QAbstractButton *>(widget);
        const bool checked = button && button->isChecked();
        return checked == (name == "checked"_L1) ? NotYet() : u"%1 is not %2"_s.arg(words.constFirst(), name);
    }
    if (name == "cursor"_L1) {
        const auto *editor = qobject_cast<TextEditor *>(widget);
        const QStringList now = editor ? editor->shownCursors() : QStringList();
        return now.contains(words[1]) ? NotYet() : u"%1 shows the cursors: %2"_s.arg(words.constFirst(), now.join(", "_L1));
    }
    return {}; // visible
}

} // namespace

NotYet checkCondition(MainWindow &window, const QStringList &words)
{
    const QString &name = words.constFirst();
    const QStringList rest = words.mid(1);
    if (name == "connection"_L1)
        return checkConnection(window, rest.constFirst());
    if (name == "synced"_L1) {
        const bool synced = window.document() && window.session().core().isSynced(*window.document());
        return synced ? NotYet() : u"the game is not in step with the server"_s;
    }
    if (name == "queue"_L1)
        return checkQueue(window, rest);
    if (name == "state"_L1 || name == "confirmed"_L1) {
        auto wanted = json::parse(rest[1].toStdString());
        return checkState(window, rest[0], json::State(std::move(*wanted)), name == "confirmed"_L1);
    }
    if (name == "no-state"_L1)
        return checkState(window, rest[0], {}, false);
    if (name == "file"_L1)
        return QFileInfo::exists(rest[0]) ? NotYet() : u"there is no file %1"_s.arg(rest[0]);
    return checkWidget(name, rest);
}

} // namespace eventsync::desktop
