// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/mainwindow.h>

#include <desktop/dialogs/conflictdialog.h>
#include <desktop/dialogs/newdocumentdialog.h>
#include <desktop/panels/clockpanel.h>
#include <desktop/panels/connectionbar.h>
#include <desktop/panels/contentspanel.h>
#include <desktop/panels/documentspanel.h>
#include <desktop/panels/eventlogpanel.h>
#include <desktop/panels/gamepanel.h>
#include <desktop/panels/parts.h>
#include <desktop/panels/peoplelabel.h>
#include <desktop/panels/queuepanel.h>
#include <desktop/panels/textpanel.h>
#include <desktop/texts.h>

#include <QCloseEvent>
#include <QLabel>
#include <QPushButton>
#include <QMessageBox>
#include <QSplitter>
#include <QStatusBar>
#include <QTabWidget>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::SyncClient;

namespace {

constexpr int kNoticeMs = 15'000; // a notice is removed after this time

enum Tab { GameTab, TextTab, ContentsTab, LogTab, ClockTab, QueueTab };

int firstPage(Session::Kind kind)
{
    return kind == Session::Kind::Game ? GameTab : kind == Session::Kind::Text ? TextTab : ContentsTab;
}

} // namespace

MainWindow::MainWindow(Session &session, Profile &profile, QWidget *parent)
    : QMainWindow(parent), m_session(session), m_profile(profile)
{
    setObjectName("mainWindow"_L1);
    buildPanels();
    buildMenus();
    buildStatusBar();
    connectPanels();
    connectNotifications();
    restoreLayout();
    m_connection->setServer(profile.server());
    m_connection->setTransport(profile.transport());
    m_connection->setOffline(session.isOffline());
    refresh();
    refreshConnection();
    m_documentsPanel->setFocus();
}

MainWindow::~MainWindow() = default;

void MainWindow::buildPanels()
{
    m_connection = new ConnectionBar;
    m_conflicts = new Banner(Icon::Conflict, tr("Decide…"));
    m_conflicts->setObjectName("conflictBanner"_L1);
    m_conflicts->button()->setObjectName("decideNextButton"_L1);
    m_conflicts->label()->setObjectName("conflictBannerText"_L1);
    m_notice = new Banner(Icon::Refused, tr("Close"));
    m_notice->setObjectName("noticeBanner"_L1);
    m_notice->button()->setObjectName("closeNoticeButton"_L1);
    m_notice->label()->setObjectName("noticeText"_L1);
    m_documentsPanel = new DocumentsPanel(m_session);
    m_game = new GamePanel(m_session);
    m_text = new TextPanel(m_session);
    m_contents = new ContentsPanel(m_session);
    m_people = new PeopleLabel(m_session);
    m_log = new EventLogPanel(m_session);
    m_clock = new ClockPanel(m_session);
    m_queue = new QueuePanel(m_session);
    m_tabs = new QTabWidget;
    m_tabs->setObjectName("tabs"_L1);
    m_game->setObjectName("gameTab"_L1);
    m_text->setObjectName("textTab"_L1);
    m_contents->setObjectName("contentsTab"_L1);
    m_log->setObjectName("eventLogTab"_L1);
    m_clock->setObjectName("clocksTab"_L1);
    m_queue->setObjectName("queueTab"_L1);
    m_tabs->addTab(m_game, tr("Game"));
    m_tabs->addTab(m_text, tr("Text"));
    m_tabs->addTab(m_contents, tr("Contents"));
    m_tabs->addTab(m_log, tr("Event log"));
    m_tabs->addTab(m_clock, tr("Clocks"));
    m_tabs->addTab(m_queue, tr("Queue"));
    m_tabs->setTabToolTip(ClockTab, tr("Vector clock and state vectors"));

    m_tabs->setCornerWidget(m_people, Qt::TopRightCorner);
    showPagesOf(Session::Kind::Game);

    auto *right = new QWidget;
    auto *rightLayout = new QVBoxLayout(right);
    rightLayout->setContentsMargins(4, 4, 8, 8);
    rightLayout->addWidget(m_notice);
    rightLayout->addWidget(m_text->lostBanner());
    rightLayout->addWidget(m_conflicts);
    rightLayout->addWidget(m_tabs, 1);
    m_splitter = new QSplitter;
    m_splitter->setObjectName("splitter"_L1);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->addWidget(m_documentsPanel);
    m_splitter->addWidget(right);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setSizes({380, 620});
    auto *central = new QWidget;
    auto *layout = new QVBoxLayout(central);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_connection);
    layout->addWidget(m_splitter, 1);
    setCentralWidget(central);
}

