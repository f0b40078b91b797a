// SPDX-License-Identifier: Apache-2.0
#include "limitstable.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace {

QString textOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

bool isProgram(const QString &module)
{
    return module == u"server"_s || module == u"desktop"_s;
}

QString withoutComments(QString text)
{
    static const QRegularExpression comment(uR"(//[^\n]*|/\*.*?\*/)"_s, QRegularExpression::DotMatchesEverythingOption);
    return text.remove(comment);
}

} // namespace

ModuleLimits limitsIn(const QString &module, const QString &header, const QString &text)
{
    static const QRegularExpression limit(uR"(^constexpr [^=]*\b(k[A-Z]\w*) = ([^;]*);(?: +///?<? (.*))?$)"_s),
        comment(uR"(^( *)///?<?(?: (?!\\file$)(.*)| \\file)?$)"_s), ignored(uR"(^(#.*|namespace .*|\} // namespace .*|using namespace std::chrono_literals;)$)"_s);
    ModuleLimits found{.module = module, .header = header, .about = {}, .limits = {}, .faults = {}};
    QStringList above; // a comment above a limit
    bool isInside = false;
    const QStringList lines = text.split(u'\n');
    for (qsizetype i = 1; i < lines.size(); ++i) { // the first is the licence
        const QString &line = lines.at(i);
        if (line.startsWith(u"namespace "_s))
            isInside = true;
        if (line.isEmpty() || ignored.match(line).hasMatch()) {
            above.clear();
        } else if (const auto words = comment.match(line); words.hasMatch()) {
            const QString said = words.captured(2);
            if (!isInside)
                found.about += (found.about.isEmpty() ? u""_s : said.isEmpty() ? u"\n\n"_s : u" "_s) + said;
            else if (!words.captured(1).isEmpty() && !found.limits.isEmpty())
                found.limits.last().meaning += u' ' + said;
            else if (!said.startsWith(u"---- "_s))
                above.append(said);
        } else if (const auto named = limit.match(line); named.hasMatch()) {
            above.append(named.captured(3));
            found.limits.append({named.captured(1), named.captured(2), above.join(u' ').trimmed()});
            above.clear();
        } else {
            found.faults.append(u"%1, line %2: no limit on one line: %3"_s.arg(header).arg(i + 1).arg(line));
        }
    }
    found.about.replace(u"\n\n "_s, u"\n\n"_s);
    for (const auto &one : std::as_const(found.limits)) {
        if (one.meaning.isEmpty())
            found.faults.append(u"%1: %2 has no reason"_s.arg(header, one.name));
    }
    return found;
}

LimitsTable::LimitsTable(QString sourceFolder, const QStringList &modules, QHash<QString, QSet<QString>> reach)
    : m_folder(std::move(sourceFolder)), m_reach(std::move(reach))
{
    for (const QString &module : modules) {
        const QString folder = isProgram(module) ? module : u"engine/eventsync/"_s + module;
        const QString header = (isProgram(module) ? module : u"eventsync/"_s + module) + u"/limits.h"_s;
        if (const QString text = textOf(m_folder + u'/' + folder + u"/limits.h"_s); !text.isEmpty())
            m_modules.append(limitsIn(module, header, text));
    }
    for (ModuleLimits &module : m_modules) {
        for (const auto &one : std::as_const(module.limits)) {
            if (const ModuleLimits *other = m_moduleOf.value(one.name))
                module.faults.append(u"%1 is a limit of %2 and of %3"_s.arg(one.name, other->module, module.module));
            m_moduleOf.insert(one.name, &module);
        }
    }
    readSources();
}

