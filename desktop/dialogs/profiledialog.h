// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>

#include <QDialog>

class QComboBox;

namespace eventsync::desktop {

// Shown when a profile cannot be opened because another window has it, or to choose one for a new window: the user can the user
// can open another, or take this one over.
class ProfileDialog final : public QDialog
{
    Q_OBJECT

public:
    enum class Purpose { InUse, NewWindow };

    ProfileDialog(Purpose purpose, const QString &profile, QWidget *parent = nullptr);
    QString profile() const;
    bool wantsTakeOver() const { return m_takeOver; }

private:
    QComboBox *m_profile;
    bool m_takeOver = false;
};

} // namespace eventsync::desktop
