// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/gamepanel.h>

#include <desktop/icons.h>
#include <desktop/panels/parts.h>
#include <desktop/texts.h>

#include <QGridLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpressionValidator>
#include <QStackedWidget>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

constexpr std::int64_t kQuickGold = 50;
constexpr std::int64_t kQuickExperience = 100;

} // namespace

GamePanel::GamePanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_model(new StateModel(this)), m_pages(new QStackedWidget),
      m_title(new ElidedLabel), m_subtitle(new ElidedLabel), m_tree(new QTreeView),
      m_gone(pageText(tr("This game is not there any more."), "gameGone"))
{
    makeHeading(m_title, m_subtitle);
    m_title->setObjectName("gameTitle"_L1);
    m_subtitle->setObjectName("gameSubtitle"_L1);

    auto *grid = new QGridLayout;
    grid->setColumnStretch(1, 1);
    grid->setHorizontalSpacing(10);
    addField(grid, tr("&Name"), "name", false);
    addField(grid, tr("&Gold"), "gold", true);
    addField(grid, tr("&Experience"), "experience", true);
    addField(grid, tr("&Level"), "level", true);

    m_gold = addAction(tr("+50 gold"), "addGoldButton", Icon::Gold, tr("Adds to what anybody else adds at the same time"));
    m_experience = addAction(tr("+100 experience"), "addExperienceButton", Icon::Experience,
                             tr("Adds to what anybody else adds at the same time"));
    m_level = addAction(tr("Level up"), "levelUpButton", Icon::LevelUp, tr("One level more"));
    m_save = addAction(tr("Sa&ve"), "saveButton", Icon::Save, tr("Write the fields that you have changed (Ctrl+S)"));
    m_revert = addAction(tr("&Revert"), "revertButton", Icon::Revert, tr("Forget what you have typed"));
    m_save->setShortcut(QKeySequence::Save);
    auto *actions = new QHBoxLayout;
    for (QPushButton *button : {m_gold, m_experience, m_level})
        actions->addWidget(button);
    actions->addStretch();
    actions->addWidget(m_revert);
    actions->addWidget(m_save);
    buildTree();

    auto *page = new QWidget;
    auto *layout = new QVBoxLayout(page);
    layout->addWidget(m_title);
    layout->addWidget(m_subtitle);
    layout->addSpacing(4);
    layout->addLayout(grid);
    layout->addLayout(actions);
    layout->addSpacing(4);
    layout->addWidget(m_tree, 1);
    m_pages->addWidget(noSelectionText("noGame"));
    m_pages->addWidget(page);
    m_pages->addWidget(m_gone);
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_pages);

    connect(m_gold, &QPushButton::clicked, this, [this] { m_session.add(*m_id, json::Pointer({"gold"}), kQuickGold); });
    connect(m_experience, &QPushButton::clicked, this,
            [this] { m_session.add(*m_id, json::Pointer({"experience"}), kQuickExperience); });
    connect(m_level, &QPushButton::clicked, this, [this] { m_session.add(*m_id, json::Pointer({"level"}), 1); });
    connect(m_save, &QPushButton::clicked, this, &GamePanel::save);
    connect(m_revert, &QPushButton::clicked, this, &GamePanel::revert);
    connect(m_model, &StateModel::editRequested, this, [this](const json::Pointer &path, const json::Value &value) {
        if (m_id)
            m_session.setValue(*m_id, path, value);
    }, Qt::QueuedConnection); // not inside the view's own commit of an editor
    refreshButtons();
}

void GamePanel::addField(QGridLayout *grid, const QString &label, const char *name, bool number)
{
    const int row = grid->rowCount();
    auto *edit = new QLineEdit;
    edit->setObjectName(QLatin1StringView(name) + "Edit"_L1);
    if (number) {
        static const QRegularExpression integer(u"^-?[0-9]{1,15}$"_s);
        edit->setValidator(new QRegularExpressionValidator(integer, edit));
    }
    auto *text = new QLabel(label);
    text->setBuddy(edit);
    auto *mark = new QToolButton;
    mark->setObjectName(QLatin1StringView(name) + "Mark"_L1);
    mark->setAutoRaise(true);
    mark->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    mark->setIcon(icon(Icon::Waiting));
    mark->setText(tr("not confirmed"));
    mark->setToolTip(tr("The server has not confirmed this value yet. Click to see the queue."));
    QSizePolicy policy = mark->sizePolicy();
    policy.setRetainSizeWhenHidden(true); // fields do not jump when a mark comes or goes
    mark->setSizePolicy(policy);
    mark->hide();
    grid->addWidget(text, row, 0);
    grid->addWidget(edit, row, 1);
    grid->addWidget(mark, row, 2);
    const std::size_t place = m_fields.size();
    m_fields.push_back({.path = json::Pointer({name}), .number = number, .edit = edit, .mark = mark});
    connect(edit, &QLineEdit::textEdited, this, [this, place] {
        m_fields[place].dirty = m_fields[place].edit->text() != m_fields[place].shown;
        refreshButtons();
    });
    connect(edit, &QLineEdit::returnPressed, this, &GamePanel::save);
    connect(mark, &QToolButton::clicked, this, &GamePanel::queueRequested);
}

