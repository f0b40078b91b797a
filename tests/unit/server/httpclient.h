// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <server/server.h>

#include <QEventLoop>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace eventsync::server {

struct Reply
{
    int status = 0;
    QByteArray body;
    QList<QNetworkReply::RawHeaderPair> headers;

    QByteArray header(const QByteArray &name) const
    {
        for (const auto &[key, value] : headers) {
            if (key.compare(name, Qt::CaseInsensitive) == 0)
                return value;
        }
        return {};
    }
    json::Value json() const { return json::parse(body.toStdString()).value_or(json::Value()); }
    // A member of an object's text form: "\"Invalid\"", "3"; empty if there is none.
    std::string member(const char *pointer) const
    {
        const json::Value value = json();
        const json::Value *found = json::find(value, json::Pointer::parse(pointer).value());
        return found ? json::canonical(*found) : std::string();
    }
};

using Headers = std::vector<std::pair<QByteArray, QByteArray>>;

// Blocking requests to a server on this thread.
class HttpClient
{
public:
    explicit HttpClient(QUrl base) : m_base(std::move(base)) {}

    Reply send(const QByteArray &method, const QByteArray &target, const QByteArray &body = {}, const Headers &headers = {})
    {
        return answer(*begin(method, target, body, headers));
    }
    // A request of several at a time, and its answer.
    std::unique_ptr<QNetworkReply> begin(const QByteArray &method, const QByteArray &target, const QByteArray &body = {},
                                         const Headers &headers = {})
    {
        QNetworkRequest request(m_base.resolved(QUrl::fromEncoded(target)));
        bool hasType = false;
        for (const auto &[name, value] : headers) {
            request.setRawHeader(name, value);
            hasType |= name.compare("Content-Type", Qt::CaseInsensitive) == 0;
        }
        if (!body.isEmpty() && !hasType)
            request.setRawHeader("Content-Type", "application/json");
        return std::unique_ptr<QNetworkReply>(m_manager.sendCustomRequest(request, method, body));
    }
    static Reply answer(QNetworkReply &reply)
    {
        QEventLoop loop;
        QObject::connect(&reply, &QNetworkReply::finished, &loop, &QEventLoop::quit);
        if (!reply.isFinished())
            loop.exec();
        return {reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), reply.readAll(), reply.rawHeaderPairs()};
    }
    Reply get(const QByteArray &target, const Headers &headers = {}) { return send("GET", target, {}, headers); }
    std::unique_ptr<QNetworkReply> stream(const QByteArray &target, const Headers &headers = {})
    {
        QNetworkRequest request(m_base.resolved(QUrl::fromEncoded(target)));
        for (const auto &[name, value] : headers)
            request.setRawHeader(name, value);
        return std::unique_ptr<QNetworkReply>(m_manager.get(request));
    }

private:
    QUrl m_base;
    QNetworkAccessManager m_manager;
};

// A server in this process, on a free port, with its own data folder.
struct RunningServer
{
    explicit RunningServer(const StoreLocation &store = {.kind = StoreLocation::Kind::Memory}, const QString &folder = {},
                           std::map<CollectionName, CollectionPolicy> collections = {})
    {
        Configuration configuration;
        configuration.listen.push_back({});
        configuration.store = store;
        configuration.dataFolder = (folder.isEmpty() ? temporary.filePath(QStringLiteral("data")) : folder).toStdString();
        configuration.durability = storage::SqliteBackend::Durability::Off;
        configuration.collections = std::move(collections);
        auto started = Server::start(configuration);
        if (!started)
            qFatal("%s", started.error().toString().c_str());
        server = std::move(*started);
    }

    QTemporaryDir temporary;
    std::unique_ptr<Server> server;
};

} // namespace eventsync::server
