// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/documentspanel.h>

#include <desktop/icons.h>
#include <desktop/panels/parts.h>

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

constexpr int kWidestNumber = 80; // the names need the rest

} // namespace

DocumentsPanel::DocumentsPanel(Session &session, QWidget *parent)
    : QWidget(parent), m_model(new DocumentsModel(session, this)), m_proxy(new QSortFilterProxyModel(this)),
      m_delete(new QPushButton(icon(Icon::Delete), tr("&Delete")))
{
    m_proxy->setSourceModel(m_model);
    m_proxy->setSortRole(DocumentsModel::SortRole);
    m_proxy->setSortCaseSensitivity(Qt::CaseInsensitive);
    m_proxy->setSortLocaleAware(true);
    m_proxy->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_proxy->setFilterKeyColumn(DocumentsModel::Name);
    m_table = makeTable("gamesView", tr("Documents"), m_proxy, DocumentsModel::Name);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(DocumentsModel::Name, Qt::AscendingOrder);
    QHeaderView *header = m_table->horizontalHeader();
    header->setMaximumSectionSize(kWidestNumber);
    for (const int column : {DocumentsModel::Level, DocumentsModel::Gold}) // a number that is cut is another number
        header->setSectionResizeMode(column, QHeaderView::ResizeToContents);
    m_table->setColumnWidth(DocumentsModel::Status, 96);
    m_list = new WithEmptyText(m_table, {});
    setFocusProxy(m_table);
    setLoading(true);

    auto *filter = new QLineEdit;
    filter->setObjectName("gamesFilter"_L1);
    filter->setPlaceholderText(tr("Find a document"));
    filter->setAccessibleName(tr("Find a document"));
    filter->setClearButtonEnabled(true);
    QToolButton *create = makeCreateButton();
    m_delete->setObjectName("deleteGameButton"_L1);
    m_delete->setToolTip(tr("Delete the selected document for everybody"));
    m_delete->setEnabled(false);

    auto *buttons = new QHBoxLayout;
    buttons->addWidget(create);
    buttons->addWidget(m_delete);
    buttons->addStretch();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 4, 4, 8);
    layout->addWidget(filter);
    layout->addWidget(m_list, 1);
    layout->addLayout(buttons);

    connect(filter, &QLineEdit::textChanged, m_proxy, &QSortFilterProxyModel::setFilterFixedString);
    connect(m_delete, &QPushButton::clicked, this, &DocumentsPanel::deleteRequested);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        m_delete->setEnabled(current().has_value());
        if (current())
            m_wanted.reset();
        Q_EMIT currentChanged();
    });
    connect(m_model, &QAbstractItemModel::rowsInserted, this, &DocumentsPanel::keepSelection);
}

QToolButton *DocumentsPanel::makeCreateButton()
{
    auto *create = new QToolButton;
    create->setObjectName("newGameButton"_L1);
    create->setText(tr("&New game…"));
    create->setIcon(icon(Icon::Add));
    create->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    create->setPopupMode(QToolButton::MenuButtonPopup);
    create->setToolTip(tr("Create a game (Ctrl+N); the arrow: a text or a list to write together"));
    auto *menu = new QMenu(create);
    auto add = [&](Session::Kind kind, const QString &text) {
        connect(menu->addAction(icon(DocumentsModel::iconOf(kind)), text), &QAction::triggered, this, [this, kind] { Q_EMIT createRequested(kind); });
    };
    add(Session::Kind::Game, tr("New &game…"));
    add(Session::Kind::Text, tr("New &text…"));
    add(Session::Kind::List, tr("New &list…"));
    create->setMenu(menu);
    connect(create, &QToolButton::clicked, this, [this] { Q_EMIT createRequested(Session::Kind::Game); });
    return create;
}

std::optional<DocumentId> DocumentsPanel::current() const
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    if (rows.isEmpty())
        return std::nullopt;
    return m_model->document(m_proxy->mapToSource(rows.constFirst()).row()).id;
}

void DocumentsPanel::select(const DocumentId &id)
{
    m_wanted = id;
    keepSelection();
}

void DocumentsPanel::keepSelection()
{
    if (!m_wanted)
        return;
    const int row = m_model->rowOf(*m_wanted);
    const QModelIndex index = row < 0 ? QModelIndex() : m_proxy->mapFromSource(m_model->index(row, 0));
    if (!index.isValid())
        return;
    m_wanted.reset();
    m_table->selectRow(index.row());
    m_table->scrollTo(index);
}

void DocumentsPanel::setLoading(bool loading)
{
    m_list->setEmptyText(loading ? tr("Nothing is here yet.\nThe server's list comes with the first connection.")
                                 : tr("No games, texts or lists yet – create one."));
}

} // namespace eventsync::desktop
