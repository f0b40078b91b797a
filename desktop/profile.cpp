// SPDX-License-Identifier: Apache-2.0
#include <desktop/profile.h>

#include <eventsync/storage/sqlitebackend.h>

#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QLocalSocket>
#include <QStandardPaths>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

constexpr int kKnockMs = 2000; // how long the other process may take to hear us

// A socket's path has at most 107 bytes, which a profile's folder may exceed: so the runtime folder and a digest.
QString socketOf(const QString &folder)
{
    const QByteArray digest = QCryptographicHash::hash(QFileInfo(folder).canonicalFilePath().toUtf8(), QCryptographicHash::Sha256);
    QString place = QStandardPaths::writableLocation(QStandardPaths::RuntimeLocation);
    if (place.isEmpty())
        place = QDir::tempPath();
    return place + "/eventsync-desktop-"_L1 + QString::fromLatin1(digest.left(8).toHex());
}

QString folderOf(const QString &root, const QString &name)
{
    return root + u'/' + name;
}

Result<> makeFolder(const QString &folder)
{
    if (!QDir().mkpath(folder))
        return failure(ErrorCode::IoError, "the folder " + folder.toStdString() + " cannot be made");
    // What people write is their own business.
    if (!QFile::setPermissions(folder, QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner))
        return failure(ErrorCode::IoError, "the folder " + folder.toStdString() + " belongs to somebody else");
    return {};
}

} // namespace

QString Profile::root()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + "/eventsync/desktop"_L1;
}

QStringList Profile::names()
{
    QStringList names;
    for (const QString &name : QDir(root()).entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        if (isProfileName(name))
            names.append(name);
    }
    return names;
}

Result<std::unique_ptr<Profile>> Profile::open(const QString &name, const QString &root)
{
    const QString folder = folderOf(root, name);
    EVENTSYNC_CHECK(makeFolder(folder));
    EVENTSYNC_TRY(auto store, storage::SqliteBackend::open((folder + "/replica.db"_L1).toStdString(), client::ClientCore::schema()));
    std::unique_ptr<Profile> profile(new Profile(name, folder, std::move(store)));
    profile->listen();
    return profile;
}

bool Profile::takeOver(const QString &name, const QString &root)
{
    QLocalSocket socket;
    socket.connectToServer(socketOf(folderOf(root, name)));
    return socket.waitForConnected(kKnockMs);
}

Profile::Profile(QString name, QString folder, std::unique_ptr<storage::Backend> store)
    : m_name(std::move(name)), m_folder(std::move(folder)), m_store(std::move(store)),
      m_settings(std::make_unique<QSettings>(m_folder + "/settings.ini"_L1, QSettings::IniFormat))
{
}

Profile::~Profile()
{
    m_server.close();
}

// The store's lock is held, so a socket that is there is a dead process'.
void Profile::listen()
{
    const QString path = socketOf(m_folder);
    QLocalServer::removeServer(path);
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket *socket = m_server.nextPendingConnection())
            socket->deleteLater();
        Q_EMIT takenOver();
    });
    if (!m_server.listen(path))
        qWarning("Another window cannot take this profile over: %ls", qUtf16Printable(m_server.errorString()));
}

QString Profile::server() const
{
    return m_settings->value(u"connection/server"_s, u"http://127.0.0.1:8080"_s).toString();
}

void Profile::setServer(const QString &server)
{
    m_settings->setValue(u"connection/server"_s, server);
}

Transport Profile::transport() const
{
    return transportFrom(m_settings->value(u"connection/transport"_s).toString()).value_or(Transport::WebSocket);
}

void Profile::setTransport(Transport transport)
{
    m_settings->setValue(u"connection/transport"_s, transportName(transport));
}

std::optional<DocumentId> Profile::document() const
{
    const auto id = documentIdFrom(m_settings->value(u"window/document"_s).toString().toStdString());
    return id ? std::optional(*id) : std::nullopt;
}

void Profile::setDocument(const std::optional<DocumentId> &document)
{
    m_settings->setValue(u"window/document"_s, document ? QString::fromStdString(document->text()) : QString());
}

bool Profile::isOffline() const
{
    return m_settings->value(u"connection/offline"_s, false).toBool();
}

void Profile::setOffline(bool offline)
{
    m_settings->setValue(u"connection/offline"_s, offline);
}

} // namespace eventsync::desktop
