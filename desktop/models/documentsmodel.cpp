// SPDX-License-Identifier: Apache-2.0
#include <desktop/models/documentsmodel.h>

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

auto placeOf(auto &documents, const DocumentId &id)
{
    return std::lower_bound(documents.begin(), documents.end(), id, [](const Session::Document &document, const DocumentId &wanted) {
        return document.id < wanted;
    });
}

} // namespace

DocumentsModel::DocumentsModel(Session &session, QObject *parent) : QAbstractTableModel(parent), m_session(session)
{
    for (const DocumentId &id : session.documents())
        m_documents.push_back(*session.document(id));
    connect(&session, &Session::documentChanged, this, &DocumentsModel::update);
}

int DocumentsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_documents.size());
}

int DocumentsModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

int DocumentsModel::rowOf(const DocumentId &id) const
{
    const auto place = placeOf(m_documents, id);
    return place != m_documents.end() && place->id == id ? int(place - m_documents.begin()) : -1;
}

void DocumentsModel::update(const DocumentId &id)
{
    const auto place = placeOf(m_documents, id);
    const int row = int(place - m_documents.begin());
    const bool here = place != m_documents.end() && place->id == id;
    auto document = m_session.document(id);
    if (here && !document) {
        beginRemoveRows({}, row, row);
        m_documents.erase(place);
        endRemoveRows();
    } else if (!here && document) {
        beginInsertRows({}, row, row);
        m_documents.insert(place, std::move(*document));
        endInsertRows();
    } else if (here && !(*place == *document)) {
        *place = std::move(*document);
        Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
    }
}

QString DocumentsModel::kindText(Session::Kind kind)
{
    switch (kind) {
    case Session::Kind::Game: return tr("Game");
    case Session::Kind::Text: return tr("Text");
    case Session::Kind::List: return tr("List");
    }
    return {};
}

Icon DocumentsModel::iconOf(Session::Kind kind)
{
    return kind == Session::Kind::Game ? Icon::Game : kind == Session::Kind::Text ? Icon::Text : Icon::List;
}

QString DocumentsModel::status(const Session::Document &document) const
{
    if (document.conflicts > 0)
        return tr("%n conflict(s)", nullptr, int(document.conflicts));
    if (document.deadLetters > 0)
        return tr("%n refused", nullptr, int(document.deadLetters));
    if (document.pending > 0)
        return tr("%n not sent", nullptr, int(document.pending));
    return {};
}

QVariant DocumentsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Session::Document &document = m_documents[std::size_t(index.row())];
    const QString id = QString::fromStdString(document.id.text());
    if (role == Qt::ToolTipRole)
        return u"%1 – %2\n%3\n%4"_s.arg(kindText(document.kind), document.name, id, status(document)).trimmed();
    if (role == Qt::TextAlignmentRole && index.column() == Gold)
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    if (role == SortRole && index.column() == Level)
        return document.kind == Session::Kind::Game ? qlonglong(document.level.value_or(0)) : -qlonglong(document.kind);
    if (role == SortRole && index.column() == Gold)
        return qlonglong(document.gold.value_or(0));
    if (role == Qt::DisplayRole || role == SortRole) {
        switch (index.column()) {
        case Name: return document.name.isEmpty() ? id : document.name;
        case Level: return document.level ? tr("Level %1").arg(number(document.level)) : kindText(document.kind);
        case Gold: return number(document.gold);
        case Status: return status(document);
        default: return {};
        }
    }
    if (role == Qt::DecorationRole && index.column() == Name)
        return icon(iconOf(document.kind));
    if (role == Qt::DecorationRole && index.column() == Status && !status(document).isEmpty())
        return icon(document.conflicts > 0 ? Icon::Conflict : document.deadLetters > 0 ? Icon::DeadLetter : Icon::Waiting);
    return {};
}

QVariant DocumentsModel::headerData(int section, Qt::Orientation orientation, int role) const
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
