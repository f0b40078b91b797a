// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/icons.h>

#include <QFrame>
#include <QLabel>
#include <QStackedWidget>

class QAbstractItemModel;
class QAbstractItemView;
class QTableView;
class QToolButton;

// Small widgets that several panels share.
namespace eventsync::desktop {

// One line of text: a text that does not fit ends in "…", and the tooltip has all of it.
class ElidedLabel final : public QLabel
{
    Q_OBJECT

public:
    explicit ElidedLabel(QWidget *parent = nullptr);
    void setFullText(const QString &text);
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

// A view, or a text in its place while its model has no rows.
class WithEmptyText final : public QStackedWidget
{
    Q_OBJECT

public:
    WithEmptyText(QAbstractItemView *view, const QString &text, QWidget *parent = nullptr);
    void setEmptyText(const QString &text) { m_text->setText(text); }

private:
    void refresh();

    QAbstractItemView *m_view;
    QLabel *m_text;
};

// An icon, a sentence and at most one button, above the content that it refers to.
class Banner final : public QFrame
{
    Q_OBJECT

public:
    Banner(Icon id, const QString &buttonText, QWidget *parent = nullptr);
    void setText(const QString &text);
    QLabel *label() const { return m_text; }
    QToolButton *button() const { return m_button; }

Q_SIGNALS:
    void clicked();

private:
    QLabel *m_text;
    QToolButton *m_button;
};

// A read-only table in the style of this program: whole rows, no grid, long texts elided, the column `stretched` takes the
// rest.
QTableView *makeTable(const char *objectName, const QString &accessibleName, QAbstractItemModel *model, int stretched);

// The text of a page without content: in its middle, in the colour of a placeholder.
QLabel *pageText(const QString &text, const char *objectName);

// The same while no document is selected.
QLabel *noSelectionText(const char *objectName);

// The two lines at the top of a page: the document's name, and its id under it.
void makeHeading(ElidedLabel *title, ElidedLabel *subtitle);

} // namespace eventsync::desktop
