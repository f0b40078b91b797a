// SPDX-License-Identifier: Apache-2.0
#include <desktop/dialogs/conflictdialog.h>

#include <desktop/texts.h>

#include <QComboBox>
#include <QDialogButtonBox>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::Decision;
using Side = ConflictChoice::Side;

namespace {

enum Column { FieldName, Before, Mine, Theirs, Choice, Result, ColumnCount };

QTableWidgetItem *cell(const QString &text, bool bold = false)
{
    auto *item = new QTableWidgetItem(text);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    item->setToolTip(text);
    QFont font = item->font();
    font.setBold(bold);
    item->setFont(font);
    return item;
}

QString names(const Session &session, const std::vector<EventPtr> &unseen)
{
    QStringList names;
    for (const EventPtr &event : unseen) {
        if (event->clientId == session.core().clientId())
            continue; // another own edit that is in the log meanwhile
        const QString name = session.replicaName(event->clientId);
        if (!names.contains(name))
            names += name;
    }
    return names.join(", "_L1);
}

} // namespace

ConflictDialog::ConflictDialog(Session &session, const EventId &entry, const QString &person, QWidget *parent)
    : QDialog(parent), m_session(session), m_entry(entry), m_person(person.toStdString()), m_text(new QLabel),
      m_waits(new QLabel), m_table(new QTableWidget)
{
    setObjectName("conflictDialog"_L1);
    setWindowTitle(tr("Two changes of the same thing"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setObjectName("conflictText"_L1);
    m_waits->setText(tr("This can be decided once the server has sent what others did."));
    m_waits->setWordWrap(true);
    m_table->setObjectName("conflictTable"_L1);
    m_table->setAccessibleName(tr("Fields in conflict"));
    m_table->setColumnCount(ColumnCount);
    m_table->setHorizontalHeaderLabels({tr("Field"), tr("Before"), tr("Mine"), tr("Theirs"), tr("Take"), tr("Becomes")});
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->setShowGrid(false);
    m_table->setTabKeyNavigation(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setAlternatingRowColors(true);
    auto *buttons = new QDialogButtonBox;
    auto button = [&](const QString &text, const char *name, const QString &tip) {
        QPushButton *made = buttons->addButton(text, QDialogButtonBox::ActionRole);
        made->setObjectName(QLatin1StringView(name));
        made->setToolTip(tip);
        made->setAutoDefault(false);
        return made;
    };
    m_mine = button(tr("Keep &mine"), "keepMineButton", tr("My values stand where I wrote; the rest stays as others left it"));
    m_theirs = button(tr("Take &theirs"), "takeTheirsButton", tr("My edit is given up; the log records that"));
    m_merge = button(tr("Apply the &choice"), "mergeButton", tr("Each field as chosen in the table"));
    m_merge->setDefault(true);
    QPushButton *later = buttons->addButton(tr("Decide &later"), QDialogButtonBox::RejectRole);
    later->setObjectName("decideLaterButton"_L1);
    later->setAutoDefault(false);
    connect(m_mine, &QPushButton::clicked, this, [this] { decide(Decision::Ours); });
    connect(m_theirs, &QPushButton::clicked, this, [this] { decide(Decision::Theirs); });
    connect(m_merge, &QPushButton::clicked, this, [this] { decide(Decision::Merged); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(m_text);
    layout->addWidget(m_table, 1);
    layout->addWidget(m_waits);
    layout->addWidget(buttons);
    resize(760, 320);
    connect(&m_session, &Session::documentChanged, this, &ConflictDialog::refresh);
    refresh();
}

// Others may edit while the dialog is open: it is updated, and the user's choices are reset only if the conflict has changed.
void ConflictDialog::refresh()
{
    const auto view = m_session.core().conflict(m_entry);
    if (!view) {
        QMetaObject::invokeMethod(this, &QDialog::reject, Qt::QueuedConnection); // decided elsewhere
        setEnabled(false);
        return;
    }
    const bool ready = view->entry.ready;
    m_waits->setVisible(!ready);
    for (QPushButton *button : {m_mine, m_theirs, m_merge})
        button->setEnabled(ready);
    if (m_choice && m_shownTo == view->unseenTo)
        return;
    m_shownTo = view->unseenTo;
    m_choice.emplace(*view);
    const QString title = m_session.title(view->entry.documentId);
    m_session.learnNames(view->unseen); // after a restart the names are not known yet
    const QString others = names(m_session, view->unseen);
    m_text->setText(others.isEmpty() ? tr("While you changed \"%1\", somebody else changed the same thing.").arg(title)
                                     : tr("While you changed \"%1\", %2 changed the same thing.").arg(title, others));
    fill();
}

void ConflictDialog::fill()
{
    const auto &fields = m_choice->fields();
    m_table->setRowCount(int(fields.size()));
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto &field = fields[i];
        const int row = int(i);
        const QString name = field.path.isRoot() ? tr("the whole document") : QString::fromStdString(field.path.toText()).mid(1);
        m_table->setItem(row, FieldName, cell(name, field.contested));
        m_table->setItem(row, Before, cell(Texts::state(field.base)));
        m_table->setItem(row, Mine, cell(Texts::state(field.mine)));
        m_table->setItem(row, Theirs, cell(Texts::state(field.theirs)));
        if (field.contested)
            m_table->setCellWidget(row, Choice, makeChoice(i, name));
        else // no other question is open
            m_table->setItem(row, Choice, cell(field.side == Side::Mine ? tr("Mine") : tr("Theirs")));
        m_table->setItem(row, Result, cell({}, true));
    }
    showResult();
    m_table->resizeColumnsToContents();
    for (int column = 0; column < ColumnCount; ++column)
        m_table->setColumnWidth(column, std::clamp(m_table->columnWidth(column), 70, 220));
    m_table->horizontalHeader()->setStretchLastSection(true);
}

QWidget *ConflictDialog::makeChoice(std::size_t place, const QString &name)
{
    const auto &field = m_choice->fields()[place];
    auto *choice = new QComboBox;
    choice->setObjectName("choice-"_L1 + name);
    choice->setAccessibleName(tr("Whose value of %1").arg(name));
    choice->addItem(tr("Mine"), int(Side::Mine));
    choice->addItem(tr("Theirs"), int(Side::Theirs));
    if (field.canBoth)
        choice->addItem(tr("Both added up"), int(Side::Both));
    choice->setCurrentIndex(choice->findData(int(field.side)));
    connect(choice, &QComboBox::currentIndexChanged, this, [this, place, choice] {
        m_choice->choose(place, Side(choice->currentData().toInt()));
        showResult();
    });
    return choice;
}

void ConflictDialog::showResult()
{
    const json::State merged = m_choice->merged();
    for (std::size_t i = 0; i < m_choice->fields().size(); ++i) {
        const json::Value *value = merged ? json::find(*merged, m_choice->fields()[i].path) : nullptr;
        const QString text = Texts::state(value ? json::State(*value) : std::nullopt);
        QTableWidgetItem *item = m_table->item(int(i), Result);
        item->setText(text);
        item->setToolTip(text);
    }
}

void ConflictDialog::decide(Decision decision)
{
    const client::Resolution resolution = m_choice->resolution(decision, m_person);
    accept();
    m_session.resolve(m_entry, resolution);
}

} // namespace eventsync::desktop
