// SPDX-License-Identifier: Apache-2.0
#include <desktop/application.h>

#include <desktop/dialogs/profiledialog.h>
#include <desktop/limits.h>
#include <desktop/panels/mainwindow.h>
#include <desktop/play/actions.h>
#include <desktop/play/player.h>
#include <desktop/texts.h>

#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QLibraryInfo>
#include <QMessageBox>
#include <QProcess>
#include <QStyleFactory>
#include <QThread>
#include <QTranslator>

#include <cstdio>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::SyncClient;

namespace {

constexpr int kTakeOverMs = 10'000; // how long the other window may take to close
constexpr int kScreenshotMs = 5'000; // without a script: how long to wait for the connection
constexpr int kSettleMs = 300;       // and then for the first documents

void complain(const QString &text)
{
    std::fprintf(stderr, "eventsync-desktop: %s\n", qPrintable(text));
}

bool isUnattended(const Options &options)
{
    return !options.play.isEmpty() || !options.screenshot.isEmpty() || QGuiApplication::platformName() == "offscreen"_L1;
}

Result<std::vector<PlayStep>> readScript(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return failure(ErrorCode::IoError, file.errorString().toStdString());
    if (file.size() > qint64(limits::kPlayScriptBytes))
        return failure(ErrorCode::TooLarge, "the script is too long");
    return parsePlayScript(QString::fromUtf8(file.readAll()));
}

// Waits until the other window has closed the profile.
Result<std::unique_ptr<Profile>> takeOver(const QString &name)
{
    if (!Profile::takeOver(name))
        return failure(ErrorCode::StoreLocked, "the other window does not answer");
    QElapsedTimer since;
    since.start();
    while (true) {
        auto profile = Profile::open(name);
        if (profile || profile.error().code != ErrorCode::StoreLocked || since.elapsed() > kTakeOverMs)
            return profile;
        QThread::msleep(50); // no window is shown yet
    }
}

// Opens the profile, or returns the exit code. The user may choose another profile, or take this one over.
tl::expected<std::unique_ptr<Profile>, ExitCode> openProfile(const Options &options)
{
    QString name = options.profile;
    auto profile = Profile::open(name);
    while (!profile) {
        const bool inUse = profile.error().code == ErrorCode::StoreLocked;
        if (isUnattended(options)) {
            complain(u"profile \"%1\": %2"_s.arg(name, Texts::error(profile.error())));
            return tl::unexpected(inUse ? ExitCode::ProfileInUse : ExitCode::ProfileFailed);
        }
        if (!inUse) {
            QMessageBox::critical(nullptr, u"EventSync"_s, QApplication::translate("Application", "The profile \"%1\" cannot be opened. %2")
                                                               .arg(name, Texts::error(profile.error())));
            return tl::unexpected(ExitCode::ProfileFailed);
        }
        ProfileDialog dialog(ProfileDialog::Purpose::InUse, name);
        if (dialog.exec() != QDialog::Accepted)
            return tl::unexpected(ExitCode::ProfileInUse);
        if (!dialog.wantsTakeOver())
            name = dialog.profile();
        profile = dialog.wantsTakeOver() ? takeOver(name) : Profile::open(name);
    }
    return std::move(*profile);
}

Result<std::unique_ptr<Session>> openSession(Profile &profile)
{
    client::SyncClientOptions options;
    options.core.userAgent = "eventsync-desktop/" + QApplication::applicationVersion().toStdString();
    options.core.wantClocks = true;
    options.core.policies.set(Session::collection(), CollectionPolicy::games());
    EVENTSYNC_TRY(auto client, SyncClient::open(profile.takeStore(), std::move(options)));
    return std::make_unique<Session>(std::move(client), profile.name());
}

void openAnotherWindow(MainWindow &window, const QString &profile)
{
    auto *dialog = new ProfileDialog(ProfileDialog::Purpose::NewWindow, profile, &window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(dialog, &QDialog::accepted, &window, [dialog, &window] {
        if (!QProcess::startDetached(QApplication::applicationFilePath(), {u"--profile"_s, dialog->profile()}))
            complain(u"no other window could be started"_s);
        Q_UNUSED(window);
    });
    dialog->open();
}

void saveScreenshot(MainWindow &window, const QString &path)
{
    if (!screenshotOf(window).save(path, "PNG"))
        complain(u"%1 cannot be written"_s.arg(path));
}

// A screenshot without a script: once the window shows the server's documents, or after a time-out.
void saveScreenshotAndQuit(MainWindow &window, const QString &path)
{
    auto *timer = new QTimer(&window);
    timer->setSingleShot(true);
    QObject::connect(timer, &QTimer::timeout, &window, [&window, path] {
        saveScreenshot(window, path);
        window.close();
    });
    QObject::connect(&window.session(), &Session::documentsLoaded, timer, [timer] { timer->start(kSettleMs); });
    timer->start(window.session().isOffline() ? kSettleMs : kScreenshotMs);
}

// Plays the script, if there is one; otherwise the program ends with the window.
ExitCode showAndPlay(QApplication &application, MainWindow &window, const Options &options, std::vector<PlayStep> steps)
{
    ExitCode code = ExitCode::Success;
    Player player(window, options.play);
    QObject::connect(&player, &Player::finished, &application, [&](ExitCode played) {
        code = played;
        if (!options.screenshot.isEmpty())
            saveScreenshot(window, options.screenshot);
        window.close();
    });
    window.show();
    if (options.play == "-"_L1)
        player.playStandardInput();
    else if (!options.play.isEmpty())
        player.play(std::move(steps));
    else if (!options.screenshot.isEmpty())
        saveScreenshotAndQuit(window, options.screenshot);
    application.exec();
    return code;
}

} // namespace

void installLanguage(QApplication &application, const QString &language)
{
    const QLocale locale = language.isEmpty() ? QLocale() : QLocale(language);
    QLocale::setDefault(locale);
    auto install = [&](const QString &name, const QString &folder) {
        auto *translator = new QTranslator(&application);
        if (translator->load(locale, name, u"_"_s, folder))
            application.installTranslator(translator);
        else
            delete translator;
    };
    // The translator installed last is asked first.
    install(u"qtbase"_s, QLibraryInfo::path(QLibraryInfo::TranslationsPath));
    // English is the fallback: its file has the plural forms.
    auto *plurals = new QTranslator(&application);
    if (plurals->load(u":/i18n/eventsync_en.qm"_s))
        application.installTranslator(plurals);
    install(u"eventsync"_s, u":/i18n"_s);
}

void useDarkColours()
{
    QApplication::setStyle(QStyleFactory::create(u"Fusion"_s));
    QPalette palette;
    const QColor window(0x2b, 0x2b, 0x2e), base(0x1f, 0x1f, 0x22), text(0xee, 0xee, 0xee), faint(0x8c, 0x8c, 0x92);
    for (const auto role : {QPalette::Window, QPalette::Button, QPalette::ToolTipBase})
        palette.setColor(role, window);
    palette.setColor(QPalette::Base, base);
    palette.setColor(QPalette::AlternateBase, QColor(0x28, 0x28, 0x2b));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText, QPalette::BrightText})
        palette.setColor(role, text);
    palette.setColor(QPalette::PlaceholderText, faint);
    palette.setColor(QPalette::Highlight, QColor(0x2f, 0x65, 0xca));
    palette.setColor(QPalette::HighlightedText, Qt::white);
    palette.setColor(QPalette::Link, QColor(0x7a, 0xb2, 0xff));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, faint);
    QApplication::setPalette(palette);
}

