// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

class QTcpSocket;

namespace eventsync::server {

std::string httpDate();                          ///< now, "Sat, 21 Nov 2026 09:30:00 GMT"
std::string peerText(const QTcpSocket &socket);  ///< "127.0.0.1:40312", "[::1]:40312"

} // namespace eventsync::server
