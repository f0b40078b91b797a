// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/session.h>

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLineEdit;
class QPushButton;

namespace eventsync::desktop {

// The server's address, the transport, and the offline switch.
class ConnectionBar final : public QWidget
{
    Q_OBJECT

public:
    explicit ConnectionBar(QWidget *parent = nullptr);
    void setServer(const QString &server);
    void setTransport(Transport transport);
    void setOffline(bool offline); // without a signal
    void focusServer();

Q_SIGNALS:
    void connectRequested(const QUrl &server, eventsync::desktop::Transport transport);
    void offlineToggled(bool offline);
    void failed(const QString &text);

private:
    void request();

    QLineEdit *m_server;
    QComboBox *m_transport;
    QPushButton *m_connect;
    QCheckBox *m_offline;
};

} // namespace eventsync::desktop
