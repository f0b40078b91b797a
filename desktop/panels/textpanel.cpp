// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/textpanel.h>

#include <desktop/editor/texteditor.h>
#include <desktop/panels/parts.h>
#include <desktop/texts.h>

#include <QClipboard>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLostWidth = 400; // of the beginning of the lost text, in pixels
constexpr int kStepMs = 1'500; // a longer pause begins a new step of undo

enum Page { NothingPage, TextPage, HintPage };

// The text under /text; kOrigin: there is none.
crdt::Id textIn(const crdt::Document *document)
{
    if (!document)
        return crdt::kOrigin;
    crdt::NodeIndex at = document->find(document->root());
    if (at == crdt::kNoNode || document->node(at).kind != crdt::NodeKind::Obj)
        return crdt::kOrigin;
    const crdt::NodeIndex *text = document->node(at).keys().find("text");
    at = text ? *text : crdt::kNoNode;
    while (at != crdt::kNoNode && document->node(at).kind == crdt::NodeKind::Val)
        at = document->node(at).value();
    return at != crdt::kNoNode && document->node(at).kind == crdt::NodeKind::Str ? document->idOf(at) : crdt::kOrigin;
}

} // namespace

TextPanel::TextPanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_pages(new QStackedWidget), m_title(new ElidedLabel), m_subtitle(new ElidedLabel),
      m_unsaved(new Banner(Icon::Refused, tr("Copy"))), m_lost(new Banner(Icon::Refused, tr("Copy"))), m_hint(pageText({}, "noText"))
{
    m_editor = new TextEditor({.document = [this] { return m_id ? m_session.core().crdtDocument(*m_id) : nullptr; },
                               .edit = [this](const auto &change) { return edit(change); }});
    m_editor->setObjectName("textEditor"_L1);
    m_editor->setAccessibleName(tr("Text"));
    m_editor->setPlaceholderText(tr("Write here. Whoever opens this text sees it as you type."));
    makeHeading(m_title, m_subtitle);
    m_title->setObjectName("textTitle"_L1);
    m_subtitle->setObjectName("textSubtitle"_L1);
    m_unsaved->setObjectName("textUnsaved"_L1);
    m_lost->setObjectName("textLost"_L1);
    m_pages->addWidget(noSelectionText("noTextSelected"));
    m_pages->addWidget(makePage());
    m_pages->addWidget(m_hint);
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_pages);

    connect(m_editor, &TextEditor::undoRequested, this, &TextPanel::undoRequested);
    connect(m_editor, &TextEditor::redoRequested, this, &TextPanel::redoRequested);
    connect(m_editor, &TextEditor::selectionMoved, this, [this] { m_session.setSelection(m_editor->selection()); });
    connect(m_editor, &TextEditor::wentElsewhere, this, &TextPanel::write);
    const TextBinding &binding = m_editor->binding();
    connect(&binding, &TextBinding::refused, this, [this](const Error &error) {
        m_unsaved->setText(tr("What you typed is not saved. It stays here and is tried again. %1").arg(Texts::error(error)));
    });
    connect(&binding, &TextBinding::written, this, [this] { m_unsaved->setText({}); });
    connect(&binding, &TextBinding::lost, this, &TextPanel::onLost);
    connect(m_unsaved, &Banner::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_editor->binding().unwritten()); });
    connect(m_lost, &Banner::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(std::exchange(m_lostText, {}));
        m_lost->setText({});
    });
    connect(&m_session.client(), &client::SyncClient::crdtChanged, this, [this](const client::CrdtChanged &notification) {
        if (notification.documentId == m_id)
            synchronizeSoon();
    });
    connect(&m_session, &Session::peopleChanged, this, [this](const DocumentId &id) {
        if (id == m_id)
            refreshPeople();
    });
    connect(&m_session, &Session::namesLearned, this, &TextPanel::refreshPeople);
}

TextPanel::~TextPanel() = default;

QWidget *TextPanel::makePage()
{
    auto *page = new QWidget;
    auto *layout = new QVBoxLayout(page);
    layout->addWidget(m_title);
    layout->addWidget(m_subtitle);
    layout->addSpacing(4);
    layout->addWidget(m_unsaved);
    layout->addWidget(m_editor, 1);
    return page;
}

QWidget *TextPanel::lostBanner() const
{
    return m_lost;
}

bool TextPanel::hasUnsaved() const
{
    return !m_lostText.isEmpty() || m_editor->binding().hasUnsavedText();
}

// Stays until the user has copied or dismissed it.
void TextPanel::onLost(const QString &typed, const Error &error)
{
    if (!m_lostText.isEmpty())
        m_lostText += u'\n';
    m_lostText += typed;
    const QString shown = QFontMetrics(font()).elidedText(m_lostText.simplified(), Qt::ElideRight, kLostWidth);
    m_lost->setText(tr("What you typed could not be saved: \"%1\". %2").arg(shown, Texts::error(error)));
}

Result<> TextPanel::edit(const client::ClientCore::CrdtEdit &change)
{
    if (!m_id)
        return failure(ErrorCode::NotFound, "no document is shown");
    const bool continues = m_typed.isValid() && m_typed.elapsed() < kStepMs;
    m_typed.start();
    return m_session.editCrdt(*m_id, change, continues ? Session::Step::Continues : Session::Step::Begins);
}

void TextPanel::write()
{
    m_editor->binding().write();
    m_typed.invalidate(); // text that is typed elsewhere or after an undo is a new step
}

void TextPanel::setDocument(const std::optional<DocumentId> &id)
{
    if (id != m_id) {
        write();
        m_editor->binding().setNode(crdt::kOrigin);
        m_id = id;
        m_editor->setPeople({}, {});
    }
    refresh();
}

void TextPanel::synchronizeSoon()
{
    if (!std::exchange(m_stale, true))
        QMetaObject::invokeMethod(this, &TextPanel::synchronize, Qt::QueuedConnection); // not during the client's step
}

void TextPanel::synchronize()
{
    m_stale = false;
    const crdt::Id before = m_editor->binding().node();
    const crdt::Id now = textIn(m_id ? m_session.core().crdtDocument(*m_id) : nullptr);
    m_editor->binding().setNode(now);
    if (now != before) {
        refreshPeople();
        m_session.setSelection(m_editor->selection());
    }
}

void TextPanel::refresh()
{
    const auto shown = m_id ? m_session.document(*m_id) : std::nullopt;
    const bool here = m_id && m_session.core().crdtDocument(*m_id);
    if (!shown || shown->kind == Session::Kind::Game) {
        m_pages->setCurrentIndex(NothingPage);
        return;
    }
    synchronize();
    const bool hasText = !m_editor->binding().node().isOrigin();
    m_hint->setText(!here    ? tr("This text is not here yet, or not any more.")
                    : hasText ? QString()
                              : tr("This document has no text. What it has is on the page \"Contents\"."));
    m_pages->setCurrentIndex(hasText ? TextPage : HintPage);
    m_title->setFullText(m_session.title(*m_id));
    QStringList parts = {QString::fromStdString(m_id->text()), tr("version %1").arg(m_session.states().version(*m_id).value())};
    if (shown->pending > 0)
        parts += tr("%n edit(s) not confirmed", nullptr, int(shown->pending));
    m_subtitle->setFullText(parts.join(u" · "_s));
}

void TextPanel::refreshPeople()
{
    if (m_id)
        m_editor->setPeople(m_session.people(*m_id), [this](const Person &person) { return m_session.personName(person); });
}

} // namespace eventsync::desktop
