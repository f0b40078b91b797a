// SPDX-License-Identifier: Apache-2.0
#include <desktop/commandline.h>

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QRegularExpression>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

struct CommandLine
{
    Q_DECLARE_TR_FUNCTIONS(eventsync::desktop::CommandLine)
};

tl::unexpected<Error> wrong(const QString &text)
{
    return failure(ErrorCode::InvalidValue, text.toStdString());
}

void addOptions(QCommandLineParser &parser)
{
    parser.setSingleDashWordOptionMode(QCommandLineParser::ParseAsLongOptions);
    parser.setApplicationDescription(CommandLine::tr("Edits JSON documents together with others, online or not."));
    parser.addOptions({
        {u"server"_s, CommandLine::tr("Server to connect to, for example http://127.0.0.1:8080."), u"URL"_s},
        {u"profile"_s, CommandLine::tr("Replica to open: a name. Each has its own client id, database and settings."), u"NAME"_s},
        {u"document"_s, CommandLine::tr("Document to show first."), u"ID"_s},
        {u"transport"_s, CommandLine::tr("How to talk to the server: websocket or sse."), u"NAME"_s},
        {u"offline"_s, CommandLine::tr("Start offline.")},
        {u"language"_s, CommandLine::tr("Language of the window: ko or en."), u"CODE"_s},
        {u"dark"_s, CommandLine::tr("Use dark colours whatever the desktop says.")},
        {u"play"_s, CommandLine::tr("Run a script of user actions; \"-\" reads it from standard input."), u"FILE"_s},
        {u"screenshot"_s, CommandLine::tr("Write a picture of the window when the script ends, or once connected."), u"FILE"_s},
        {{u"h"_s, u"help"_s}, CommandLine::tr("Show this help.")},
        {{u"v"_s, u"version"_s}, CommandLine::tr("Show the version.")},
    });
}

} // namespace

Result<QUrl> serverUrlFrom(const QString &text)
{
    const QString trimmed = text.trimmed();
    const QUrl url(trimmed.contains("://"_L1) ? trimmed : "http://"_L1 + trimmed, QUrl::StrictMode);
    const QString scheme = url.scheme();
    const bool known = scheme == "http"_L1 || scheme == "https"_L1 || scheme == "ws"_L1 || scheme == "wss"_L1;
    if (trimmed.isEmpty() || !url.isValid() || !known || url.host().isEmpty())
        return wrong(CommandLine::tr("\"%1\" is no address of a server. Write for example http://127.0.0.1:8080").arg(trimmed));
    return url;
}

QString transportName(Transport transport)
{
    return transport == Transport::Sse ? u"sse"_s : u"websocket"_s;
}

std::optional<Transport> transportFrom(const QString &name)
{
    if (name == "websocket"_L1)
        return Transport::WebSocket;
    if (name == "sse"_L1)
        return Transport::Sse;
    return std::nullopt;
}

bool isProfileName(const QString &name)
{
    static const QRegularExpression allowed(u"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$"_s);
    return allowed.match(name).hasMatch();
}

Result<Options> parseCommandLine(const QStringList &arguments)
{
    QCommandLineParser parser;
    addOptions(parser);
    if (!parser.parse(arguments))
        return wrong(parser.errorText());
    Options options;
    if (parser.isSet(u"help"_s) || parser.isSet(u"version"_s)) {
        options.information = parser.isSet(u"help"_s) ? parser.helpText()
                                                      : u"eventsync-desktop "_s + QStringLiteral(EVENTSYNC_VERSION) + u'\n';
        return options;
    }
    if (!parser.positionalArguments().isEmpty())
        return wrong(CommandLine::tr("\"%1\" is no option; --help lists them").arg(parser.positionalArguments().constFirst()));
    if (parser.isSet(u"server"_s)) {
        EVENTSYNC_TRY(options.server, serverUrlFrom(parser.value(u"server"_s)));
    }
    options.profile = parser.isSet(u"profile"_s) ? parser.value(u"profile"_s) : u"default"_s;
    if (!isProfileName(options.profile))
        return wrong(CommandLine::tr("\"%1\" is no name of a profile: letters, digits, '.', '_' and '-', at most 64").arg(options.profile));
    if (parser.isSet(u"document"_s)) {
        const auto id = documentIdFrom(parser.value(u"document"_s).toStdString());
        if (!id)
            return wrong(CommandLine::tr("\"%1\" is no document id").arg(parser.value(u"document"_s)));
        options.document = *id;
    }
    if (parser.isSet(u"transport"_s)) {
        options.transport = transportFrom(parser.value(u"transport"_s));
        if (!options.transport)
            return wrong(CommandLine::tr("--transport is websocket or sse, not \"%1\"").arg(parser.value(u"transport"_s)));
    }
    options.language = parser.value(u"language"_s);
    if (!options.language.isEmpty() && options.language != "ko"_L1 && options.language != "en"_L1)
        return wrong(CommandLine::tr("--language is ko or en, not \"%1\"").arg(options.language));
    options.offline = parser.isSet(u"offline"_s);
    options.dark = parser.isSet(u"dark"_s);
    options.play = parser.value(u"play"_s);
    options.screenshot = parser.value(u"screenshot"_s);
    return options;
}

} // namespace eventsync::desktop
