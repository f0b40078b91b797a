// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/syncclient.h>

#include <desktop/commandline.h>

#include <QLocalServer>
#include <QObject>
#include <QSettings>

#include <memory>

namespace eventsync::desktop {

// One replica on this machine: a folder with its database and its settings. One process has it open at a time; another one
// may ask that process to let it go (takeOver). Owner only.
class Profile final : public QObject
{
    Q_OBJECT

public:
    static QString root(); // $XDG_DATA_HOME/eventsync/desktop
    static QStringList names();

    // StoreLocked: another process has it open. Whatever the folder or the store says otherwise.
    static Result<std::unique_ptr<Profile>> open(const QString &name, const QString &root = Profile::root());
    // Asks the process that has the profile open to close its window; true if one heard it. It answers by letting the
    // store go: try open() until it succeeds.
    static bool takeOver(const QString &name, const QString &root = Profile::root());
    ~Profile() override;

    const QString &name() const { return m_name; }
    const QString &folder() const { return m_folder; }
    QSettings &settings() { return *m_settings; }
    std::unique_ptr<storage::Backend> takeStore() { return std::move(m_store); } // once: for the session

    // Remembered between runs.
    QString server() const;
    void setServer(const QString &server);
    Transport transport() const;
    void setTransport(Transport transport);
    std::optional<DocumentId> document() const;
    void setDocument(const std::optional<DocumentId> &document);
    bool isOffline() const;
    void setOffline(bool offline);

Q_SIGNALS:
    void takenOver(); // another process wants this profile: close

private:
    Profile(QString name, QString folder, std::unique_ptr<storage::Backend> store);
    void listen();

    QString m_name;
    QString m_folder;
    std::unique_ptr<storage::Backend> m_store;
    std::unique_ptr<QSettings> m_settings;
    QLocalServer m_server;
};

} // namespace eventsync::desktop
