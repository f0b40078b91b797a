// SPDX-License-Identifier: Apache-2.0
// What the project says about its own shape, checked on its own files: the module table of engine/README.md against
// every include and every link, the licence lines, the include guards, the comments of public types, that time and random
// numbers come from their interfaces, and that each limit is in the header of its module and on the page of limits.
//
// tst_structure --write-limits FILE: writes that page, docs/limits.md, and runs no test.
#include "classsizes.h"
#include "limitstable.h"

#include <QCoreApplication>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QHash>
#include <QLibraryInfo>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

using namespace Qt::StringLiterals;

namespace {

struct Module
{
    QString name;
    QStringList mayInclude; // as the table says, not yet transitive
};

using Table = QList<Module>;

QString sourceFolder()
{
    return qEnvironmentVariable("EVENTSYNC_SOURCE_DIR");
}

// The text of a file; empty if it cannot be read, which no caller takes for a good answer.
QString textOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

// The files below `folder` (relative to the project) whose name fits one of the patterns, as absolute paths, in order.
QStringList filesBelow(const QString &folder, const QStringList &patterns)
{
    QStringList files;
    QDirIterator walk(sourceFolder() + u'/' + folder, patterns, QDir::Files, QDirIterator::Subdirectories);
    while (walk.hasNext())
        files.append(walk.next());
    files.sort();
    return files;
}

QString shortName(const QString &path)
{
    return QDir(sourceFolder()).relativeFilePath(path);
}

// Rows of the form "| `name` | anything | base, json |".
Table tableIn(const QString &text)
{
    static const QRegularExpression row(uR"(^\| `([a-z]+)` \|.*\| ([a-z, -]+) \|$)"_s,
                                        QRegularExpression::MultilineOption);
    Table table;
    for (const auto &match : row.globalMatch(text)) {
        const QString cell = match.captured(2).trimmed();
        QStringList names;
        if (cell != u"-"_s) {
            for (const QString &name : cell.split(u','))
                names.append(name.trimmed());
        }
        table.append({match.captured(1), names});
    }
    return table;
}

// Module -> everything it may include, itself included. Rows come after the rows they use, so one pass is enough.
QHash<QString, QSet<QString>> reachable(const Table &table)
{
    QHash<QString, QSet<QString>> reach;
    for (const Module &module : table) {
        QSet<QString> all{module.name};
        for (const QString &name : module.mayInclude)
            all.unite(reach.value(name));
        reach.insert(module.name, all);
    }
    return reach;
}

// The limits of all modules of engine/README.md's table, and of the programs.
LimitsTable allLimits()
{
    const Table table = tableIn(textOf(sourceFolder() + u"/engine/README.md"_s));
    QHash<QString, QSet<QString>> reach = reachable(table);
    QStringList modules;
    for (const Module &module : table)
        modules.append(module.name);
    reach.insert(u"server"_s, (reach.value(u"sync"_s) + reach.value(u"transport"_s)) << u"server"_s);
    reach.insert(u"desktop"_s, QSet<QString>(modules.begin(), modules.end()) << u"server"_s << u"desktop"_s);
    return LimitsTable(sourceFolder(), modules + QStringList{u"server"_s, u"desktop"_s}, reach);
}

QStringList includesOf(const QString &text)
{
    static const QRegularExpression include(uR"(^\s*#\s*include\s*[<"]([^>"]+)[>"])"_s,
                                            QRegularExpression::MultilineOption);
    QStringList targets;
    for (const auto &match : include.globalMatch(text))
        targets.append(match.captured(1));
    return targets;
}

// Whether a header belongs to a Qt library that needs a display's libraries.
bool isGuiHeader(const QString &header)
{
    static const QString headers = QLibraryInfo::path(QLibraryInfo::HeadersPath);
    static const QStringList libraries{u"QtGui"_s,          u"QtWidgets"_s, u"QtOpenGL"_s, u"QtOpenGLWidgets"_s,
                                       u"QtPrintSupport"_s, u"QtQuick"_s,   u"QtSvg"_s,    u"QtSvgWidgets"_s};
    const QString first = header.section(u'/', 0, 0);
    if (libraries.contains(first))
        return true;
    if (header.contains(u'/'))
        return false;
    for (const QString &library : libraries) {
        if (QFile::exists(headers + u'/' + library + u'/' + header))
            return true;
    }
    return false;
}

