// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/contentspanel.h>

#include <desktop/icons.h>
#include <desktop/panels/parts.h>
#include <desktop/texts.h>

#include <QHBoxLayout>
#include <QHeaderView>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QStyledItemDelegate>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

enum Page { ContentsPage, GonePage, NothingPage };

// Rows with room for a line editor in them.
class EditableRowDelegate final : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        const QSize size = QStyledItemDelegate::sizeHint(option, index);
        return {size.width(), std::max(size.height(), option.fontMetrics.height() + 10)};
    }
};

} // namespace

ContentsPanel::ContentsPanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_model(new NodeModel(this)), m_tree(new QTreeView), m_pages(new QStackedWidget),
      m_add(new QToolButton), m_remove(new QPushButton(icon(Icon::Delete), tr("&Delete"))),
      m_up(new QPushButton(icon(Icon::Up), tr("&Up"))), m_down(new QPushButton(icon(Icon::Down), tr("D&own")))
{
    m_tree->setObjectName("contentsView"_L1);
    m_tree->setAccessibleName(tr("Contents of the document"));
    m_tree->setModel(m_model);
    m_tree->setAlternatingRowColors(true);
    m_tree->setUniformRowHeights(true);
    m_tree->setItemDelegate(new EditableRowDelegate(m_tree));
    m_tree->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_tree->header()->setSectionResizeMode(NodeModel::Value, QHeaderView::Stretch);
    m_tree->header()->setStretchLastSection(false);
    m_tree->setColumnWidth(NodeModel::Key, 180);
    buildButtons();
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_add);
    for (QPushButton *button : {m_remove, m_up, m_down})
        buttons->addWidget(button);
    buttons->addStretch();
    auto *page = new QWidget;
    auto *layout = new QVBoxLayout(page);
    layout->addWidget(m_tree, 1);
    layout->addLayout(buttons);
    m_pages->addWidget(page);
    m_pages->addWidget(pageText(tr("This document is not here yet, or not any more."), "noContents"));
    m_pages->addWidget(noSelectionText("noContentsSelected"));
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_pages);

    connect(m_model, &NodeModel::valueRequested, this, [this](const NodePlace &place, const json::Value &value) {
        edit([&](crdt::Api &api) { return NodeEdit::setValue(api, place, value); });
    }, Qt::QueuedConnection); // not inside the view's own commit of an editor
    connect(m_model, &NodeModel::keyRequested, this, &ContentsPanel::rename, Qt::QueuedConnection);
    connect(m_model, &QAbstractItemModel::rowsInserted, m_tree, [this](const QModelIndex &to) { m_tree->expand(to); });
    connect(m_tree->selectionModel(), &QItemSelectionModel::currentChanged, this, &ContentsPanel::refreshButtons);
    connect(&m_session.client(), &client::SyncClient::crdtChanged, this, [this](const client::CrdtChanged &notification) {
        if (notification.documentId == m_id)
            refreshSoon();
    });
    refresh();
}

void ContentsPanel::buildButtons()
{
    m_add->setObjectName("addEntryButton"_L1);
    m_add->setText(tr("&Add"));
    m_add->setIcon(icon(Icon::Add));
    m_add->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_add->setPopupMode(QToolButton::MenuButtonPopup);
    m_add->setToolTip(tr("Add to the selected list or object, or behind the selected element"));
    auto *menu = new QMenu(m_add);
    auto kind = [&](const QString &text, const char *name, json::Value value) {
        QAction *action = menu->addAction(text);
        action->setObjectName(QLatin1StringView(name));
        connect(action, &QAction::triggered, this, [this, value = std::move(value)] { add(value); });
    };
    kind(tr("&Text"), "addTextAction", json::String());
    kind(tr("&Number"), "addNumberAction", 0);
    kind(tr("&Yes or no"), "addBooleanAction", true);
    kind(tr("&List"), "addListAction", json::Array());
    kind(tr("&Object"), "addObjectAction", json::Object());
    m_add->setMenu(menu);
    m_remove->setObjectName("removeEntryButton"_L1);
    m_remove->setToolTip(tr("Delete the selected entry for everybody; undo brings it back"));
    m_up->setObjectName("moveUpButton"_L1);
    m_up->setToolTip(tr("Move the selected element towards the front of its list"));
    m_down->setObjectName("moveDownButton"_L1);
    m_down->setToolTip(tr("Move the selected element towards the end of its list"));
    connect(m_add, &QToolButton::clicked, this, [this] { add(json::String()); });
    connect(m_remove, &QPushButton::clicked, this, &ContentsPanel::remove);
    connect(m_up, &QPushButton::clicked, this, [this] { move(-1); });
    connect(m_down, &QPushButton::clicked, this, [this] { move(1); });
}

