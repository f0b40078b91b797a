// SPDX-License-Identifier: Apache-2.0
#include <desktop/dialogs/newdocumentdialog.h>

#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

NewDocumentDialog::NewDocumentDialog(Session::Kind kind, QWidget *parent) : QDialog(parent), m_name(new QLineEdit)
{
    setObjectName("newGameDialog"_L1);
    setWindowTitle(kind == Session::Kind::Game ? tr("New game") : kind == Session::Kind::Text ? tr("New text") : tr("New list"));
    m_name->setObjectName("newGameName"_L1);
    m_name->setMaxLength(200);
    m_name->setPlaceholderText(kind == Session::Kind::Game   ? tr("For example Dragon Quest")
                               : kind == Session::Kind::Text ? tr("For example Meeting notes")
                                                             : tr("For example Shopping"));
    auto *buttons = new QDialogButtonBox;
    QPushButton *create = buttons->addButton(tr("&Create"), QDialogButtonBox::AcceptRole);
    create->setObjectName("createGameButton"_L1);
    create->setEnabled(false);
    buttons->addButton(tr("Cancel"), QDialogButtonBox::RejectRole)->setObjectName("cancelNewGameButton"_L1);
    connect(m_name, &QLineEdit::textChanged, create, [this, create] { create->setEnabled(!name().isEmpty()); });
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *form = new QFormLayout;
    form->addRow(tr("&Name"), m_name);
    auto *layout = new QVBoxLayout(this);
    layout->addLayout(form);
    layout->addWidget(buttons);
    setMinimumWidth(360);
}

QString NewDocumentDialog::name() const
{
    return m_name->text().trimmed();
}

} // namespace eventsync::desktop