// What is wrong with the includes of one source of `module`.
QStringList includeFaults(const QString &module, const QString &text, const QHash<QString, QSet<QString>> &reach)
{
    QStringList faults;
    for (const QString &header : includesOf(text)) {
        if (header.startsWith(u"eventsync/"_s)) {
            const QString other = header.section(u'/', 1, 1);
            if (!reach.contains(other))
                faults.append(u"%1: there is no module %2"_s.arg(header, other));
            else if (!reach.value(module).contains(other))
                faults.append(u"%1: %2 may not include %3"_s.arg(header, module, other));
        } else if (header.contains(u".."_s)) {
            faults.append(u"%1: leaves its folder"_s.arg(header));
        } else if (isGuiHeader(header)) {
            faults.append(u"%1: the engine knows no Gui and no Widgets"_s.arg(header));
        }
    }
    return faults;
}

// Direct use of a clock, a source of random numbers or a sleep.
QStringList directUses(const QString &text)
{
    static const QRegularExpression comment(uR"(//[^\n]*|/\*.*?\*/)"_s, QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression forbidden(
        uR"(random_device|QRandomGenerator|createUuid|currentDateTime|currentMSecsSinceEpoch|currentSecsSinceEpoch)"
        uR"(|QTime::currentTime|QDate::currentDate|_clock::now|QElapsedTimer|sleep_for|sleep_until|\b[mu]?sleep\()"_s);
    QStringList faults;
    QString code = text;
    code.remove(comment);
    for (const auto &match : forbidden.globalMatch(code))
        faults.append(match.captured());
    return faults;
}

QStringList modulesLinkedBy(const QString &cmake)
{
    static const QRegularExpression depends(uR"(DEPENDS([a-z\s]*))"_s);
    static const QRegularExpression target(uR"((?:EventSync::|\beventsync_)([a-z]+))"_s);
    static const QSet<QString> functions{u"module"_s, u"test"_s, u"build"_s};
    QStringList names;
    for (const auto &match : depends.globalMatch(cmake))
        names += match.captured(1).split(QRegularExpression(uR"(\s+)"_s), Qt::SkipEmptyParts);
    for (const auto &match : target.globalMatch(cmake)) {
        if (!functions.contains(match.captured(1)))
            names.append(match.captured(1));
    }
    return names;
}

// Types at namespace scope without a comment for the reference manual directly before them.
QStringList undocumentedTypes(const QString &header)
{
    static const QRegularExpression type(uR"(^(?:class|struct|union|enum class|enum) (?:\w+ )?(\w+)\b(?!::|<))"_s);
    static const QRegularExpression between(uR"(^(?:template|requires)\b)"_s);
    QStringList names;
    const QStringList lines = header.split(u'\n');
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const auto match = type.match(lines[i]);
        const bool isForward = lines[i].trimmed().endsWith(u';') && !lines[i].contains(u'{');
        if (!match.hasMatch() || isForward)
            continue;
        qsizetype before = i - 1;
        while (before >= 0 && between.match(lines[before]).hasMatch())
            --before;
        if (before < 0 || !lines[before].startsWith(u"///"_s))
            names.append(match.captured(1));
    }
    return names;
}

bool hasLicenceLine(const QString &text)
{
    // A script's first line names its interpreter.
    return text.section(u'\n', 0, 2).contains(u"SPDX-License-Identifier: Apache-2.0"_s);
}

// The first line that is neither empty nor a comment.
QString firstCodeLine(const QString &text)
{
    for (const QString &line : text.split(u'\n')) {
        if (!line.trimmed().isEmpty() && !line.startsWith(u"//"_s))
            return line.trimmed();
    }
    return {};
}

} // namespace

class StructureTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void arrowsPointUpTheTable();
    void everyEngineFolderIsInTheTable();
    void includeCheckSeesWhatIsForbidden_data();
    void includeCheckSeesWhatIsForbidden();
    void sourceCheckSeesWhatIsForbidden_data();
    void sourceCheckSeesWhatIsForbidden();
    void modulesIncludeOnlyWhatTheTableAllows_data();
    void modulesIncludeOnlyWhatTheTableAllows();
    void modulesLinkOnlyWhatTheTableAllows_data();
    void modulesLinkOnlyWhatTheTableAllows();
    void engineTakesTimeAndRandomNumbersThroughInterfaces();
    void classesAreMeasured();
    void largeClassesSayWhy();
    void everyHeaderIsReadOnce();
    void everySourceHasItsLicenceLine();
    void limitsAreReadFromTheirHeader();
    void everyLimitIsInTheHeaderOfItsModule();
    void sourcesIncludeTheLimitsThatTheyName();
    void thePageOfLimitsIsTrue();
    void documentationCheckSeesWhatIsMissing_data();
    void documentationCheckSeesWhatIsMissing();
    void everyPublicTypeIsInTheReferenceManual();

