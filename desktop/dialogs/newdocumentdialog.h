// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/session.h>

#include <QDialog>

class QLineEdit;

namespace eventsync::desktop {

// Asks for the name of a new game, text or list.
class NewDocumentDialog final : public QDialog
{
    Q_OBJECT

public:
    explicit NewDocumentDialog(Session::Kind kind, QWidget *parent = nullptr);
    QString name() const;

private:
    QLineEdit *m_name;
};

} // namespace eventsync::desktop
