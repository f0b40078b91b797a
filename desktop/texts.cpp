// SPDX-License-Identifier: Apache-2.0
#include <desktop/texts.h>

#include <QDateTime>
#include <QLocale>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;
using client::EntryState;
using client::SyncClient;

namespace {

constexpr qsizetype kLongestValue = 120; // letters of a value in one line; the tree shows all of it

QString shortened(QString text)
{
    if (text.size() <= kLongestValue)
        return text;
    text.truncate(kLongestValue - 1);
    return text + u'…';
}

QString pathText(const json::Pointer &path)
{
    QString text;
    for (const std::string &token : path.tokens())
        text += (text.isEmpty() ? QString() : u"/"_s) + QString::fromStdString(token);
    return text;
}

} // namespace

QString Texts::error(const Error &error)
{
    const QString detail = QString::fromStdString(error.message);
    switch (error.code) {
    case ErrorCode::Unavailable: return tr("The server cannot be reached.");
    case ErrorCode::Timeout: return tr("The server does not answer.");
    case ErrorCode::ShuttingDown: return tr("The server is stopping.");
    case ErrorCode::RateLimited: return tr("The server asks for patience.");
    case ErrorCode::SlowConsumer: return tr("This computer could not keep up with the server.");
    case ErrorCode::Replaced: return tr("This replica is connected from another place.");
    case ErrorCode::OriginRefused:
    case ErrorCode::UnsupportedProtocol: return tr("This is no server that this program can talk to.");
    case ErrorCode::Unauthenticated: return tr("The server wants to know who you are.");
    case ErrorCode::TokenExpired: return tr("Your sign-in has expired.");
    case ErrorCode::PermissionDenied: return tr("You may not do this.");
    case ErrorCode::PermissionRevoked: return tr("You may not read or change this document any more.");
    case ErrorCode::NotFound: return tr("It is not there any more.");
    case ErrorCode::DocumentExists: return tr("There is a document of this name already.");
    case ErrorCode::WrongCollection: return tr("This id belongs to another collection.");
    case ErrorCode::VersionConflict:
    case ErrorCode::Conflict:
    case ErrorCode::BaseCompacted: return tr("Somebody else has changed the same thing meanwhile.");
    case ErrorCode::Compacted: return tr("The log does not reach back so far.");
    case ErrorCode::PatchFailed: return tr("It does not fit the document as it is now.");
    case ErrorCode::Invalid: return tr("The rules of this collection do not allow it: %1.").arg(detail);
    case ErrorCode::InvalidValue: return tr("This value is not allowed: %1.").arg(detail);
    case ErrorCode::TooLarge: return tr("It is too large.");
    case ErrorCode::TooDeep: return tr("It is nested too deeply.");
    case ErrorCode::DependsOnRejected: return tr("It builds on another edit that was refused.");
    case ErrorCode::ClientForked: return tr("This replica is a copy of another one and now has a name of its own.");
    case ErrorCode::ClientExpired: return tr("The server has forgotten this replica, which now has a new name.");
    case ErrorCode::QueueFull: return tr("Too many edits are waiting to be sent.");
    case ErrorCode::Cancelled: return tr("It was cancelled.");
    case ErrorCode::StoreFull: return tr("The disk is full.");
    case ErrorCode::StoreReadOnly: return tr("The profile's folder cannot be written.");
    case ErrorCode::StoreLocked: return tr("Another window has this profile open.");
    case ErrorCode::StoreTooNew: return tr("A newer version of this program has written this profile.");
    case ErrorCode::IoError: return tr("Reading or writing failed: %1.").arg(detail);
    case ErrorCode::Corrupt: return tr("The stored data are damaged: %1.").arg(detail);
    default: break; // what only a defect in one of the two programs can bring about
    }
    return tr("Something went wrong: %1 (%2).").arg(detail, fromUtf8(errorName(error.code)));
}

QString Texts::operation(Operation operation)
{
    switch (operation) {
    case Operation::Create: return tr("Create");
    case Operation::Update: return tr("Update");
    case Operation::Delete: return tr("Delete");
    }
    return {};
}