void LimitsTable::readSources()
{
    static const QRegularExpression qualified(uR"(\blimits::(k[A-Z]\w*))"_s), any(uR"(\b(k[A-Z]\w*))"_s),
        include(uR"(#include <((?:eventsync/\w+|server|desktop)/limits\.h)>)"_s);
    for (const QString &folder : {u"engine/eventsync"_s, u"server"_s, u"desktop"_s}) {
        QDirIterator walk(m_folder + u'/' + folder, {u"*.h"_s, u"*.cpp"_s}, QDir::Files, QDirIterator::Subdirectories);
        while (walk.hasNext()) {
            const QString path = walk.next(), code = withoutComments(textOf(path));
            Source source{.name = QDir(m_folder).relativeFilePath(path), .module = {}, .limits = {}, .headers = {}};
            source.module = source.name.section(u'/', isProgram(folder) ? 0 : 2, isProgram(folder) ? 0 : 2);
            // One limit may be made of others.
            const bool isLimits = source.name.endsWith(u"/limits.h"_s);
            for (const auto &match : (isLimits ? any : qualified).globalMatch(code)) {
                const ModuleLimits *module = m_moduleOf.value(match.captured(1));
                if (module && !(isLimits && module->module == source.module))
                    source.limits.insert(match.captured(1));
            }
            for (const auto &match : include.globalMatch(code))
                source.headers.insert(match.captured(1));
            m_sources.append(source);
        }
    }
    std::sort(m_sources.begin(), m_sources.end(), [](const Source &a, const Source &b) { return a.name < b.name; });
}

// A limit belongs to the lowest module that uses it; if none of those may be included by all others, to one below them.
QStringList LimitsTable::misplaced() const
{
    QHash<QString, QSet<QString>> users;
    for (const Source &source : m_sources) {
        for (const QString &limit : source.limits)
            users[limit].insert(source.module);
    }
    QStringList faults;
    for (const ModuleLimits &module : m_modules) {
        for (const auto &limit : module.limits) {
            const QSet<QString> modules = users.value(limit.name);
            if (modules.isEmpty())
                faults.append(u"%1: nothing uses %2"_s.arg(module.header, limit.name));
            for (const QString &lowest : modules) {
                const bool fitsAll = std::all_of(modules.begin(), modules.end(), [&](const QString &user) { return m_reach.value(user).contains(lowest); });
                if (fitsAll && lowest != module.module)
                    faults.append(u"%1: %2 belongs to %3"_s.arg(module.header, limit.name, lowest));
            }
        }
    }
    return faults;
}

QStringList LimitsTable::wrongIncludes() const
{
    QStringList faults;
    for (const Source &source : m_sources) {
        if (source.name.endsWith(u"/limits.h"_s))
            continue;
        QSet<QString> needed;
        for (const QString &limit : source.limits)
            needed.insert(m_moduleOf.value(limit)->header);
        for (const QString &header : needed - source.headers)
            faults.append(u"%1 names a limit of <%2> and does not include it"_s.arg(source.name, header));
        for (const QString &header : source.headers - needed)
            faults.append(u"%1 includes <%2> and names none of its limits"_s.arg(source.name, header));
    }
    return faults;
}

QString LimitsTable::page() const
{
    QString page = u"<!-- SPDX-License-Identifier: Apache-2.0 -->\n# Limits\n\n"_s
        + u"For contributors, and for operators who want to know a bound. Written from the sources by `tst_structure --write-limits docs/limits.md`: change a limit\n"_s
        + u"and its reason there. Sizes are in bytes, and `kKiB` and `kMiB` are 1,024 and 1,048,576 of them; `ms` are milliseconds.\n"_s;
    for (const ModuleLimits &module : m_modules) {
        page += u"\n## %1\n\n%2\n\n| limit (`%3`) | value | of what, and why |\n|---|---|---|\n"_s.arg(module.module, module.about, module.header);
        for (const auto &limit : module.limits) {
            QString meaning = limit.meaning;
            page += u"| `%1` | `%2` | %3 |\n"_s.arg(limit.name, limit.value, meaning.replace(u'|', u"\\|"_s));
        }
    }
    return page;
}
