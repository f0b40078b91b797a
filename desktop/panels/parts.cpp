// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/parts.h>

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPainter>
#include <QTableView>
#include <QToolButton>

namespace eventsync::desktop {

// ---- ElidedLabel

ElidedLabel::ElidedLabel(QWidget *parent) : QLabel(parent)
{
    setTextFormat(Qt::PlainText);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
}

void ElidedLabel::setFullText(const QString &text)
{
    setText(text);
    setToolTip(text);
}

QSize ElidedLabel::minimumSizeHint() const
{
    return {fontMetrics().averageCharWidth() * 8, QLabel::minimumSizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRect rect = contentsRect();
    painter.drawText(rect, int(Qt::AlignLeading | Qt::AlignVCenter), fontMetrics().elidedText(text(), Qt::ElideRight, rect.width()));
}

// ---- WithEmptyText

WithEmptyText::WithEmptyText(QAbstractItemView *view, const QString &text, QWidget *parent)
    : QStackedWidget(parent), m_view(view), m_text(new QLabel(text))
{
    m_text->setAlignment(Qt::AlignCenter);
    m_text->setWordWrap(true);
    m_text->setMargin(24);
    m_text->setForegroundRole(QPalette::PlaceholderText);
    m_text->setBackgroundRole(QPalette::Base);
    m_text->setAutoFillBackground(true);
    m_text->setFrameStyle(QFrame::StyledPanel | QFrame::Sunken);
    m_text->setObjectName(view->objectName() + QStringLiteral("Empty"));
    addWidget(m_view);
    addWidget(m_text);
    const QAbstractItemModel *model = view->model();
    connect(model, &QAbstractItemModel::rowsInserted, this, &WithEmptyText::refresh);
    connect(model, &QAbstractItemModel::rowsRemoved, this, &WithEmptyText::refresh);
    connect(model, &QAbstractItemModel::modelReset, this, &WithEmptyText::refresh);
    refresh();
}

void WithEmptyText::refresh()
{
    setCurrentIndex(m_view->model()->rowCount() > 0 ? 0 : 1);
}

// ---- Banner

Banner::Banner(Icon id, const QString &buttonText, QWidget *parent)
    : QFrame(parent), m_text(new QLabel), m_button(new QToolButton)
{
    setFrameStyle(QFrame::StyledPanel);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::AlternateBase);
    auto *sign = new QLabel;
    sign->setPixmap(icon(id).pixmap(20, 20));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_button->setText(buttonText);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 6, 8, 6);
    layout->addWidget(sign);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_button);
    connect(m_button, &QToolButton::clicked, this, &Banner::clicked);
    hide();
}

void Banner::setText(const QString &text)
{
    m_text->setText(text);
    setVisible(!text.isEmpty());
}

// ---- tables

QTableView *makeTable(const char *objectName, const QString &accessibleName, QAbstractItemModel *model, int stretched)
{
    auto *table = new QTableView;
    table->setObjectName(QLatin1StringView(objectName));
    table->setAccessibleName(accessibleName);
    table->setModel(model);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setAlternatingRowColors(true);
    table->setShowGrid(false);
    table->setWordWrap(false);
    table->setTextElideMode(Qt::ElideRight);
    table->setTabKeyNavigation(false);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 10);
    QHeaderView *header = table->horizontalHeader();
    header->setHighlightSections(false);
    header->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    header->setSectionResizeMode(QHeaderView::Interactive);
    header->setSectionResizeMode(stretched, QHeaderView::Stretch);
    return table;
}

QLabel *pageText(const QString &text, const char *name)
{
    auto *label = new QLabel(text);
    label->setObjectName(QLatin1StringView(name));
    label->setAlignment(Qt::AlignCenter);
    label->setWordWrap(true);
    label->setMargin(24);
    label->setForegroundRole(QPalette::PlaceholderText);
    return label;
}

QLabel *noSelectionText(const char *name)
{
    return pageText(QCoreApplication::translate("Parts", "Select a document on the left, or create one."), name);
}

void makeHeading(ElidedLabel *title, ElidedLabel *subtitle)
{
    QFont font = title->font();
    font.setPointSizeF(font.pointSizeF() * 1.5);
    font.setBold(true);
    title->setFont(font);
    subtitle->setForegroundRole(QPalette::PlaceholderText);
}

} // namespace eventsync::desktop
