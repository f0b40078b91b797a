// SPDX-License-Identifier: Apache-2.0
#include <server/problem.h>

#include <eventsync/protocol/limits.h>

#include <QJsonDocument>
#include <QJsonObject>

namespace eventsync::server {

namespace {

using namespace Qt::StringLiterals;

QString toQString(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

} // namespace

int httpStatus(ErrorCode code)
{
    switch (code) {
    case ErrorCode::InvalidMessage:
    case ErrorCode::UnknownMessage:
    case ErrorCode::InvalidValue:
    case ErrorCode::UnknownField:
    case ErrorCode::UnsupportedProtocol:
        return 400;
    case ErrorCode::Unauthenticated:
    case ErrorCode::TokenExpired:
        return 401;
    case ErrorCode::PermissionDenied:
    case ErrorCode::PermissionRevoked:
    case ErrorCode::OriginRefused:
        return 403;
    case ErrorCode::NotFound:
        return 404;
    case ErrorCode::SlowConsumer:
        return 408;
    case ErrorCode::DocumentExists:
    case ErrorCode::WrongCollection:
    case ErrorCode::Conflict:
    case ErrorCode::BaseCompacted:
    case ErrorCode::ClientExpired:
    case ErrorCode::ClientIdReserved:
    case ErrorCode::ClientIdInUse:
    case ErrorCode::ClientSecretWrong:
    case ErrorCode::Replaced:
        return 409;
    case ErrorCode::Compacted:
        return 410;
    case ErrorCode::VersionConflict:
        return 412;
    case ErrorCode::TooLarge:
    case ErrorCode::TooDeep:
        return 413;
    case ErrorCode::PatchFailed:
    case ErrorCode::Invalid:
    case ErrorCode::ClientGap:
    case ErrorCode::ClientForked:
    case ErrorCode::DependsOnRejected:
    case ErrorCode::MissingDependency:
        return 422;
    case ErrorCode::RateLimited:
        return 429;
    case ErrorCode::StoreTooNew:
    case ErrorCode::Internal:
    case ErrorCode::Corrupt:
        return 500;
    case ErrorCode::Unavailable:
    case ErrorCode::ShuttingDown:
    case ErrorCode::Cancelled:
    case ErrorCode::StoreReadOnly:
    case ErrorCode::StoreLocked:
    case ErrorCode::IoError:
        return 503;
    case ErrorCode::Timeout:
        return 504;
    case ErrorCode::QueueFull:
    case ErrorCode::StoreFull:
        return 507;
    }
    return 500;
}

transport::CloseCode closeCode(ErrorCode code)
{
    using transport::CloseCode;
    switch (code) {
    case ErrorCode::TooLarge:
        return CloseCode::TooLarge;
    case ErrorCode::InvalidMessage:
    case ErrorCode::UnknownMessage:
    case ErrorCode::InvalidValue:
    case ErrorCode::UnsupportedProtocol:
        return CloseCode::ProtocolError;
    case ErrorCode::ShuttingDown:
        return CloseCode::GoingAway;
    case ErrorCode::Internal:
    case ErrorCode::Corrupt:
        return CloseCode::InternalError;
    default:
        return errorClass(code) == ErrorClass::Transient ? CloseCode::TryAgainLater : CloseCode::PolicyViolation;
    }
}

HttpResponse problem(const Error &error, ProblemOptions options)
{
    const int status = options.status != 0 ? options.status : httpStatus(error.code);
    const QString name = toQString(errorName(error.code));
    QJsonObject body{{u"type"_s, u"urn:eventsync:error:"_s + name},
                     {u"title"_s, toQString(reasonPhrase(status))},
                     {u"status"_s, status},
                     {u"code"_s, name}};
    if (!error.message.empty())
        body.insert(u"detail"_s, toQString(error.message));
    if (!error.path.empty())
        body.insert(u"pointer"_s, toQString(error.path));

    HttpResponse response;
    response.status = status;
    response.problem = error.code;
    response.headers.add("Content-Type", "application/problem+json");
    response.headers.add("Cache-Control", "no-store");
    if (status == 401)
        response.headers.add("WWW-Authenticate", "Bearer");
    std::chrono::milliseconds retryAfter = options.retryAfter;
    if (retryAfter.count() == 0 && errorClass(error.code) == ErrorClass::Transient)
        retryAfter = limits::kRetryFirst;
    if (retryAfter.count() > 0)
        response.headers.add("Retry-After", std::to_string((retryAfter.count() + 999) / 1000));
    response.body = QJsonDocument(body).toJson(QJsonDocument::Compact).toStdString();
    return response;
}

} // namespace eventsync::server