private:
    void addModuleRows();

    Table m_table;
    QHash<QString, QSet<QString>> m_reach;
};

void StructureTest::initTestCase()
{
    QVERIFY2(QFile::exists(sourceFolder() + u"/engine/README.md"_s),
             "EVENTSYNC_SOURCE_DIR must name the project's root");
    QVERIFY2(QFile::exists(QLibraryInfo::path(QLibraryInfo::HeadersPath) + u"/QtGui/QColor"_s),
             "Qt's headers are not where QLibraryInfo says, so Gui headers cannot be told apart");
    m_table = tableIn(textOf(sourceFolder() + u"/engine/README.md"_s));
    m_reach = reachable(m_table);
}

void StructureTest::arrowsPointUpTheTable()
{
    QCOMPARE(m_table.size(), qsizetype(12));
    QCOMPARE(m_table.first().name, u"base"_s);
    QSet<QString> above;
    for (const Module &module : m_table) {
        QVERIFY2(!above.contains(module.name), qPrintable(module.name + u" stands in the table twice"_s));
        for (const QString &name : module.mayInclude)
            QVERIFY2(above.contains(name),
                     qPrintable(u"%1 includes %2, which does not stand above it"_s.arg(module.name, name)));
        above.insert(module.name);
    }
    QVERIFY(!m_reach.value(u"protocol"_s).contains(u"storage"_s));
    QVERIFY(m_reach.value(u"sync"_s).contains(u"json"_s));
}

void StructureTest::everyEngineFolderIsInTheTable()
{
    const QStringList folders =
        QDir(sourceFolder() + u"/engine/eventsync"_s).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    QVERIFY(folders.contains(u"base"_s));
    for (const QString &folder : folders)
        QVERIFY2(m_reach.contains(folder),
                 qPrintable(u"engine/eventsync/%1 is not in engine/README.md's table"_s.arg(folder)));
}

void StructureTest::includeCheckSeesWhatIsForbidden_data()
{
    QTest::addColumn<QString>("module");
    QTest::addColumn<QString>("text");
    QTest::addColumn<qsizetype>("faults");

    QTest::newRow("own module") << u"json"_s << u"#include <eventsync/json/value.h>\n"_s << qsizetype(0);
    QTest::newRow("direct arrow") << u"model"_s << u"#include <eventsync/crdt/node.h>\n"_s << qsizetype(0);
    QTest::newRow("transitive arrow") << u"client"_s << u"#include <eventsync/base/error.h>\n"_s << qsizetype(0);
    QTest::newRow("against the arrow") << u"base"_s << u"#include <eventsync/json/value.h>\n"_s << qsizetype(1);
    QTest::newRow("sideways") << u"transport"_s << u"#include <eventsync/protocol/codec.h>\n"_s << qsizetype(1);
    QTest::newRow("client to server") << u"client"_s << u"#include <eventsync/sync/syncservice.h>\n"_s << qsizetype(1);
    QTest::newRow("quoted") << u"base"_s << u"# include \"eventsync/json/value.h\"\n"_s << qsizetype(1);
    QTest::newRow("unknown module") << u"client"_s << u"#include <eventsync/misc/x.h>\n"_s << qsizetype(1);
    QTest::newRow("out of the folder") << u"client"_s << u"#include \"../sync/x.h\"\n"_s << qsizetype(1);
    QTest::newRow("Gui class") << u"client"_s << u"#include <QColor>\n"_s << qsizetype(1);
    QTest::newRow("Gui header") << u"client"_s << u"#include <qcolor.h>\n"_s << qsizetype(1);
    QTest::newRow("Widgets with its library") << u"client"_s << u"#include <QtWidgets/QLabel>\n"_s << qsizetype(1);
    QTest::newRow("Core class") << u"client"_s << u"#include <QObject>\n#include <QtCore/QString>\n"_s << qsizetype(0);
    QTest::newRow("in a comment") << u"base"_s << u"// #include <eventsync/json/value.h>\n"_s << qsizetype(0);
    QTest::newRow("two") << u"base"_s << u"#include <QWidget>\n#include <string>\n#include <eventsync/sync/x.h>\n"_s
                         << qsizetype(2);
}