void MainWindow::buildStatusBar()
{
    auto button = [this](const char *name, const QString &tip) {
        auto *made = new QToolButton;
        made->setObjectName(QLatin1StringView(name));
        made->setAutoRaise(true);
        made->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        made->setToolTip(tip);
        statusBar()->addWidget(made);
        return made;
    };
    m_state = button("connectionState", {});
    m_waiting = button("queueState", tr("Show the queue"));
    m_replica = new ElidedLabel;
    m_replica->setObjectName("replica"_L1);
    m_replica->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    statusBar()->addPermanentWidget(m_replica);
    connect(m_state, &QToolButton::clicked, this, [this] { m_session.synchronize(); m_connection->setOffline(false); });
    connect(m_waiting, &QToolButton::clicked, this, [this] { m_tabs->setCurrentIndex(QueueTab); });
}

void MainWindow::connectPanels()
{
    connect(m_connection, &ConnectionBar::connectRequested, this, &MainWindow::connectTo);
    connect(m_connection, &ConnectionBar::offlineToggled, this, &MainWindow::setOffline);
    connect(m_connection, &ConnectionBar::failed, this, &MainWindow::notice);
    connect(m_documentsPanel, &DocumentsPanel::currentChanged, this, &MainWindow::onCurrentChanged);
    connect(m_documentsPanel, &DocumentsPanel::createRequested, this, &MainWindow::newDocument);
    connect(m_documentsPanel, &DocumentsPanel::deleteRequested, this, &MainWindow::deleteDocument);
    connect(m_game, &GamePanel::queueRequested, this, [this] { m_tabs->setCurrentIndex(QueueTab); });
    connect(m_text, &TextPanel::undoRequested, this, &MainWindow::undo);
    connect(m_text, &TextPanel::redoRequested, this, &MainWindow::redo);
    connect(m_contents, &ContentsPanel::failed, this, &MainWindow::notice);
    connect(m_queue, &QueuePanel::decideRequested, this, &MainWindow::decide);
    connect(m_conflicts, &Banner::clicked, this, &MainWindow::decideNext);
    connect(m_notice, &Banner::clicked, this, [this] { m_notice->setText({}); });
}

void MainWindow::connectNotifications()
{
    SyncClient &client = m_session.client();
    connect(&m_session, &Session::documentChanged, this, &MainWindow::refreshSoon);
    connect(&m_session, &Session::documentsLoaded, this, [this] { m_documentsPanel->setLoading(false); });
    connect(&m_session, &Session::failed, this, [this](const QString &what, const Error &error) {
        notice(u"%1. %2"_s.arg(what, Texts::error(error)));
    });
    connect(&client, &SyncClient::stateChanged, this, &MainWindow::refreshConnection);
    connect(&m_session.history(), &client::UndoHistory::changed, this, &MainWindow::refreshSoon);
    connect(&client, &SyncClient::clientIdChanged, this, [this](const client::ClientIdChanged &notification) {
        notice(Texts::error(notification.reason));
        refreshConnection();
    });
    connect(&client, &SyncClient::connectionReplaced, this,
            [this] { notice(Texts::error({ErrorCode::Replaced, {}})); });
    connect(&client, &SyncClient::documentRevoked, this, [this](const DocumentId &id) {
        notice(u"%1: %2"_s.arg(m_session.title(id), Texts::error({ErrorCode::PermissionRevoked, {}})));
    });
    connect(&client, &SyncClient::documentRefused, this, [this](const DocumentId &id, const Error &error) {
        notice(tr("The server does not give out \"%1\". %2").arg(m_session.title(id), Texts::error(error)));
    });
    connect(&client, &SyncClient::storeFailed, this, [this](const Error &error) { notice(Texts::error(error)); });
    connect(&client, &SyncClient::deadLettered, this, [this](const client::DeadLettered &notification) {
        notice(tr("An edit of \"%1\" was refused and waits in the queue. %2")
                   .arg(m_session.title(notification.documentId), Texts::error(notification.reason)));
    });
    connect(&m_profile, &Profile::takenOver, this, &QWidget::close);
}

// ---- what is shown

void MainWindow::showDocument(const DocumentId &id)
{
    m_documentsPanel->select(id);
}