void ContentsPanel::setDocument(const std::optional<DocumentId> &id)
{
    if (id != m_id) {
        m_id = id;
        m_model->setDocument(nullptr); // no row of another document stays
        refresh();
    }
}

void ContentsPanel::refreshSoon()
{
    if (isVisible() && !std::exchange(m_stale, true)) // not visible: updated when it is shown
        QMetaObject::invokeMethod(this, &ContentsPanel::refresh, Qt::QueuedConnection);
}

void ContentsPanel::refresh()
{
    m_stale = false;
    const crdt::Document *document = m_id ? m_session.core().crdtDocument(*m_id) : nullptr;
    m_model->setDocument(document);
    m_pages->setCurrentIndex(document ? ContentsPage : m_id ? GonePage : NothingPage);
    refreshButtons();
}

void ContentsPanel::showEvent(QShowEvent *event)
{
    refresh();
    QWidget::showEvent(event);
}

QModelIndex ContentsPanel::current() const
{
    return m_tree->currentIndex().siblingAtColumn(NodeModel::Key);
}

void ContentsPanel::select(const NodePlace &place)
{
    refresh();
    const QModelIndex index = m_model->indexOf(place);
    m_tree->setCurrentIndex(index);
    m_tree->scrollTo(index);
}

void ContentsPanel::refreshButtons()
{
    const QModelIndex index = current();
    const crdt::NodeKind in = m_model->kindOf(index.parent());
    const bool inList = index.isValid() && in == crdt::NodeKind::Arr;
    m_add->setEnabled(m_id && (m_model->isContainer(index) || m_model->isContainer(index.parent())));
    m_remove->setEnabled(index.isValid() && in != crdt::NodeKind::Vec);
    m_up->setEnabled(inList && index.row() > 0);
    m_down->setEnabled(inList && index.row() + 1 < m_model->rowCount(index.parent()));
}

bool ContentsPanel::edit(const client::ClientCore::CrdtEdit &change)
{
    if (!m_id)
        return false;
    const Result<> done = m_session.editCrdt(*m_id, change);
    if (!done)
        Q_EMIT failed(tr("The change was not made. %1").arg(Texts::error(done.error())));
    refresh();
    return done.has_value();
}

// Adds into the selected container, or after the selected entry; its name or value can be typed at once.
void ContentsPanel::add(const json::Value &value)
{
    m_tree->setFocus(); // ends the editor of a row
    const QModelIndex index = current();
    const bool into = m_model->isContainer(index);
    const QModelIndex container = into ? index : index.parent();
    const NodePlace behind = m_model->placeOf(index);
    const bool inList = m_model->kindOf(container) == crdt::NodeKind::Arr;
    NodePlace made;
    const bool done = edit([&](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(made, NodeEdit::add(api, m_model->nodeOf(container), value, into || !inList ? nullptr : &behind));
        return {};
    });
    if (!done)
        return;
    select(made);
    m_tree->edit(current().siblingAtColumn(m_model->kindOf(container) == crdt::NodeKind::Obj ? NodeModel::Key : NodeModel::Value));
}

void ContentsPanel::remove()
{
    const NodePlace place = m_model->placeOf(current());
    edit([&](crdt::Api &api) { return NodeEdit::remove(api, place); });
}

void ContentsPanel::move(int by)
{
    const NodePlace place = m_model->placeOf(current());
    NodePlace moved;
    const bool done = edit([&](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(moved, NodeEdit::move(api, place, by));
        return {};
    });
    if (done)
        select(moved);
}

void ContentsPanel::rename(const NodePlace &place, const std::string &key)
{
    const QModelIndex before = m_model->indexOf(place);
    NodePlace renamed = place;
    renamed.key = key;
    if (m_model->indexOf(renamed).isValid()) {
        Q_EMIT failed(tr("There is an entry \"%1\" already.").arg(Texts::fromUtf8(key)));
        return;
    }
    const bool wasCurrent = before == current();
    if (edit([&](crdt::Api &api) { return NodeEdit::rename(api, place, key); }) && wasCurrent)
        select(renamed);
}

} // namespace eventsync::desktop