void StructureTest::includeCheckSeesWhatIsForbidden()
{
    QFETCH(QString, module);
    QFETCH(QString, text);
    QFETCH(qsizetype, faults);
    const QStringList found = includeFaults(module, text, m_reach);
    QVERIFY2(found.size() == faults, qPrintable(found.join(u'\n')));
}

void StructureTest::sourceCheckSeesWhatIsForbidden_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<qsizetype>("faults");

    QTest::newRow("clock") << u"auto t = std::chrono::steady_clock::now();"_s << qsizetype(1);
    QTest::newRow("Qt clock") << u"QDateTime::currentDateTimeUtc()"_s << qsizetype(1);
    QTest::newRow("random numbers") << u"std::random_device d; QRandomGenerator::global();"_s << qsizetype(2);
    QTest::newRow("sleep") << u"QThread::msleep(5);"_s << qsizetype(1);
    QTest::newRow("in a comment") << u"// never QDateTime::currentDateTime()\n/* sleep_for\n */ int x;"_s
                                  << qsizetype(0);
    QTest::newRow("the interfaces") << u"m_clock.wall(); m_random.next(); asleep(1);"_s << qsizetype(0);
}

void StructureTest::sourceCheckSeesWhatIsForbidden()
{
    QFETCH(QString, text);
    QFETCH(qsizetype, faults);
    QCOMPARE(directUses(text).size(), faults);
}

void StructureTest::addModuleRows()
{
    QTest::addColumn<QString>("module");
    for (const Module &module : m_table) {
        // A row for each module that is there: a room may be described before it is built.
        if (QFile::exists(sourceFolder() + u"/engine/eventsync/"_s + module.name + u"/CMakeLists.txt"_s))
            QTest::newRow(qPrintable(module.name)) << module.name;
    }
}

void StructureTest::modulesIncludeOnlyWhatTheTableAllows_data()
{
    addModuleRows();
}

void StructureTest::modulesIncludeOnlyWhatTheTableAllows()
{
    QFETCH(QString, module);
    const QStringList files = filesBelow(u"engine/eventsync/"_s + module, {u"*.h"_s, u"*.cpp"_s});
    QVERIFY(!files.isEmpty());
    QStringList faults;
    for (const QString &file : files) {
        for (const QString &fault : includeFaults(module, textOf(file), m_reach))
            faults.append(shortName(file) + u": "_s + fault);
    }
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
}

void StructureTest::modulesLinkOnlyWhatTheTableAllows_data()
{
    addModuleRows();
}

void StructureTest::modulesLinkOnlyWhatTheTableAllows()
{
    QFETCH(QString, module);
    const QString cmake = textOf(sourceFolder() + u"/engine/eventsync/%1/CMakeLists.txt"_s.arg(module));
    QVERIFY2(cmake.contains(u"eventsync_module(%1"_s.arg(module)),
             "a module's CMakeLists.txt defines it with eventsync_module");
    for (const QString &name : modulesLinkedBy(cmake))
        QVERIFY2(m_reach.value(module).contains(name), qPrintable(u"%1 may not link %2"_s.arg(module, name)));
    static const QRegularExpression gui(uR"(Qt6::(Gui|Widgets|OpenGL|PrintSupport|Quick|Svg)\w*)"_s);
    QVERIFY2(!gui.match(cmake).hasMatch(), "an engine module links a Qt library that needs a display's libraries");
}

void StructureTest::engineTakesTimeAndRandomNumbersThroughInterfaces()
{
    // The implementations of the interfaces.
    const QSet<QString> implementations{u"engine/eventsync/base/clock.h"_s, u"engine/eventsync/base/random.cpp"_s};
    QStringList faults;
    for (const QString &file : filesBelow(u"engine"_s, {u"*.h"_s, u"*.cpp"_s})) {
        if (implementations.contains(shortName(file)))
            continue;
        for (const QString &fault : directUses(textOf(file)))
            faults.append(shortName(file) + u": "_s + fault);
    }
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
    for (const QString &file : implementations)
        QVERIFY2(!directUses(textOf(sourceFolder() + u'/' + file)).isEmpty(),
                 qPrintable(file + u" asks the system no more"_s));
}