QString Texts::entryState(const client::QueueEntry &entry)
{
    switch (entry.state) {
    case EntryState::Waiting: return tr("Waiting to be sent");
    case EntryState::Sent: return tr("Sent, not confirmed yet");
    case EntryState::Conflict: return entry.ready ? tr("Conflict: needs a decision") : tr("Conflict: waits for the server");
    case EntryState::DeadLetter: return tr("Refused");
    }
    return {};
}

Icon Texts::entryIcon(const client::QueueEntry &entry)
{
    switch (entry.state) {
    case EntryState::Waiting: return Icon::Waiting;
    case EntryState::Sent: return Icon::Sent;
    case EntryState::Conflict: return Icon::Conflict;
    case EntryState::DeadLetter: break;
    }
    return Icon::DeadLetter;
}

QString Texts::connection(SyncClient::State state)
{
    switch (state) {
    case SyncClient::State::Offline: return tr("Working offline");
    case SyncClient::State::Waiting: return tr("Not connected, trying again");
    case SyncClient::State::Connecting: return tr("Connecting");
    case SyncClient::State::Online: return tr("Connected");
    case SyncClient::State::Refused: return tr("Not connected");
    case SyncClient::State::StoreLost: return tr("This profile cannot be read; close the window and open it again");
    }
    return {};
}

Icon Texts::connectionIcon(SyncClient::State state)
{
    switch (state) {
    case SyncClient::State::Offline: return Icon::Offline;
    case SyncClient::State::Waiting:
    case SyncClient::State::Connecting: return Icon::Connecting;
    case SyncClient::State::Online: return Icon::Online;
    case SyncClient::State::Refused:
    case SyncClient::State::StoreLost: break;
    }
    return Icon::Refused;
}

QString Texts::value(const json::Value &value)
{
    return shortened(QString::fromStdString(json::canonical(value)));
}

QString Texts::state(const json::State &state)
{
    return state ? value(*state) : tr("(not there)");
}

QString Texts::change(Operation operation, const Diff &diff)
{
    if (operation == Operation::Delete)
        return tr("the whole document");
    if (diff.isCrdt())
        return tr("a patch of %n byte(s)", nullptr, int(diff.crdt().size()));
    if (!diff.hasChanges())
        return tr("nothing: the other version was kept");
    QStringList parts;
    for (const json::PatchOperation &op : diff.patch().operations()) {
        const QString path = pathText(op.path);
        const QString from = pathText(op.from);
        switch (op.kind) {
        case json::OperationKind::Add:
        case json::OperationKind::Replace:
            parts += op.path.isRoot() ? value(op.value) : u"%1 = %2"_s.arg(path, value(op.value));
            break;
        case json::OperationKind::Inc: {
            const qint64 by = op.value.is_int64() ? op.value.get_int64() : 0;
            parts += u"%1 %2%3"_s.arg(path, by < 0 ? u"−"_s : u"+"_s, QString::number(qAbs(by)));
            break;
        }
        case json::OperationKind::Max: parts += tr("%1 at least %2").arg(path, value(op.value)); break;
        case json::OperationKind::Remove: parts += tr("%1 removed").arg(path); break;
        case json::OperationKind::Move: parts += tr("%1 moved to %2").arg(from, path); break;
        case json::OperationKind::Copy: parts += tr("%1 copied to %2").arg(from, path); break;
        case json::OperationKind::Test: break; // a condition, no change
        }
        if (parts.size() == 8) {
            parts += u"…"_s;
            break;
        }
    }
    return shortened(parts.join(", "_L1));
}

QString Texts::time(Timestamp time)
{
    const QDateTime moment = QDateTime::fromMSecsSinceEpoch(time.value());
    const QLocale locale;
    if (moment.date() == QDateTime::currentDateTime().date())
        return moment.time().toString(u"HH:mm:ss"_s);
    return locale.toString(moment.date(), QLocale::ShortFormat) + u' ' + moment.time().toString(u"HH:mm:ss"_s);
}

QString Texts::clock(const VectorClock &clock, const NameOf &nameOf)
{
    QStringList parts;
    for (const auto &[client, seq] : clock.entries())
        parts += u"%1 %2"_s.arg(nameOf(client), QString::number(seq.value()));
    return parts.join(", "_L1);
}

QString Texts::shortId(const std::string &id)
{
    const QString text = QString::fromStdString(id);
    return text.size() <= 14 ? text : text.first(8) + u'…' + text.last(4);
}

} // namespace eventsync::desktop
