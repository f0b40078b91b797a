// SPDX-License-Identifier: Apache-2.0
//
// The main window's menus and keys.
#include <desktop/panels/mainwindow.h>

#include <desktop/icons.h>
#include <desktop/panels/connectionbar.h>

#include <QApplication>
#include <QMenuBar>
#include <QMessageBox>
#include <QTabWidget>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

QAction *MainWindow::addTo(QMenu *menu, const QString &text, const char *name, const QKeySequence &keys,
                           const std::function<void()> &act)
{
    QAction *action = menu->addAction(text);
    action->setObjectName(QLatin1StringView(name));
    action->setShortcut(keys);
    connect(action, &QAction::triggered, this, act);
    return action;
}

void MainWindow::buildMenus()
{
    QMenu *game = menuBar()->addMenu(tr("&Document"));
    addTo(game, tr("&New game…"), "newGameAction", QKeySequence::New, [this] { newDocument(Session::Kind::Game); })
        ->setIcon(icon(Picture::Game));
    addTo(game, tr("New &text…"), "newTextAction", QKeySequence(u"Ctrl+T"_s), [this] { newDocument(Session::Kind::Text); })
        ->setIcon(icon(Picture::Text));
    addTo(game, tr("New &list…"), "newListAction", {}, [this] { newDocument(Session::Kind::List); })->setIcon(icon(Picture::List));
    m_delete = addTo(game, tr("&Delete…"), "deleteGameAction", QKeySequence(u"Ctrl+Del"_s), [this] { deleteGame(); });
    m_delete->setIcon(icon(Picture::Delete));
    game->addSeparator();
    addTo(game, tr("New &window…"), "newWindowAction", QKeySequence(u"Ctrl+Shift+N"_s), [this] { Q_EMIT newWindowRequested(); })
        ->setIcon(icon(Picture::Window));
    game->addSeparator();
    addTo(game, tr("&Close window"), "closeAction", QKeySequence::Close, [this] { close(); });
    addTo(game, tr("&Quit"), "quitAction", QKeySequence::Quit, [this] { close(); })->setMenuRole(QAction::QuitRole);

    QMenu *edit = menuBar()->addMenu(tr("&Edit"));
    m_undo = addTo(edit, tr("&Undo my last edit"), "undoAction", QKeySequence::Undo, [this] { undo(); });
    m_undo->setIcon(icon(Picture::Undo));
    m_redo = addTo(edit, tr("&Redo"), "redoAction", QKeySequence::Redo, [this] { redo(); });
    m_redo->setIcon(icon(Picture::Redo));

    QMenu *connection = menuBar()->addMenu(tr("&Connection"));
    addTo(connection, tr("&Server…"), "serverAction", QKeySequence(u"Ctrl+L"_s), [this] { m_connection->focusServer(); });
    addTo(connection, tr("Synchronise &now"), "syncAction", QKeySequence::Refresh, [this] {
        m_connection->setOffline(false);
        m_session.synchronize();
        refreshConnection();
    })->setIcon(icon(Picture::Sync));
    addTo(connection, tr("Work &offline or online"), "offlineAction", QKeySequence(u"Ctrl+Shift+O"_s),
          [this] { setOffline(!m_session.isOffline()); })->setIcon(icon(Picture::Offline));
    addTo(connection, tr("&Decide the next conflict…"), "decideAction", QKeySequence(u"Ctrl+D"_s), [this] { decideNext(); })
        ->setIcon(icon(Picture::Decide));

    QMenu *view = menuBar()->addMenu(tr("&View"));
    for (int tab = 0; tab < m_tabs->count(); ++tab) {
        addTo(view, m_tabs->tabText(tab), "", QKeySequence(Qt::CTRL | Qt::Key(Qt::Key_1 + tab)),
              [this, tab] {
                  if (m_tabs->isTabVisible(tab))
                      m_tabs->setCurrentIndex(tab);
              });
    }

    QMenu *help = menuBar()->addMenu(tr("&Help"));
    addTo(help, tr("&About EventSync"), "aboutAction", {}, [this] {
        auto *about = new QMessageBox(QMessageBox::NoIcon, tr("About EventSync"),
                                      tr("EventSync %1\n\nEdits JSON documents together with others, online or not.")
                                          .arg(QApplication::applicationVersion()), QMessageBox::NoButton, this);
        about->addButton(tr("Close"), QMessageBox::RejectRole);
        about->setAttribute(Qt::WA_DeleteOnClose);
        about->setIconPixmap(windowIcon().pixmap(64, 64));
        about->open();
    })->setMenuRole(QAction::AboutRole);
}

} // namespace eventsync::desktop