void StructureTest::classesAreMeasured()
{
    const QString source = uR"(
// A comment; class Not { int a; };
struct Plain { int a = 1; std::function<void(int)> call; static constexpr int kNone = 0; enum class E { A, B }; E e{}; };
enum class Kind { One };
// Large because it is an example.
template<class T>
class Both final : public Base<T>
{
    Q_OBJECT
public:
    explicit Both(int a) : m_a(a) { if (a) { b(); } }
    Both(const Both &) = delete;
    ~Both();
    bool operator==(const Both &) const = default;
    template<class U>
    void b(U value = {}) const;
    std::map<int, std::vector<int>> c() const { return {}; }
private:
    struct Inner { int x; void f(); };
    friend class Other;
    std::map<int, std::vector<int>> m_map = {};
    struct { int x = 0; } m_pair;
    int m_a;
};
)"_s;
    const QList<ClassSize> sizes = classSizes(source);
    QStringList seen;
    for (const ClassSize &size : sizes)
        seen.append(u"%1 %2 %3%4"_s.arg(size.name).arg(size.functions).arg(size.members).arg(size.hasReason ? u" why"_s : QString()));
    QCOMPARE(seen, (QStringList{u"Plain 0 3"_s, u"Both 4 3 why"_s, u"Inner 1 1"_s}));
}

// A class with more than about 30 functions or 20 members hides a second noun, or says beside it why it does not.
void StructureTest::largeClassesSayWhy()
{
    constexpr int kFunctions = 30, kMembers = 20;
    QStringList faults;
    qsizetype seen = 0;
    for (const QString &folder : {u"engine"_s, u"server"_s, u"desktop"_s}) {
        for (const QString &file : filesBelow(folder, {u"*.h"_s, u"*.cpp"_s})) {
            for (const ClassSize &size : classSizes(textOf(file))) {
                ++seen;
                const bool isLarge = size.functions > kFunctions || size.members > kMembers;
                if (isLarge && !size.hasReason)
                    faults.append(u"%1: %2 has %3 functions and %4 members; say \"Large because ...\" in the comment before it, or divide it"_s
                                      .arg(shortName(file), size.name).arg(size.functions).arg(size.members));
            }
        }
    }
    QVERIFY(seen > 300);
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
}

void StructureTest::everyHeaderIsReadOnce()
{
    QStringList faults;
    qsizetype seen = 0;
    for (const QString &folder : {u"engine"_s, u"server"_s, u"desktop"_s, u"tests"_s}) {
        for (const QString &file : filesBelow(folder, {u"*.h"_s})) {
            ++seen;
            if (firstCodeLine(textOf(file)) != u"#pragma once"_s)
                faults.append(shortName(file));
        }
    }
    QVERIFY(seen > 0);
    QVERIFY2(faults.isEmpty(), qPrintable(u"#pragma once is not the first line of code in:\n"_s + faults.join(u'\n')));
}

void StructureTest::everySourceHasItsLicenceLine()
{
    QStringList files{sourceFolder() + u"/dev"_s, sourceFolder() + u"/.ci/run"_s,
                      sourceFolder() + u"/CMakeLists.txt"_s};
    for (const QString &folder :
         {u"engine"_s, u"server"_s, u"desktop"_s, u"tests"_s, u"packaging"_s, u"resources"_s, u"docs"_s}) {
        files += filesBelow(folder, {u"*.h"_s, u"*.cpp"_s, u"*.py"_s, u"*.sh"_s, u"*.js"_s, u"*.mjs"_s,
                                     u"*.cmake"_s, u"CMakeLists.txt"_s});
    }
    QStringList faults;
    for (const QString &file : files) {
        if (!file.contains(u"/node_modules/"_s) && !hasLicenceLine(textOf(file)))
            faults.append(shortName(file));
    }
    QVERIFY2(faults.isEmpty(), qPrintable(u"no SPDX line in the first three lines of:\n"_s + faults.join(u'\n')));
}

