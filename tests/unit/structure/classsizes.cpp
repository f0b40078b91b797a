// SPDX-License-Identifier: Apache-2.0
#include "classsizes.h"

#include <QRegularExpression>

using namespace Qt::StringLiterals;

namespace {

// The source with the contents of comments and literals as spaces, each character at its place.
QString codeOf(const QString &source)
{
    static const QRegularExpression notCode(uR"(//[^\n]*|/\*.*?\*/|R"\w*\(.*?\)\w*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])')"_s,
                                            QRegularExpression::DotMatchesEverythingOption);
    QString code = source;
    for (auto match = notCode.globalMatch(source); match.hasNext();) {
        const QRegularExpressionMatch found = match.next();
        code.replace(found.capturedStart(), found.capturedLength(), QString(found.capturedLength(), u' '));
    }
    return code;
}

QString withoutTemplateArguments(QString text)
{
    static const QRegularExpression innermost(u"<[^<>]*>"_s);
    while (text.contains(innermost))
        text.replace(innermost, QString());
    return text;
}

// Of one declaration at the class's own level, with "{}" for what stood in braces.
void count(QString declaration, ClassSize &size)
{
    static const QRegularExpression access(uR"(\bQ_(OBJECT|GADGET)\b|\b(public|private|protected|signals|Q_SIGNALS)(\s+(slots|Q_SLOTS))?\s*:)"_s);
    static const QRegularExpression other(uR"(^(using|friend|typedef|(enum|struct|class)\s+\w+|static_assert|static constexpr|static inline|Q_\w+)\b)"_s);
    static const QRegularExpression call(uR"(\boperator\b|\w\s*\()"_s);
    static const QRegularExpression attribute(uR"(^template\s*<[^;{]*?>\s*(?=\w))"_s);
    declaration.remove(access);
    declaration = declaration.simplified();
    if (declaration.isEmpty() || declaration == u"{}" || declaration.contains(u"= default"_s) || declaration.contains(u"= delete"_s))
        return;
    declaration.remove(attribute);
    if (other.match(declaration).hasMatch())
        return;
    if (withoutTemplateArguments(declaration).contains(call))
        ++size.functions;
    else
        ++size.members;
}

// `from` is behind the opening brace.
void countBody(const QString &code, qsizetype from, ClassSize &size)
{
    static const QRegularExpression definition(uR"(\)[^;=]*\{\}$)"_s);
    QString declaration;
    int depth = 1;
    for (qsizetype i = from; i < code.size() && depth > 0; ++i) {
        const QChar c = code.at(i);
        if (c == u'{') {
            ++depth;
        } else if (c == u'}') {
            if (--depth != 1)
                continue;
            declaration += u"{}"_s;
            if (declaration.contains(definition)) {
                count(declaration, size);
                declaration.clear();
            }
        } else if (depth == 1 && c == u';') {
            count(declaration, size);
            declaration.clear();
        } else if (depth == 1) {
            declaration += c;
        }
    }
}

// The comment lines directly before a position, also with a template's head between.
QString commentBefore(const QString &source, qsizetype position)
{
    const QStringList lines = source.left(position).split(u'\n');
    QString comment;
    for (qsizetype i = lines.size() - 2; i >= 0; --i) {
        const QString line = lines.at(i).trimmed();
        if (line.startsWith(u"//"_s))
            comment.prepend(line.mid(2).trimmed() + u' ');
        else if (!line.startsWith(u"template"_s))
            break;
    }
    return comment;
}

} // namespace

QList<ClassSize> classSizes(const QString &source)
{
    static const QRegularExpression head(uR"(\b(?:class|struct)\s+(?:[A-Z_]+_EXPORT\s+)?(\w+(?:::\w+)*)\s*(?:final\s*)?(?::[^:;{][^;{]*)?\{)"_s);
    static const QRegularExpression enumeration(uR"(\benum\s+$)"_s);
    const QString code = codeOf(source);
    QList<ClassSize> sizes;
    for (auto match = head.globalMatch(code); match.hasNext();) {
        const QRegularExpressionMatch found = match.next();
        if (code.left(found.capturedStart()).contains(enumeration))
            continue;
        ClassSize size{.name = found.captured(1), .hasReason = commentBefore(source, found.capturedStart()).contains(u"Large because"_s)};
        countBody(code, found.capturedEnd(), size);
        sizes.append(size);
    }
    return sizes;
}
