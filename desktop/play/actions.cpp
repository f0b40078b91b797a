// SPDX-License-Identifier: Apache-2.0
#include <desktop/play/actions.h>

#include <desktop/models/nodemodel.h>
#include <desktop/models/statemodel.h>
#include <desktop/panels/mainwindow.h>

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QFile>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPainter>
#include <QPlainTextEdit>
#include <QTabWidget>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

// A widget that a user could use now.
struct Usable
{
    QWidget *widget = nullptr;
    QString reason = {};
};

Usable usable(const QString &name)
{
    QWidget *widget = findWidget(name);
    if (!widget)
        return {.reason = u"there is no visible widget \"%1\""_s.arg(name)};
    if (!widget->isEnabled())
        return {.reason = u"%1 is disabled"_s.arg(name)};
    const QWidget *modal = QApplication::activeModalWidget();
    if (modal && modal != widget && !modal->isAncestorOf(widget))
        return {.reason = u"the dialog \"%1\" is in front of %2"_s.arg(modal->objectName(), name)};
    return {.widget = widget};
}

void press(QWidget *widget, int key, Qt::KeyboardModifiers modifiers, const QString &text)
{
    for (const QEvent::Type type : {QEvent::KeyPress, QEvent::KeyRelease}) {
        QKeyEvent event(type, key, modifiers, text);
        QApplication::sendEvent(widget, &event);
    }
}

NotYet click(QWidget *widget)
{
    if (auto *button = qobject_cast<QAbstractButton *>(widget)) {
        button->click();
        return {};
    }
    const QPointF middle = QRectF(widget->rect()).center();
    for (const QEvent::Type type : {QEvent::MouseButtonPress, QEvent::MouseButtonRelease}) {
        QMouseEvent event(type, middle, widget->mapToGlobal(middle), Qt::LeftButton,
                          type == QEvent::MouseButtonPress ? Qt::LeftButton : Qt::NoButton, Qt::NoModifier);
        QApplication::sendEvent(widget, &event);
    }
    return {};
}

// Like a keyboard or an input method: text by text, and the Return key between two lines.
NotYet type(QWidget *widget, const QString &text)
{
    widget->setFocus();
    const QStringList lines = text.split(u'\n');
    for (qsizetype i = 0; i < lines.size(); ++i) {
        if (i > 0)
            press(widget, Qt::Key_Return, Qt::NoModifier, u"\r"_s);
        if (!lines[i].isEmpty())
            press(widget, 0, Qt::NoModifier, lines[i]);
    }
    return {};
}

NotYet setCursor(QWidget *widget, const QString &place)
{
    auto *editor = qobject_cast<QPlainTextEdit *>(widget);
    if (!editor)
        return u"%1 is no editor"_s.arg(widget->objectName());
    const int end = editor->document()->characterCount() - 1;
    const int position = place == "end"_L1 ? end : place.toInt();
    if (position > end)
        return u"the text ends at %1"_s.arg(end);
    QTextCursor cursor = editor->textCursor();
    cursor.setPosition(position);
    editor->setFocus();
    editor->setTextCursor(cursor);
    return {};
}

NotYet setText(QWidget *widget, const QString &text)
{
    if (auto *editor = qobject_cast<QPlainTextEdit *>(widget)) {
        editor->selectAll();
        if (text.isEmpty())
            press(editor, Qt::Key_Delete, Qt::NoModifier, {});
        return type(editor, text);
    }
    auto *edit = qobject_cast<QLineEdit *>(widget);
    if (!edit)
        edit = widget->findChild<QLineEdit *>(); // of a spin box or an editable combo box
    if (!edit)
        return u"%1 takes no text"_s.arg(widget->objectName());
    edit->setFocus();
    edit->selectAll();
    if (text.isEmpty())
        press(edit, Qt::Key_Delete, Qt::NoModifier, {});
    else
        press(edit, 0, Qt::NoModifier, text); // as an input method gives a whole word at once
    return {};
}

