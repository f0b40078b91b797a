// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/gamesmodel.h>

#include <desktop/texts.h>

#include <QLocale>

#include <algorithm>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

QString number(const std::optional<std::int64_t> &value)
{
    return value ? QLocale().toString(qlonglong(*value)) : QString();
}

auto placeOf(auto &games, const DocumentId &id)
{
    return std::lower_bound(games.begin(), games.end(), id, [](const Session::Game &game, const DocumentId &wanted) {
        return game.id < wanted;
    });
}

} // namespace

GamesModel::GamesModel(Session &session, QObject *parent) : QAbstractTableModel(parent), m_session(session)
{
    for (const DocumentId &id : session.games())
        m_games.push_back(*session.game(id));
    connect(&session, &Session::gameChanged, this, &GamesModel::update);
}

int GamesModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_games.size());
}

int GamesModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

int GamesModel::rowOf(const DocumentId &id) const
{
    const auto place = placeOf(m_games, id);
    return place != m_games.end() && place->id == id ? int(place - m_games.begin()) : -1;
}

void GamesModel::update(const DocumentId &id)
{
    const auto place = placeOf(m_games, id);
    const int row = int(place - m_games.begin());
    const bool here = place != m_games.end() && place->id == id;
    auto game = m_session.game(id);
    if (here && !game) {
        beginRemoveRows({}, row, row);
        m_games.erase(place);
        endRemoveRows();
    } else if (!here && game) {
        beginInsertRows({}, row, row);
        m_games.insert(place, std::move(*game));
        endInsertRows();
    } else if (here && !(*place == *game)) {
        *place = std::move(*game);
        Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
    }
}

QString GamesModel::kindText(Session::Kind kind)
{
    switch (kind) {
    case Session::Kind::Game: return tr("Game");
    case Session::Kind::Text: return tr("Text");
    case Session::Kind::List: return tr("List");
    }
    return {};
}

Picture GamesModel::picture(Session::Kind kind)
{
    return kind == Session::Kind::Game ? Picture::Game : kind == Session::Kind::Text ? Picture::Text : Picture::List;
}

QString GamesModel::status(const Session::Game &game) const
{
    if (game.conflicts > 0)
        return tr("%n conflict(s)", nullptr, int(game.conflicts));
    if (game.deadLetters > 0)
        return tr("%n refused", nullptr, int(game.deadLetters));
    if (game.pending > 0)
        return tr("%n not sent", nullptr, int(game.pending));
    return {};
}

QVariant GamesModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Session::Game &game = m_games[std::size_t(index.row())];
    const QString id = QString::fromStdString(game.id.text());
    if (role == Qt::ToolTipRole)
        return u"%1 – %2\n%3\n%4"_s.arg(kindText(game.kind), game.name, id, status(game)).trimmed();
    if (role == Qt::TextAlignmentRole && index.column() == Gold)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (role == SortRole && index.column() == Level)
        return game.kind == Session::Kind::Game ? qlonglong(game.level.value_or(0)) : -qlonglong(game.kind);
    if (role == SortRole && index.column() == Gold)
        return qlonglong(game.gold.value_or(0));
    if (role == Qt::DisplayRole || role == SortRole) {
        switch (index.column()) {
        case Name: return game.name.isEmpty() ? id : game.name;
        case Level: return game.level ? tr("Level %1").arg(number(game.level)) : kindText(game.kind);
        case Gold: return number(game.gold);
        case Status: return status(game);
        default: return {};
        }
    }
    if (role == Qt::DecorationRole && index.column() == Name)
        return icon(picture(game.kind));
    if (role == Qt::DecorationRole && index.column() == Status && !status(game).isEmpty())
        return icon(game.conflicts > 0 ? Picture::Conflict : game.deadLetters > 0 ? Picture::DeadLetter : Picture::Waiting);
    return {};
}

QVariant GamesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole && section == Gold)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name: return tr("Name");
    case Level: return tr("Kind");
    case Gold: return tr("Gold");
    case Status: return tr("Unsent");
    default: return {};
    }
}

} // namespace eventsync::desktop
