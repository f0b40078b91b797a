// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/connectionbar.h>

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

ConnectionBar::ConnectionBar(QWidget *parent)
    : QWidget(parent), m_server(new QLineEdit), m_transport(new QComboBox), m_connect(new QPushButton(tr("&Connect"))),
      m_offline(new QCheckBox(tr("Work o&ffline")))
{
    m_server->setObjectName("serverEdit"_L1);
    m_server->setPlaceholderText(u"http://127.0.0.1:8080"_s);
    m_server->setToolTip(tr("Address of the server"));
    m_transport->setObjectName("transportBox"_L1);
    m_transport->setAccessibleName(tr("Transport"));
    m_transport->setToolTip(tr("How to talk to the server: WebSocket, or server-sent events where a proxy lets only plain HTTP through"));
    m_transport->addItem(tr("WebSocket"), int(Transport::WebSocket));
    m_transport->addItem(tr("Server-sent events"), int(Transport::Sse));
    m_connect->setObjectName("connectButton"_L1);
    m_connect->setToolTip(tr("Connect to this server"));
    m_offline->setObjectName("offlineSwitch"_L1);
    m_offline->setToolTip(tr("Edits wait in the queue until this is switched off"));
    auto *label = new QLabel(tr("&Server"));
    label->setBuddy(m_server);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 4);
    layout->addWidget(label);
    layout->addWidget(m_server, 1);
    layout->addWidget(m_transport);
    layout->addWidget(m_connect);
    layout->addSpacing(12);
    layout->addWidget(m_offline);
    connect(m_connect, &QPushButton::clicked, this, &ConnectionBar::request);
    connect(m_server, &QLineEdit::returnPressed, this, &ConnectionBar::request);
    connect(m_offline, &QCheckBox::toggled, this, &ConnectionBar::offlineToggled);
}

void ConnectionBar::request()
{
    const auto url = serverUrlFrom(m_server->text());
    if (!url) {
        Q_EMIT failed(QString::fromStdString(url.error().message));
        m_server->setFocus();
        return;
    }
    m_offline->setChecked(false); // who connects does not want to be offline
    Q_EMIT connectRequested(*url, Transport(m_transport->currentData().toInt()));
}

void ConnectionBar::setServer(const QString &server)
{
    m_server->setText(server);
    m_server->setCursorPosition(0);
}

void ConnectionBar::setTransport(Transport transport)
{
    m_transport->setCurrentIndex(m_transport->findData(int(transport)));
}

void ConnectionBar::setOffline(bool offline)
{
    const QSignalBlocker quiet(m_offline);
    m_offline->setChecked(offline);
}

void ConnectionBar::focusServer()
{
    m_server->setFocus();
    m_server->selectAll();
}

} // namespace eventsync::desktop