void StructureTest::documentationCheckSeesWhatIsMissing_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("missing");
    QTest::newRow("documented") << u"/// Says it.\nclass A final : public B\n{\n};\n"_s << QStringList();
    QTest::newRow("plain comment") << u"// Says it.\nclass A\n{\n};\n"_s << QStringList{u"A"_s};
    QTest::newRow("none") << u"\nstruct A { int x; };\nenum class E { One };\n"_s << QStringList{u"A"_s, u"E"_s};
    QTest::newRow("after an empty line") << u"/// Of something else.\n\nstruct A\n{\n};\n"_s << QStringList{u"A"_s};
    QTest::newRow("template") << u"/// Says it.\ntemplate<class T>\n    \nclass A;\n/// Says it.\ntemplate<class T>\nclass B\n{\n};\n"_s << QStringList();
    QTest::newRow("forward declaration, nested") << u"class A;\n/// B.\nclass B\n{\n    struct C {};\n};\n"_s << QStringList();
}

void StructureTest::documentationCheckSeesWhatIsMissing()
{
    QFETCH(const QString, text);
    QTEST(undocumentedTypes(text), "missing");
}

// ./dev docs makes the manual; the text of the comments is not checked here.
void StructureTest::everyPublicTypeIsInTheReferenceManual()
{
    QStringList faults;
    qsizetype seen = 0;
    for (const QString &folder : {u"engine"_s, u"server"_s}) {
        for (const QString &file : filesBelow(folder, {u"*.h"_s})) {
            if (file.endsWith(u"_p.h"_s))
                continue;
            ++seen;
            for (const QString &name : undocumentedTypes(textOf(file)))
                faults.append(shortName(file) + u": "_s + name);
        }
    }
    QVERIFY(seen > 100);
    QVERIFY2(faults.isEmpty(), qPrintable(u"no /// comment before:\n"_s + faults.join(u'\n')));
}

void StructureTest::limitsAreReadFromTheirHeader()
{
    const auto found = limitsIn(u"sync"_s, u"eventsync/sync/limits.h"_s, QString::fromUtf8(R"(// SPDX
#pragma once

#include <x.h>

/// \file
/// What it is.
namespace eventsync::limits {

// ---- A part

constexpr std::size_t kOne = 16 * kMiB; ///< of one,
                                        ///< and more
// Why two.
constexpr auto kTwo = 500ms;

constexpr int kThree = 3;
inline int four = 4;

} // namespace eventsync::limits
)"));
    QCOMPARE(found.about, u"What it is."_s);
    QCOMPARE(found.limits.size(), qsizetype(3));
    QCOMPARE(found.limits.at(0).name, u"kOne"_s);
    QCOMPARE(found.limits.at(0).value, u"16 * kMiB"_s);
    QCOMPARE(found.limits.at(0).meaning, u"of one, and more"_s);
    QCOMPARE(found.limits.at(1).meaning, u"Why two."_s);
    QCOMPARE(found.faults.size(), qsizetype(2)); // four, and three without a reason
}

void StructureTest::everyLimitIsInTheHeaderOfItsModule()
{
    const LimitsTable table = allLimits();
    QVERIFY(table.modules().size() > 10);
    QStringList faults = table.misplaced();
    for (const ModuleLimits &module : table.modules())
        faults += module.faults;
    // Elsewhere nothing is a limit.
    static const QRegularExpression defines(uR"(^\s*namespace (eventsync::)?limits\b)"_s, QRegularExpression::MultilineOption);
    for (const QString &folder : {u"engine"_s, u"server"_s, u"desktop"_s}) {
        for (const QString &file : filesBelow(folder, {u"*.h"_s, u"*.cpp"_s})) {
            if (!file.endsWith(u"/limits.h"_s) && defines.match(textOf(file)).hasMatch())
                faults.append(shortName(file) + u" defines limits, and is no limits.h"_s);
        }
    }
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
}

void StructureTest::sourcesIncludeTheLimitsThatTheyName()
{
    const QStringList faults = allLimits().wrongIncludes();
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
}

void StructureTest::thePageOfLimitsIsTrue()
{
    QVERIFY2(textOf(sourceFolder() + u"/docs/limits.md"_s) == allLimits().page(), "write it again: tst_structure --write-limits docs/limits.md");
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() == 3 && arguments.at(1) == u"--write-limits"_s) {
        QFile file(arguments.at(2));
        const QByteArray page = allLimits().page().toUtf8();
        return file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(page) == page.size() ? 0 : 1;
    }
    StructureTest test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_structure.moc"
