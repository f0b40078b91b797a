// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/session.h>

#include <QElapsedTimer>
#include <QWidget>

class QLabel;
class QStackedWidget;

namespace eventsync::desktop {

class Banner;
class ElidedLabel;
class TextEditor;

// The text of a document under /text, which several users can edit at the same time.
class TextPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit TextPanel(Session &session, QWidget *parent = nullptr);
    ~TextPanel() override;

    void setDocument(const std::optional<DocumentId> &id);
    void refresh();
    void write(); // writes typed text that waits for a pause
    bool hasUnsaved() const;
    QWidget *lostBanner() const; // placed by the window, because it refers to texts that are not shown any more

Q_SIGNALS:
    void undoRequested();
    void redoRequested();

private:
    Result<> edit(const client::ClientCore::CrdtEdit &change);
    void synchronize();
    void synchronizeSoon();
    void refreshPeople();
    void onLost(const QString &typed, const Error &error);
    QWidget *makePage();

    Session &m_session;
    std::optional<DocumentId> m_id;
    QStackedWidget *m_pages;
    ElidedLabel *m_title, *m_subtitle;
    Banner *m_unsaved, *m_lost;
    TextEditor *m_editor;
    QLabel *m_hint;
    QElapsedTimer m_typed; // since the last edit; invalid: the next one begins a step of undo
    QString m_lostText; // text that was typed into documents which were deleted before it was saved
    bool m_stale = false;
};

} // namespace eventsync::desktop