ExitCode run(QApplication &application)
{
    QApplication::setApplicationName(u"eventsync-desktop"_s);
    QApplication::setApplicationDisplayName({});
    QApplication::setApplicationVersion(QStringLiteral(EVENTSYNC_VERSION));
    QApplication::setDesktopFileName(u"eventsync"_s);
    QIcon windowIcon(u":/icons/eventsync-32.png"_s);
    windowIcon.addFile(u":/icons/eventsync-128.png"_s);
    QApplication::setWindowIcon(windowIcon);
    installLanguage(application, {});
    const auto options = parseCommandLine(QApplication::arguments());
    if (!options) {
        complain(QString::fromStdString(options.error().message));
        return ExitCode::WrongCommandLine;
    }
    if (!options->information.isEmpty()) {
        std::fputs(qUtf8Printable(options->information), stdout);
        return ExitCode::Success;
    }
    if (!options->language.isEmpty())
        installLanguage(application, options->language);
    if (options->dark)
        useDarkColours();
    std::vector<PlayStep> steps;
    if (!options->play.isEmpty() && options->play != "-"_L1) {
        auto script = readScript(options->play);
        if (!script) {
            complain(u"%1: %2"_s.arg(options->play, QString::fromStdString(script.error().message)));
            return ExitCode::ScriptUnreadable;
        }
        steps = std::move(*script);
    }
    auto profile = openProfile(*options);
    if (!profile)
        return profile.error();
    auto session = openSession(**profile);
    if (!session) {
        complain(u"profile \"%1\": %2"_s.arg((*profile)->name(), Texts::error(session.error())));
        return ExitCode::ProfileFailed;
    }
    MainWindow window(**session, **profile);
    QObject::connect(&window, &MainWindow::newWindowRequested, &window,
                     [&] { openAnotherWindow(window, (*profile)->name()); });
    window.setOffline(options->offline || (*profile)->isOffline());
    const auto server = options->server ? Result<QUrl>(*options->server) : serverUrlFrom((*profile)->server());
    if (server)
        window.connectTo(*server, options->transport.value_or((*profile)->transport()));
    if (const auto document = options->document ? options->document : (*profile)->document())
        window.showDocument(*document);
    return showAndPlay(application, window, *options, std::move(steps));
}

} // namespace eventsync::desktop
