// SPDX-License-Identifier: Apache-2.0
//
// A program as a user of the library writes it: Qt's headers first, with Qt's keywords on, and EventSync's last. It edits a
// document without a server, and prints what the document holds after the program has been started again.
#include <QCoreApplication>
#include <QObject>
#include <QTemporaryDir>

#include <cstdio>

#include <eventsync/client/syncclient.h>

class Editor : public QObject
{
    Q_OBJECT
public slots:
    void edit() { emit edited(); }
signals:
    void edited();
};

namespace {

using namespace eventsync;

Result<std::string> heroAfterARestart(const std::string &file)
{
    const DocumentId hero("hero-1");
    const CollectionName games("games");
    {
        EVENTSYNC_TRY(auto client, client::SyncClient::open(file, {}));
        client->openDocument(hero, games);
        auto created = client->create(hero, games, {{"name", "Knight"}, {"gold", 100}});
        while (!created.isFinished())
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        EVENTSYNC_CHECK(created.result());
    }
    EVENTSYNC_TRY(auto client, client::SyncClient::open(file, {}));
    client->openDocument(hero, games);
    const DocumentState *state = client->core().optimistic(hero);
    return state ? state->canonical() : "nothing";
}

} // namespace

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    const QTemporaryDir folder;
    Editor editor;
    QObject::connect(&editor, &Editor::edited, [&folder] {
        const auto hero = heroAfterARestart(folder.filePath(QStringLiteral("hero.db")).toStdString());
        std::printf("%s\n", hero ? hero->c_str() : hero.error().toString().c_str());
    });
    editor.edit();
}

#include "main.moc"