void MainWindow::onCurrentChanged()
{
    const auto id = m_documentsPanel->current();
    if (!id && m_document && m_session.document(*m_document))
        return; // only the filter hides it
    m_document = id;
    if (id) {
        m_session.follow(*id);
        m_profile.setDocument(id);
    }
    if (const auto shown = id ? m_session.document(*id) : std::nullopt)
        showPagesOf(shown->kind);
    m_session.lookAt(id);
    m_text->setDocument(id);
    m_contents->setDocument(id);
    m_people->setDocument(id);
    m_log->setDocument(id);
    m_clock->setDocument(id);
    refresh();
}

// A game has one page of its own, a text two, a list one. The selected page stays selected for the next document of the same
// kind.
void MainWindow::showPagesOf(Session::Kind kind)
{
    const int before = m_tabs->currentIndex();
    m_tabs->setTabVisible(GameTab, kind == Session::Kind::Game);
    m_tabs->setTabVisible(TextTab, kind == Session::Kind::Text);
    m_tabs->setTabVisible(ContentsTab, kind != Session::Kind::Game);
    const bool isOther = std::exchange(m_kind, kind) != kind;
    if (before <= ContentsTab)
        m_tabs->setCurrentIndex(isOther ? firstPage(kind) : before);
}

// Many notifications arrive together; the window is updated once.
void MainWindow::refreshSoon()
{
    if (!std::exchange(m_stale, true))
        QTimer::singleShot(0, this, &MainWindow::refresh);
}

void MainWindow::refresh()
{
    m_stale = false;
    const auto shown = m_document ? m_session.document(*m_document) : std::nullopt;
    m_game->setDocument(shown && shown->kind != Session::Kind::Game ? std::nullopt : m_document);
    m_text->refresh();
    m_clock->refresh();
    const client::QueueCounts counts = m_session.core().queueCounts();
    const auto pending = counts.waiting + counts.sent;
    m_tabs->setTabText(QueueTab, counts.all() == 0 ? tr("Queue") : tr("Queue (%1)").arg(counts.all()));
    m_conflicts->setText(counts.conflicts == 0 ? QString()
                                               : tr("%n edit(s) need a decision.", nullptr, int(counts.conflicts)));
    QStringList parts;
    if (pending > 0)
        parts += tr("%n edit(s) not confirmed", nullptr, int(pending));
    if (counts.conflicts > 0)
        parts += tr("%n conflict(s)", nullptr, int(counts.conflicts));
    if (counts.deadLetters > 0)
        parts += tr("%n refused", nullptr, int(counts.deadLetters));
    m_waiting->setText(parts.isEmpty() ? tr("Everything is on the server") : parts.join(u" · "_s));
    m_waiting->setIcon(icon(counts.conflicts > 0     ? Icon::Conflict
                            : counts.deadLetters > 0 ? Icon::DeadLetter
                            : pending > 0            ? Icon::Waiting
                                                     : Icon::Confirmed));
    m_undo->setEnabled(m_document && m_session.history().canUndo(*m_document));
    m_redo->setEnabled(m_document && m_session.history().canRedo(*m_document));
    m_delete->setEnabled(m_document.has_value());
    refreshTitle();
}

void MainWindow::refreshTitle()
{
    const QString replica = m_profile.name();
    setWindowTitle(m_document ? u"%1 – %2 – EventSync"_s.arg(m_session.title(*m_document), replica)
                              : u"%1 – EventSync"_s.arg(replica));
}

void MainWindow::refreshConnection()
{
    SyncClient &client = m_session.client();
    const auto state = client.state();
    const std::optional<Error> error = state == SyncClient::State::Connecting ? std::nullopt : client.lastError();
    const QString reason = error ? Texts::error(*error) : QString();
    m_state->setText(reason.isEmpty() ? Texts::connection(state) : u"%1: %2"_s.arg(Texts::connection(state), reason));
    m_state->setIcon(icon(Texts::connectionIcon(state)));
    m_state->setToolTip(state == SyncClient::State::Online ? m_profile.server()
                                                           : tr("Click to connect now. %1").arg(QString::fromStdString(error ? error->message : std::string())));
    m_replica->setFullText(tr("Profile %1 · replica %2").arg(m_profile.name(), QString::fromStdString(m_session.core().clientId().text())));
    if (state == SyncClient::State::Online) {
        m_log->load();
        m_clock->load();
    }
}

