// SPDX-License-Identifier: Apache-2.0
//
// websocketbaseline: what a QWebSocketServer costs with nothing behind it.
//   websocketbaseline PORTFILE broadcast             sends every binary message to all connections
//   websocketbaseline PORTFILE answer BYTES RATE     answers every binary message with RATE messages of BYTES on
//   average
#include <QCoreApplication>
#include <QFile>
#include <QHostAddress>
#include <QSaveFile>
#include <QTimer>
#include <QWebSocket>
#include <QWebSocketServer>

#include <cstdio>

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    const bool broadcast = arguments.size() == 3 && arguments[2] == QLatin1String("broadcast");
    if (!broadcast && !(arguments.size() == 5 && arguments[2] == QLatin1String("answer"))) {
        std::fputs("websocketbaseline PORTFILE broadcast | answer BYTES RATE\n", stderr);
        return 2;
    }
    const QByteArray answer(broadcast ? 0 : arguments[3].toInt(), 'a');
    const double rate = broadcast ? 0 : arguments[4].toDouble();

    QWebSocketServer server(QStringLiteral("baseline"), QWebSocketServer::NonSecureMode);
    server.setMaxPendingConnections(10'000);
    QList<QWebSocket *> sockets;
    QObject::connect(&server, &QWebSocketServer::newConnection, &application, [&] {
        while (QWebSocket *socket = server.nextPendingConnection()) {
            sockets.append(socket);
            QObject::connect(socket, &QWebSocket::disconnected, &application, [&sockets, socket] {
                sockets.removeOne(socket);
                socket->deleteLater();
            });
            QObject::connect(socket, &QWebSocket::binaryMessageReceived, &application,
                             [&, socket, owed = 0.0](const QByteArray &message) mutable {
                                 if (broadcast) {
                                     for (QWebSocket *each : std::as_const(sockets))
                                         each->sendBinaryMessage(message);
                                     return;
                                 }
                                 for (owed += rate; owed >= 1; owed -= 1)
                                     socket->sendBinaryMessage(answer);
                             });
        }
    });
    if (!server.listen(QHostAddress::LocalHost))
        return 1;
    QSaveFile file(arguments[1]);
    if (!file.open(QIODevice::WriteOnly))
        return 1;
    file.write(QByteArray::number(server.serverPort()) + '\n');
    if (!file.commit())
        return 1;
    return application.exec();
}
