// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/profile.h>
#include <desktop/session.h>

#include <QMainWindow>
#include <QPointer>

class QMenu;
class QSplitter;
class QTabWidget;
class QToolButton;

namespace eventsync::desktop {

class Banner;
class ClockPanel;
class ConflictDialog;
class ConnectionBar;
class ContentsPanel;
class ElidedLabel;
class EventLogPanel;
class GamePanel;
class DocumentsPanel;
class PeopleLabel;
class QueuePanel;
class TextPanel;

// The window of one replica: the list of documents on the left, the selected one on the right.
// Large because each action of the menu is a member.
class MainWindow final : public QMainWindow
{
    Q_OBJECT

public:
    MainWindow(Session &session, Profile &profile, QWidget *parent = nullptr);
    ~MainWindow() override;

    Session &session() { return m_session; }
    std::optional<DocumentId> document() const { return m_document; }
    void showDocument(const DocumentId &id);
    void connectTo(const QUrl &server, Transport transport);
    void setOffline(bool offline);

Q_SIGNALS:
    void newWindowRequested();

protected:
    void closeEvent(QCloseEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    void buildPanels();
    void buildMenus();
    void buildStatusBar();
    void connectPanels();
    void connectNotifications();
    QAction *addTo(QMenu *menu, const QString &text, const char *name, const QKeySequence &keys, const std::function<void()> &act);
    void restoreLayout();
    void onCurrentChanged();
    void refreshSoon();
    void refresh();
    void refreshConnection();
    void refreshTitle();
    void showPagesOf(Session::Kind kind);
    void newDocument(Session::Kind kind);
    void deleteDocument();
    void undo();
    void redo();
    void decide(const EventId &entry);
    void decideNext();
    void notice(const QString &text);
    void askBeforeClosing();

    Session &m_session;
    Profile &m_profile;
    std::optional<DocumentId> m_document;
    std::optional<Session::Kind> m_kind; // the kind whose pages are shown
    bool m_stale = false;
    bool m_closesUnsaved = false;
    QSplitter *m_splitter;
    QTabWidget *m_tabs;
    Banner *m_conflicts, *m_notice;
    ConnectionBar *m_connection;
    DocumentsPanel *m_documentsPanel;
    GamePanel *m_game;
    TextPanel *m_text;
    ContentsPanel *m_contents;
    PeopleLabel *m_people;
    EventLogPanel *m_log;
    ClockPanel *m_clock;
    QueuePanel *m_queue;
    QAction *m_undo, *m_redo, *m_delete;
    QToolButton *m_state, *m_waiting;
    ElidedLabel *m_replica;
    QPointer<ConflictDialog> m_dialog;
};

} // namespace eventsync::desktop