void MainWindow::notice(const QString &text)
{
    m_notice->setText(text);
    QTimer::singleShot(kNoticeMs, m_notice, [this, text] {
        if (m_notice->label()->text() == text)
            m_notice->setText({});
    });
}

// ---- actions of the user

void MainWindow::connectTo(const QUrl &server, Transport transport)
{
    m_profile.setServer(server.toString());
    m_profile.setTransport(transport);
    m_connection->setServer(server.toString());
    m_connection->setTransport(transport);
    m_session.connectTo(server, transport);
}

void MainWindow::setOffline(bool offline)
{
    m_profile.setOffline(offline);
    m_connection->setOffline(offline);
    m_session.setOffline(offline);
}

void MainWindow::newDocument(Session::Kind kind)
{
    auto *dialog = new NewDocumentDialog(kind, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, kind] {
        if (const auto id = m_session.create(kind, dialog->name())) {
            showDocument(*id);
            m_tabs->setCurrentIndex(firstPage(kind));
        }
    });
    dialog->open();
}

void MainWindow::deleteDocument()
{
    if (!m_document)
        return;
    auto *question = new QMessageBox(QMessageBox::Question, tr("Delete this document?"),
                                     tr("\"%1\" will be deleted for everybody.").arg(m_session.title(*m_document)),
                                     QMessageBox::NoButton, this);
    question->setObjectName("deleteQuestion"_L1);
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton *yes = question->addButton(tr("&Delete"), QMessageBox::DestructiveRole);
    yes->setObjectName("confirmDeleteButton"_L1);
    QPushButton *no = question->addButton(tr("&Keep it"), QMessageBox::RejectRole);
    no->setObjectName("keepGameButton"_L1);
    question->setDefaultButton(no); // the safe answer
    connect(yes, &QPushButton::clicked, this, [this, id = *m_document] { m_session.removeDocument(id); });
    question->open();
}

void MainWindow::undo()
{
    m_text->write();
    if (m_document)
        m_session.undo(*m_document);
}

void MainWindow::redo()
{
    m_text->write();
    if (m_document)
        m_session.redo(*m_document);
}

void MainWindow::decide(const EventId &entry)
{
    if (m_dialog) {
        if (m_dialog->entry() == entry) {
            m_dialog->raise();
            return;
        }
        m_dialog->close();
    }
    m_dialog = new ConflictDialog(m_session, entry, m_profile.name(), this);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog->open();
}

// The first one that can be decided now, in queue order; otherwise the first one, for reading.
void MainWindow::decideNext()
{
    std::optional<EventId> first;
    for (const auto &entry : m_session.core().queue()) {
        if (entry.state != client::EntryState::Conflict)
            continue;
        if (entry.ready) {
            decide(entry.id);
            return;
        }
        if (!first)
            first = entry.id;
    }
    if (first)
        decide(*first);
}

// ---- the window itself

void MainWindow::restoreLayout()
{
    resize(1060, 680);
    QSettings &settings = m_profile.settings();
    restoreGeometry(settings.value(u"window/geometry"_s).toByteArray());
    if (const QByteArray sizes = settings.value(u"window/splitter"_s).toByteArray(); !sizes.isEmpty())
        m_splitter->restoreState(sizes);
}

void MainWindow::askBeforeClosing()
{
    auto *question = new QMessageBox(QMessageBox::Warning, tr("Close without saving?"),
                                     tr("What you typed is not saved, and is lost when the window is closed."),
                                     QMessageBox::NoButton, this);
    question->setObjectName("closeQuestion"_L1);
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton *yes = question->addButton(tr("Close &all the same"), QMessageBox::DestructiveRole);
    yes->setObjectName("confirmCloseButton"_L1);
    question->addButton(tr("&Keep it open"), QMessageBox::RejectRole)->setObjectName("keepOpenButton"_L1);
    connect(yes, &QPushButton::clicked, this, [this] {
        m_closesUnsaved = true;
        close();
    });
    question->open();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    m_text->write();
    if (m_text->hasUnsaved() && !m_closesUnsaved) {
        event->ignore();
        askBeforeClosing();
        return;
    }
    m_session.lookAt({});
    QSettings &settings = m_profile.settings();
    settings.setValue(u"window/geometry"_s, saveGeometry());
    settings.setValue(u"window/splitter"_s, m_splitter->saveState());
    settings.sync();
    QMainWindow::closeEvent(event);
}

void MainWindow::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange && m_state)
        refreshSoon();
    QMainWindow::changeEvent(event);
}

} // namespace eventsync::desktop
