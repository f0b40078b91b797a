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
    QMenu *document = menuBar()->addMenu(tr("&Document"));
    addTo(document, tr("&New game…"), "newGameAction", QKeySequence::New, [this] { newDocument(Session::Kind::Game); })
        ->setIcon(icon(Icon::Game));
    addTo(document, tr("New &text…"), "newTextAction", QKeySequence(u"Ctrl+T"_s), [this] { newDocument(Session::Kind::Text); })
        ->setIcon(icon(Icon::Text));
    addTo(document, tr("New &list…"), "newListAction", {}, [this] { newDocument(Session::Kind::List); })->setIcon(icon(Icon::List));
    m_delete = addTo(document, tr("&Delete…"), "deleteGameAction", QKeySequence(u"Ctrl+Del"_s), [this] { deleteDocument(); });
    m_delete->setIcon(icon(Icon::Delete));
    document->addSeparator();
    addTo(document, tr("New &window…"), "newWindowAction", QKeySequence(u"Ctrl+Shift+N"_s), [this] { Q_EMIT newWindowRequested(); })
        ->setIcon(icon(Icon::Window));
    document->addSeparator();
    addTo(document, tr("&Close window"), "closeAction", QKeySequence::Close, [this] { close(); });
    addTo(document, tr("&Quit"), "quitAction", QKeySequence::Quit, [this] { close(); })->setMenuRole(QAction::QuitRole);

    QMenu *edit = menuBar()->addMenu(tr("&Edit"));
    m_undo = addTo(edit, tr("&Undo my last edit"), "undoAction", QKeySequence::Undo, [this] { undo(); });
    m_undo->setIcon(icon(Icon::Undo));
    m_redo = addTo(edit, tr("&Redo"), "redoAction", QKeySequence::Redo, [this] { redo(); });
    m_redo->setIcon(icon(Icon::Redo));

    QMenu *connection = menuBar()->addMenu(tr("&Connection"));
    addTo(connection, tr("&Server…"), "serverAction", QKeySequence(u"Ctrl+L"_s), [this] { m_connection->focusServer(); });
    addTo(connection, tr("Synchronise &now"), "syncAction", QKeySequence::Refresh, [this] {
        m_connection->setOffline(false);
        m_session.synchronize();
        refreshConnection();
    })->setIcon(icon(Icon::Sync));
    addTo(connection, tr("Work &offline or online"), "offlineAction", QKeySequence(u"Ctrl+Shift+O"_s),
          [this] { setOffline(!m_session.isOffline()); })->setIcon(icon(Icon::Offline));
    addTo(connection, tr("&Decide the next conflict…"), "decideAction", QKeySequence(u"Ctrl+D"_s), [this] { decideNext(); })
        ->setIcon(icon(Icon::Decide));

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
