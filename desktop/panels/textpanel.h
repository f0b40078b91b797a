// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/session.h>

#include <QElapsedTimer>
#include <QWidget>

class QLabel;
class QStackedWidget;

namespace eventsync::desktop {

class ElidedLabel;
class TextEditor;

// The text of a document, to type in together with others: what the document holds under /text.
class TextPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit TextPanel(Session &session, QWidget *parent = nullptr);
    ~TextPanel() override;

    void setDocument(const std::optional<DocumentId> &id);
    void refresh();
    void write(); // what was typed and waits for a moment of rest

Q_SIGNALS:
    void undoRequested();
    void redoRequested();

private:
    Result<> edit(const client::ClientCore::CrdtEdit &change);
    void synchronize();
    void synchronizeSoon();
    void refreshPeople();

    Session &m_session;
    std::optional<DocumentId> m_id;
    QStackedWidget *m_pages;
    ElidedLabel *m_title, *m_subtitle;
    TextEditor *m_editor;
    QLabel *m_hint;
    QElapsedTimer m_typed; // since the last edit; invalid: the next one begins a step of undo
    bool m_stale = false;
};

} // namespace eventsync::desktop
