// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/eventlogpanel.h>

#include <desktop/limits.h>
#include <desktop/panels/parts.h>

#include <QFutureWatcher>
#include <QHeaderView>
#include <QTableView>
#include <QVBoxLayout>

namespace eventsync::desktop {

using client::SyncClient;

EventLogPanel::EventLogPanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session),
      m_model(new EventLogModel([&session](const ClientId &client) { return session.replicaName(client); }, this))
{
    QTableView *table = makeTable("eventLogView", tr("Event log"), m_model, EventLogModel::Change);
    table->setColumnWidth(EventLogModel::Seq, 56);
    table->setColumnWidth(EventLogModel::Time, 84);
    table->setColumnWidth(EventLogModel::Client, 130);
    table->setColumnWidth(EventLogModel::Operation, 84);
    m_list = new WithEmptyText(table, tr("No events to show."));
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(m_list);
    connect(&session.client(), &SyncClient::eventsApplied, this, [this](const client::EventsApplied &notification) {
        if (notification.documentId == m_id)
            m_model->add(notification.events);
    });
    connect(&session.client(), &SyncClient::documentDiverged, this, [this](const DocumentId &id, ServerSeq commonSeq) {
        if (id == m_id)
            m_model->dropAfter(commonSeq);
    });
    connect(&session.client(), &SyncClient::documentSynced, this, [this](const DocumentId &id) {
        if (id == m_id)
            load();
    });
    connect(&session.client(), &SyncClient::clientIdChanged, m_model, &EventLogModel::refreshNames);
    connect(&session, &Session::namesLearned, m_model, &EventLogModel::refreshNames);
}

void EventLogPanel::setDocument(const std::optional<DocumentId> &id)
{
    if (id == m_id)
        return;
    m_id = id;
    m_model->clear();
    load();
}

void EventLogPanel::load()
{
    if (!m_id)
        return;
    if (m_session.client().state() != SyncClient::State::Online) {
        m_list->setEmptyText(tr("The log is shown when the server can be asked for it."));
        return;
    }
    m_list->setEmptyText(tr("No events yet."));
    using Answer = Result<std::vector<EventPtr>>;
    auto *watcher = new QFutureWatcher<Answer>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, id = *m_id] {
        watcher->deleteLater();
        if (watcher->future().resultCount() == 0)
            return;
        const Answer answer = watcher->future().result();
        if (answer)
            m_session.learnNames(*answer);
        if (answer && id == m_id)
            m_model->add(*answer);
    });
    watcher->setFuture(m_session.client().events({.documentId = *m_id, .limit = std::int64_t(limits::kDesktopLogEvents)}));
}

} // namespace eventsync::desktop
