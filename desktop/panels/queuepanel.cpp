// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/queuepanel.h>

#include <desktop/icons.h>
#include <desktop/panels/parts.h>
#include <desktop/texts.h>

#include <QHBoxLayout>
#include <QHeaderView>
#include <QMessageBox>
#include <QPushButton>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::EntryState;

QueuePanel::QueuePanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session),
      m_model(new QueueModel([&session](const DocumentId &id) { return session.title(id); }, this)),
      m_decide(new QPushButton(icon(Icon::Decide), tr("Dec&ide…"))),
      m_retry(new QPushButton(icon(Icon::Sync), tr("&Try again"))),
      m_discard(new QPushButton(icon(Icon::Delete), tr("D&iscard…")))
{
    m_table = makeTable("queueView", tr("Queue"), m_model, QueueModel::Reason);
    QHeaderView *header = m_table->horizontalHeader();
    for (const int column : {QueueModel::State, QueueModel::Operation, QueueModel::Made})
        header->setSectionResizeMode(column, QHeaderView::ResizeToContents);
    header->setSectionResizeMode(QueueModel::Change, QHeaderView::Stretch); // with the reason: the columns that a user reads
    m_table->setColumnWidth(QueueModel::Document, 110);
    m_decide->setObjectName("decideButton"_L1);
    m_decide->setToolTip(tr("Look at both versions and decide"));
    m_retry->setObjectName("retryButton"_L1);
    m_retry->setToolTip(tr("Send the refused edit again, as a new one"));
    m_discard->setObjectName("discardButton"_L1);
    m_discard->setToolTip(tr("Give the edit up for good"));
    auto *buttons = new QHBoxLayout;
    for (QPushButton *button : {m_decide, m_retry, m_discard})
        buttons->addWidget(button);
    buttons->addStretch();
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(new WithEmptyText(m_table, tr("Nothing waits: everything you did is on the server.")), 1);
    layout->addLayout(buttons);
    connect(m_decide, &QPushButton::clicked, this, [this] {
        if (const auto *entry = selected())
            Q_EMIT decideRequested(entry->id);
    });
    connect(m_retry, &QPushButton::clicked, this, [this] {
        if (const auto *entry = selected())
            m_session.retry(entry->id);
    });
    connect(m_discard, &QPushButton::clicked, this, &QueuePanel::discard);
    connect(m_table, &QAbstractItemView::doubleClicked, m_decide, &QPushButton::click);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &QueuePanel::refreshButtons);
    connect(m_model, &QAbstractItemModel::dataChanged, this, &QueuePanel::refreshButtons);
    // Many notifications arrive together; the queue is read once.
    connect(&session, &Session::documentChanged, this, [this] {
        if (std::exchange(m_stale, true))
            return;
        QTimer::singleShot(0, this, &QueuePanel::refresh);
    });
    refresh();
}

void QueuePanel::refresh()
{
    m_stale = false;
    m_model->setEntries(m_session.core().queue());
    refreshButtons();
}

const client::QueueEntry *QueuePanel::selected() const
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    return rows.isEmpty() ? nullptr : &m_model->entry(rows.constFirst().row());
}

void QueuePanel::refreshButtons()
{
    const auto *entry = selected();
    m_decide->setEnabled(entry && entry->state == EntryState::Conflict);
    m_retry->setEnabled(entry && entry->state == EntryState::DeadLetter);
    m_discard->setEnabled(entry && !entry->isPending());
}

void QueuePanel::discard()
{
    const auto *entry = selected();
    if (!entry)
        return;
    auto *question = new QMessageBox(QMessageBox::Question, tr("Discard this edit?"),
                                     tr("\"%1\" of \"%2\" will be lost for good.")
                                         .arg(Texts::change(entry->operation, entry->diff), m_session.title(entry->documentId)),
                                     QMessageBox::NoButton, this);
    question->setObjectName("discardQuestion"_L1);
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton *yes = question->addButton(tr("&Discard"), QMessageBox::DestructiveRole);
    yes->setObjectName("confirmDiscardButton"_L1);
    QPushButton *no = question->addButton(tr("&Keep it"), QMessageBox::RejectRole);
    no->setObjectName("keepEditButton"_L1);
    question->setDefaultButton(no); // the safe answer
    connect(yes, &QPushButton::clicked, this, [this, id = entry->id] { m_session.discard(id); });
    question->open();
}

} // namespace eventsync::desktop