NotYet setChecked(QWidget *widget, bool checked)
{
    auto *button = qobject_cast<QAbstractButton *>(widget);
    if (!button || !button->isCheckable())
        return u"%1 cannot be checked"_s.arg(widget->objectName());
    if (button->isChecked() != checked)
        button->click();
    return {};
}

NotYet select(QWidget *widget, const QString &text)
{
    if (auto *view = qobject_cast<QAbstractItemView *>(widget)) {
        const QModelIndex row = findRow(*view, {text});
        if (!row.isValid())
            return u"%1 has no row with \"%2\", but: %3"_s.arg(view->objectName(), text, rowsOf(*view).join("; "_L1));
        view->scrollTo(row);
        view->setCurrentIndex(row);
        return {};
    }
    if (auto *box = qobject_cast<QComboBox *>(widget)) {
        const int index = text.startsWith(u'#') ? text.mid(1).toInt() - 1 : box->findText(text);
        if (index < 0 || index >= box->count())
            return u"%1 has no \"%2\""_s.arg(box->objectName(), text);
        box->setCurrentIndex(index);
        return {};
    }
    if (auto *tabs = qobject_cast<QTabWidget *>(widget)) {
        for (int i = 0; i < tabs->count(); ++i) {
            if (tabs->widget(i)->objectName() == text || tabs->tabText(i) == text) {
                tabs->setCurrentIndex(i);
                return {};
            }
        }
        return u"%1 has no page \"%2\""_s.arg(tabs->objectName(), text);
    }
    return u"nothing can be selected in %1"_s.arg(widget->objectName());
}

NotYet trigger(MainWindow &window, const QString &name)
{
    auto *action = window.findChild<QAction *>(name);
    if (!action)
        return u"there is no action \"%1\""_s.arg(name);
    if (!action->isEnabled())
        return u"the action %1 is disabled"_s.arg(name);
    if (const QWidget *modal = QApplication::activeModalWidget())
        return u"the dialog \"%1\" is in front"_s.arg(modal->objectName());
    action->trigger();
    return {};
}

// The row of a tree of contents, by keys and numbers from 0.
QModelIndex contentsRow(const NodeModel &model, const json::Pointer &pointer)
{
    QModelIndex at;
    for (const std::string &token : pointer.tokens()) {
        const bool inObject = model.kindOf(at) == crdt::NodeKind::Obj;
        QModelIndex found;
        for (int row = 0; row < model.rowCount(at) && !found.isValid(); ++row) {
            const QModelIndex child = model.index(row, NodeModel::Key, at);
            if (inObject ? model.placeOf(child).key == token : std::to_string(row) == token)
                found = child;
        }
        if (!found.isValid())
            return {};
        at = found;
    }
    return at.siblingAtColumn(NodeModel::Value);
}

// As if typed into the tree's cell.
NotYet edit(const QString &pointer, const QString &text)
{
    const bool isGame = findWidget(u"stateView"_s) != nullptr;
    const Usable tree = usable(isGame ? u"stateView"_s : u"contentsView"_s);
    if (!tree.widget)
        return tree.reason;
    QAbstractItemModel *model = qobject_cast<QAbstractItemView *>(tree.widget)->model();
    const json::Pointer path = *json::Pointer::parse(pointer.toStdString());
    const QModelIndex index = isGame ? qobject_cast<StateModel *>(model)->indexOf(path)
                                     : contentsRow(*qobject_cast<NodeModel *>(model), path);
    if (!index.isValid())
        return u"the tree has no %1"_s.arg(pointer);
    const json::Value value = *json::parse(text.toStdString());
    const QString typed = value.is_string() ? QString::fromUtf8(value.get_string().data(), qsizetype(value.get_string().size()))
                                            : QString::fromStdString(json::canonical(value));
    if (!(model->flags(index) & Qt::ItemIsEditable))
        return u"%1 cannot be edited"_s.arg(pointer);
    model->setData(index, typed, Qt::EditRole);
    return {};
}

NotYet writeFile(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
        return u"%1: %2"_s.arg(path, file.errorString());
    return {};
}

