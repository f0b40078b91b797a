// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QProcess>

// The reference implementation of JSON CRDT in a Node process, one request and answer per line.
class ReferencePeer
{
public:
    // Empty if it runs; else why it cannot (no node, no npm, no network).
    QString start(const QString &folder, const QString &script);
    ~ReferencePeer();

    // The answer; one with "error" if the peer failed or went away.
    QJsonObject ask(const QString &command, QJsonObject request = {});

private:
    static QString install(const QString &folder);
    QProcess m_process;
};
