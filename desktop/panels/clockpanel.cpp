// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/clockpanel.h>

#include <desktop/panels/parts.h>

#include <QFutureWatcher>
#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::SyncClient;

namespace {

QLabel *heading(const QString &text, const QString &explanation, QWidget *buddy)
{
    auto *label = new QLabel(u"<b>%1</b><br>%2"_s.arg(text.toHtmlEscaped(), explanation.toHtmlEscaped()));
    label->setWordWrap(true);
    label->setBuddy(buddy);
    return label;
}

} // namespace

ClockPanel::ClockPanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session)
{
    const NameOf nameOf = [&session](const ClientId &client) { return session.replicaName(client); };
    m_clock = new VectorClockModel(nameOf, this);
    m_vectors = new StateVectorModel(nameOf, this);
    connect(&session, &Session::namesLearned, this, &ClockPanel::refresh);
    connect(&session, &Session::namesLearned, m_vectors, &StateVectorModel::refreshNames);
    QTableView *clock = makeTable("vectorClockView", tr("Vector clock"), m_clock, VectorClockModel::Client);
    clock->setColumnWidth(VectorClockModel::Count, 92);
    QTableView *vectors = makeTable("stateVectorView", tr("State vectors"), m_vectors, StateVectorModel::Clock);
    vectors->setColumnWidth(StateVectorModel::Client, 130);
    vectors->setColumnWidth(StateVectorModel::Position, 92);
    vectors->setColumnWidth(StateVectorModel::Missing, 150);
    vectors->setColumnWidth(StateVectorModel::Updated, 92);
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(heading(tr("Vector clock"), tr("How many edits of each replica are in what is shown here."), clock));
    layout->addWidget(new WithEmptyText(clock, tr("No edits yet.")), 2);
    layout->addSpacing(8);
    layout->addWidget(heading(tr("State vectors"), tr("Which replica has stored what, as the server knows it."), vectors));
    layout->addWidget(new WithEmptyText(vectors, tr("Nobody has told the server yet.")), 3);
    connect(&session.client(), &SyncClient::cursorsChanged, this, [this](const client::CursorsChanged &notification) {
        if (notification.documentId == m_id)
            m_vectors->merge(notification.cursors);
    });
    connect(&session.client(), &SyncClient::documentSynced, this, [this](const DocumentId &id) {
        if (id == m_id)
            load();
    });
}

void ClockPanel::setDocument(const std::optional<DocumentId> &id)
{
    if (id == m_id)
        return;
    m_id = id;
    m_vectors->clear();
    refresh();
    load();
}

void ClockPanel::refresh()
{
    m_clock->setClock(m_id ? m_session.core().vectorClock(*m_id) : VectorClock());
    m_vectors->setHead(m_id ? m_session.states().version(*m_id) : ServerSeq());
}

void ClockPanel::load()
{
    if (!m_id || m_session.client().state() != SyncClient::State::Online)
        return;
    using Answer = Result<std::vector<StateVector>>;
    auto *watcher = new QFutureWatcher<Answer>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, id = *m_id] {
        watcher->deleteLater();
        if (watcher->future().resultCount() == 0)
            return;
        const Answer answer = watcher->future().result();
        if (answer && id == m_id)
            m_vectors->merge(*answer);
    });
    watcher->setFuture(m_session.client().stateVectors(*m_id));
}

} // namespace eventsync::desktop