// The data by which two windows are compared, as one line of JSON.
QString report(MainWindow &window)
{
    const client::ClientCore &core = window.session().core();
    const client::QueueCounts counts = core.queueCounts();
    json::Object report;
    report["clientId"] = json::String(core.clientId().text());
    report["queue"] = json::Object{{"waiting", counts.waiting}, {"sent", counts.sent}, {"conflicts", counts.conflicts}, {"dead", counts.deadLetters}};
    json::Object documents;
    for (const DocumentId &id : core.documents()) {
        const DocumentState *state = core.optimistic(id);
        const auto position = core.position(id);
        json::Object document;
        document["state"] = state && state->exists() ? state->view() : json::Value();
        document["serverSeq"] = position ? position->serverSeq.value() : 0;
        document["vectorClock"] = core.vectorClock(id).toJson();
        documents[id.text()] = std::move(document);
    }
    report["documents"] = std::move(documents);
    json::Value value(std::move(report));
    if (!json::normalize(value))
        return {};
    return QString::fromStdString(json::canonical(value));
}

NotYet useWidget(const PlayStep &step, const std::function<void(const QString &)> &print)
{
    const Usable found = usable(step.words.constFirst());
    if (!found.widget)
        return found.reason;
    if (step.command == "click"_L1)
        return click(found.widget);
    if (step.command == "set-text"_L1)
        return setText(found.widget, step.words[1]);
    if (step.command == "type"_L1)
        return type(found.widget, step.words[1]);
    if (step.command == "cursor"_L1)
        return setCursor(found.widget, step.words[1]);
    if (step.command == "select"_L1)
        return select(found.widget, step.words[1]);
    if (step.command == "check"_L1 || step.command == "uncheck"_L1)
        return setChecked(found.widget, step.command == "check"_L1);
    if (step.command == "key"_L1) {
        const QKeyCombination keys = QKeySequence(step.words[1], QKeySequence::PortableText)[0];
        found.widget->setFocus();
        press(found.widget, keys.key(), keys.keyboardModifiers(), {});
    } else if (step.command == "print-text"_L1) {
        print(textOf(found.widget));
    } else if (const auto *view = qobject_cast<QAbstractItemView *>(found.widget)) { // print-rows
        for (const QString &row : rowsOf(*view))
            print(row);
    } else {
        return u"%1 has no rows"_s.arg(step.words.constFirst());
    }
    return {};
}

} // namespace

QPixmap screenshotOf(MainWindow &window)
{
    QPixmap screenshot = window.grab();
    QPainter painter(&screenshot);
    for (QWidget *top : QApplication::topLevelWidgets()) {
        if (top == &window || !top->isVisible() || top->parentWidget() == nullptr)
            continue;
        const QPixmap dialog = top->grab();
        const QRect place((window.rect().center() - top->rect().center()), top->size());
        painter.fillRect(place.adjusted(-1, -1, 1, 1), window.palette().color(QPalette::Shadow));
        painter.drawPixmap(place.topLeft(), dialog);
    }
    return screenshot;
}

NotYet performAction(MainWindow &window, const PlayStep &step, const std::function<void(const QString &)> &print)
{
    if (step.command == "trigger"_L1)
        return trigger(window, step.words.constFirst());
    if (step.command == "edit"_L1)
        return edit(step.words[0], step.words[1]);
    if (step.command == "offline"_L1) {
        const Usable offline = usable(u"offlineSwitch"_s);
        return offline.widget ? setChecked(offline.widget, step.words.constFirst() == "on"_L1) : NotYet(offline.reason);
    }
    if (step.command == "screenshot"_L1)
        return screenshotOf(window).save(step.words.constFirst(), "PNG") ? NotYet() : u"%1 cannot be written"_s.arg(step.words.constFirst());
    if (step.command == "write-file"_L1)
        return writeFile(step.words[0], step.words[1].toUtf8());
    if (step.command == "print"_L1)
        print(step.words.join(u' '));
    else if (step.command == "report"_L1)
        print(report(window));
    else
        return useWidget(step, print);
    return {};
}

} // namespace eventsync::desktop
