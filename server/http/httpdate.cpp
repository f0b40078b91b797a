// SPDX-License-Identifier: Apache-2.0
#include <server/http/httpdate.h>

#include <QDateTime>
#include <QHostAddress>
#include <QLocale>
#include <QTcpSocket>

namespace eventsync::server {

std::string httpDate()
{
    using namespace Qt::StringLiterals;
    thread_local qint64 second = -1;
    thread_local std::string text;
    const QDateTime now = QDateTime::currentDateTimeUtc();
    if (const qint64 present = now.toSecsSinceEpoch(); present != second) {
        second = present;
        text = QLocale::c().toString(now, u"ddd, dd MMM yyyy hh:mm:ss 'GMT'"_s).toStdString();
    }
    return text;
}

std::string peerText(const QTcpSocket &socket)
{
    bool isIpv4 = false;
    const QHostAddress address = socket.peerAddress();
    const quint32 ipv4 = address.toIPv4Address(&isIpv4); // also of ::ffff:a.b.c.d
    const std::string port = ':' + std::to_string(socket.peerPort());
    if (isIpv4)
        return QHostAddress(ipv4).toString().toStdString() + port;
    return '[' + address.toString().toStdString() + ']' + port;
}

} // namespace eventsync::server