QPushButton *GamePanel::addAction(const QString &text, const char *name, Icon id, const QString &tip)
{
    auto *button = new QPushButton(icon(id), text);
    button->setObjectName(QLatin1StringView(name));
    button->setToolTip(tip);
    return button;
}

void GamePanel::buildTree()
{
    m_tree->setObjectName("stateView"_L1);
    m_tree->setAccessibleName(tr("State of the game"));
    m_tree->setModel(m_model);
    m_tree->setAlternatingRowColors(true);
    m_tree->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_tree->header()->setSectionResizeMode(StateModel::Value, QHeaderView::Stretch);
    m_tree->header()->setStretchLastSection(false);
    m_tree->setColumnWidth(StateModel::Key, 150);
    m_tree->setColumnWidth(StateModel::Status, 220);
    m_tree->setUniformRowHeights(true);
}

void GamePanel::setDocument(const std::optional<DocumentId> &id)
{
    if (id != m_id) {
        m_id = id;
        for (Field &field : m_fields)
            field.dirty = false;
    }
    refresh();
}

void GamePanel::refresh()
{
    if (!m_id) {
        m_model->setState({}, {});
        m_pages->setCurrentIndex(0);
        return;
    }
    const json::State optimistic = m_session.states().optimistic(*m_id);
    const json::State confirmed = m_session.states().confirmed(*m_id);
    m_pages->setCurrentIndex(optimistic ? 1 : 2);
    m_model->setState(optimistic, confirmed);
    m_title->setFullText(m_session.title(*m_id));
    m_subtitle->setFullText(tr("%1 · version %2").arg(QString::fromStdString(m_id->text()))
                                .arg(m_session.states().version(*m_id).value()));
    refreshFields(optimistic, confirmed);
    refreshButtons();
}

void GamePanel::refreshFields(const json::State &optimistic, const json::State &confirmed)
{
    for (Field &field : m_fields) {
        const json::Value *now = optimistic ? json::find(*optimistic, field.path) : nullptr;
        const json::Value *before = confirmed ? json::find(*confirmed, field.path) : nullptr;
        const bool same = now == before || (now && before && json::equal(*now, *before));
        field.mark->setVisible(!same);
        field.shown = !now ? QString()
                      : now->is_string() ? Texts::fromUtf8({now->get_string().data(), now->get_string().size()})
                                         : QString::fromStdString(json::canonical(*now));
        if (field.dirty && field.edit->text() != field.shown)
            continue; // a field that the user is editing is not replaced
        field.dirty = false;
        if (field.edit->text() != field.shown) {
            const int cursor = field.edit->cursorPosition();
            field.edit->setText(field.shown);
            field.edit->setCursorPosition(field.edit->hasFocus() ? cursor : 0);
        }
    }
}

void GamePanel::refreshButtons()
{
    bool dirty = false, good = true;
    for (const Field &field : m_fields) {
        dirty = dirty || field.dirty;
        good = good && (!field.dirty || field.edit->hasAcceptableInput());
    }
    m_save->setEnabled(dirty && good);
    m_revert->setEnabled(dirty);
}

void GamePanel::save()
{
    std::map<json::Pointer, json::Value> values;
    for (Field &field : m_fields) {
        if (!field.dirty || !field.edit->hasAcceptableInput())
            continue;
        if (field.number)
            values.emplace(field.path, json::Value(std::int64_t(field.edit->text().toLongLong())));
        else
            values.emplace(field.path, json::Value(json::String(field.edit->text().toStdString())));
        field.dirty = false;
    }
    if (m_id && !values.empty())
        m_session.setValues(*m_id, std::move(values));
    refresh();
}

void GamePanel::revert()
{
    for (Field &field : m_fields)
        field.dirty = false;
    refresh();
}

} // namespace eventsync::desktop
