// SPDX-License-Identifier: Apache-2.0
#include <server/routes/webroutes.h>

#include <eventsync/base/digest.h>

#include <QFile>
#include <QFileInfo>

#include <algorithm>
#include <iterator>

static void initWebResources()
{
    Q_INIT_RESOURCE(web); // in a static library this must be called explicitly
}

namespace eventsync::server {

namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types eventsync";

struct MediaType
{
    std::string_view suffix, type;
};
constexpr MediaType kTypes[] = {{".html", "text/html; charset=utf-8"},
                                {".mjs", "text/javascript; charset=utf-8"},
                                {".css", "text/css; charset=utf-8"},
                                {".svg", "image/svg+xml"},
                                {".png", "image/png"},
                                {".json", "application/json"},
                                {".md", "text/markdown; charset=utf-8"},
                                {".webmanifest", "application/manifest+json"}};

std::string_view typeOf(std::string_view name)
{
    const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const MediaType &one) { return name.ends_with(one.suffix); });
    return found == std::end(kTypes) ? "application/octet-stream" : found->type;
}

void respondWithFile(const HttpRequest &request, const Responder &responder, const std::string &name)
{
    const QString path = QStringLiteral(":/eventsync/web/") + QString::fromStdString(name);
    QFile file(path);
    if (name.find("..") != std::string::npos || !QFileInfo(path).isFile() || !file.open(QIODevice::ReadOnly))
        return responder.fail({ErrorCode::NotFound, "the page has no such file"});
    std::string body = file.readAll().toStdString();
    const std::string tag = '"' + sha256(body).toHex().substr(0, 32) + '"';
    HttpHeaders headers{{"Content-Type", std::string(typeOf(name))},
                        {"Content-Security-Policy", std::string(kPolicy)},
                        {"Referrer-Policy", "no-referrer"},
                        {"Cross-Origin-Opener-Policy", "same-origin"},
                        {"Cache-Control", "no-cache"},
                        {"ETag", tag}};
    if (name == "serviceworker.mjs")
        headers.set("Service-Worker-Allowed", "/"); // it serves the page at / too
    if (request.headers.joined("If-None-Match").find(tag) != std::string::npos) // weak or strong
        return responder.respond({304, std::move(headers), {}});
    responder.respond({200, std::move(headers), std::move(body)});
}

} // namespace

void addWebRoutes(Router &router)
{
    initWebResources();
    router.get("/", [](const HttpRequest &request, const Responder &responder) { respondWithFile(request, responder, "index.html"); });
    router.get("/web/{file}", [](const HttpRequest &request, const Responder &responder) {
        respondWithFile(request, responder, std::string(request.parameter("file")));
    });
    router.get("/web/client/{file}", [](const HttpRequest &request, const Responder &responder) {
        respondWithFile(request, responder, "client/" + std::string(request.parameter("file")));
    });
}

} // namespace eventsync::server
