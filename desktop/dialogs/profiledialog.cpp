// SPDX-License-Identifier: Apache-2.0
#include <desktop/dialogs/profiledialog.h>

#include <desktop/profile.h>

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

QString freshName(const QStringList &taken)
{
    for (int n = 2;; ++n) {
        const QString name = u"window-%1"_s.arg(n);
        if (!taken.contains(name))
            return name;
    }
}

} // namespace

ProfileDialog::ProfileDialog(Purpose purpose, const QString &profile, QWidget *parent)
    : QDialog(parent), m_profile(new QComboBox)
{
    setObjectName("profileDialog"_L1);
    setWindowTitle(purpose == Purpose::InUse ? tr("This profile is open") : tr("New window"));
    QStringList others = Profile::names();
    const QString fresh = freshName(others);
    others.removeAll(profile);
    others.prepend(fresh);
    m_profile->setObjectName("profileBox"_L1);
    m_profile->setEditable(true);
    m_profile->addItems(others);
    auto *text = new QLabel(purpose == Purpose::InUse
                                ? tr("Another window has the profile \"%1\" open. A profile is one replica and is edited in "
                                     "one window at a time.").arg(profile)
                                : tr("Each window edits as a replica of its own, like another device."));
    text->setWordWrap(true);
    auto *buttons = new QDialogButtonBox;
    QPushButton *open = buttons->addButton(tr("&Open this profile"), QDialogButtonBox::AcceptRole);
    open->setObjectName("openProfileButton"_L1);
    open->setDefault(true);
    if (purpose == Purpose::InUse) {
        QPushButton *take = buttons->addButton(tr("&Take \"%1\" over").arg(profile), QDialogButtonBox::ActionRole);
        take->setObjectName("takeOverButton"_L1);
        take->setToolTip(tr("Closes the other window and opens the profile here"));
        connect(take, &QPushButton::clicked, this, [this] {
            m_takeOver = true;
            accept();
        });
    }
    buttons->addButton(tr("Cancel"), QDialogButtonBox::RejectRole);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_profile, &QComboBox::currentTextChanged, open, [open](const QString &name) { open->setEnabled(isProfileName(name)); });
    auto *form = new QFormLayout;
    form->addRow(tr("&Profile"), m_profile);
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(text);
    layout->addLayout(form);
    layout->addWidget(buttons);
    setMinimumWidth(440);
}

QString ProfileDialog::profile() const
{
    return m_profile->currentText();
}

} // namespace eventsync::desktop
