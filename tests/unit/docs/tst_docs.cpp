// SPDX-License-Identifier: Apache-2.0
// What the documentation says about files: links lead somewhere, code on a page is the code that the tests build, the two
// READMEs show the same, and the tests that the page of guarantees names exist.

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QHash>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

using namespace Qt::StringLiterals;

namespace {

const QString kExample = u"docs/examples/embedding/main.cpp"_s;

QString absolute(const QString &path)
{
    return qEnvironmentVariable("EVENTSYNC_SOURCE_DIR") + u'/' + path;
}

// Empty if it cannot be read, which no caller takes for a good answer.
QString textOf(const QString &path)
{
    QFile file(absolute(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

// All pages of the project, relative to its root. Folders are named, so that no build folder is searched.
QStringList pages()
{
    const QDir root(absolute({}));
    QStringList found = root.entryList({u"*.md"_s}, QDir::Files);
    for (const QString &folder : {u"docs"_s, u"engine"_s, u"server"_s, u"desktop"_s, u"packaging"_s, u"resources"_s, u"tests"_s}) {
        QDirIterator walk(root.filePath(folder), {u"*.md"_s}, QDir::Files, QDirIterator::Subdirectories);
        while (walk.hasNext()) {
            const QString path = root.relativeFilePath(walk.next());
            if (!path.contains("/node_modules/"_L1))
                found.append(path);
        }
    }
    found.sort();
    return found;
}

struct Page
{
    QString prose;          // without code
    QStringList code;       // fenced blocks, in order, each with its language in the first line
};

Page split(const QString &text)
{
    Page page;
    bool inCode = false;
    for (const QString &line : text.split(u'\n')) {
        if (line.trimmed().startsWith("```"_L1)) {
            inCode = !inCode;
            if (inCode)
                page.code.append(line.trimmed().mid(3) + u'\n');
        } else if (inCode) {
            page.code.last() += line + u'\n';
        } else {
            page.prose += line + u'\n';
        }
    }
    return page;
}

QStringList blocks(const Page &page, const QString &language)
{
    QStringList found;
    for (const QString &block : page.code) {
        if (block.startsWith(language + u'\n'))
            found.append(block.mid(language.size() + 1));
    }
    return found;
}

// Targets inside the project: `[text](target)`, `src="target"`, `href="target"`.
QStringList links(const Page &page)
{
    static const QRegularExpression code(u"`[^`\n]*`"_s);
    static const QRegularExpression link(uR"re(\]\(\s*<?([^)\s>]+)>?[^)]*\)|\b(?:src|href)="([^"]+)")re"_s);
    static const QRegularExpression foreign(u"^[a-z][a-z0-9+.-]*:"_s);
    QString prose = page.prose;
    prose.replace(code, u"code"_s);
    QStringList found;
    for (const auto &match : link.globalMatch(prose)) {
        const QString target = match.captured(1) + match.captured(2);
        if (!foreign.match(target).hasMatch())
            found.append(target);
    }
    return found;
}

// The names under which a browser of the sources reaches the headings of a page.
QSet<QString> anchors(const Page &page)
{
    static const QRegularExpression heading(u"^#{1,6} +(.*?) *$"_s, QRegularExpression::MultilineOption);
    static const QRegularExpression dropped(u"[^\\w\\- ]"_s, QRegularExpression::UseUnicodePropertiesOption);
    QSet<QString> names;
    QHash<QString, int> seen;
    for (const auto &match : heading.globalMatch(page.prose)) {
        QString name = match.captured(1).toLower();
        name.remove(dropped);
        name.replace(u' ', u'-');
        const int times = seen[name]++;
        names.insert(times == 0 ? name : name + u'-' + QString::number(times));
    }
    return names;
}

QString whyBroken(const QString &page, const QString &link)
{
    const QString path = link.section(u'#', 0, 0), anchor = link.section(u'#', 1);
    const QString target = path.isEmpty() ? page : QDir::cleanPath(QFileInfo(page).path() + u'/' + path);
    if (target.startsWith(".."_L1) || !QFileInfo::exists(absolute(target)))
        return u"there is no %1"_s.arg(target);
    if (!anchor.isEmpty() && !anchors(split(textOf(target))).contains(anchor))
        return u"%1 has no heading #%2"_s.arg(target, anchor);
    return {};
}

// What stands between the marks in the example, without the marks and the indentation.
QString exampleOfTheReadme()
{
    static const QRegularExpression marked(u"\\n    // \\[readme\\]\\n(.*?)    // \\[/readme\\]\\n"_s,
                                           QRegularExpression::DotMatchesEverythingOption);
    QString code = marked.match(textOf(kExample)).captured(1);
    static const QRegularExpression indentation(u"^    "_s, QRegularExpression::MultilineOption);
    return code.remove(indentation);
}

} // namespace

class TestDocs : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyLinkLeadsSomewhere_data();
    void everyLinkLeadsSomewhere();
    void brokenLinksAreSeen_data();
    void brokenLinksAreSeen();
    void everyPageIsInTheIndex();
    void readmeShowsTheExample_data();
    void readmeShowsTheExample();
    void bothReadmesShowTheSame();
    void embeddingPageShowsTheWholeProgram();
    void guaranteesNameTestsThatExist_data();
    void guaranteesNameTestsThatExist();
};

void TestDocs::everyLinkLeadsSomewhere_data()
{
    QTest::addColumn<QString>("page");
    for (const QString &page : pages())
        QTest::newRow(qPrintable(page)) << page;
}

void TestDocs::everyLinkLeadsSomewhere()
{
    QFETCH(const QString, page);
    const QString text = textOf(page);
    QVERIFY(!text.isEmpty());
    QStringList broken;
    for (const QString &link : links(split(text))) {
        if (const QString why = whyBroken(page, link); !why.isEmpty())
            broken.append(u"%1: %2"_s.arg(link, why));
    }
    QVERIFY2(broken.isEmpty(), qPrintable(broken.join(u'\n')));
}

void TestDocs::brokenLinksAreSeen_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("broken");
    QTest::newRow("a file that is there") << u"[x](glossary.md)"_s << 0;
    QTest::newRow("a file that is not") << u"[x](nothing.md)"_s << 1;
    QTest::newRow("a picture that is not") << u"![x](images/nothing.png)"_s << 1;
    QTest::newRow("a tag") << u"<img src=\"images/nothing.png\">"_s << 1;
    QTest::newRow("a heading that is there") << u"[x](protocol.md#a-worked-example)"_s << 0;
    QTest::newRow("a heading that is not") << u"[x](protocol.md#nothing)"_s << 1;
    QTest::newRow("outside of the project") << u"[x](../../somewhere.md)"_s << 1;
    QTest::newRow("elsewhere") << u"[x](https://example.org/nothing.md)"_s << 0;
    QTest::newRow("code") << u"`[x](nothing.md)`"_s << 0;
}

void TestDocs::brokenLinksAreSeen()
{
    QFETCH(const QString, text);
    QFETCH(const int, broken);
    int seen = 0;
    for (const QString &link : links(split(text)))
        seen += whyBroken(u"docs/page.md"_s, link).isEmpty() ? 0 : 1;
    QCOMPARE(seen, broken);
}

// Records of decisions are their folder's business, see docs/decisions/README.md.
void TestDocs::everyPageIsInTheIndex()
{
    const QStringList listed = links(split(textOf(u"docs/README.md"_s)));
    QStringList missing;
    for (const QString &page : QDir(absolute(u"docs"_s)).entryList({u"*.md"_s}, QDir::Files)) {
        if (page != "README.md"_L1 && !listed.contains(page))
            missing.append(page);
    }
    QVERIFY2(missing.isEmpty(), qPrintable(u"docs/README.md does not name "_s + missing.join(u", "_s)));
    QVERIFY(listed.contains(u"decisions/README.md"_s));
}

void TestDocs::readmeShowsTheExample_data()
{
    QTest::addColumn<QString>("page");
    QTest::newRow("English") << u"README.md"_s;
    QTest::newRow("Korean") << u"README.ko.md"_s;
}

void TestDocs::readmeShowsTheExample()
{
    QFETCH(const QString, page);
    const QString code = exampleOfTheReadme();
    QVERIFY(code.contains("SyncClient::open"_L1));
    QCOMPARE(blocks(split(textOf(page)), u"cpp"_s), QStringList(code));
}

void TestDocs::bothReadmesShowTheSame()
{
    const Page english = split(textOf(u"README.md"_s)), korean = split(textOf(u"README.ko.md"_s));
    QCOMPARE(blocks(korean, u"sh"_s), blocks(english, u"sh"_s));
    static const QRegularExpression heading(u"^#{1,6} "_s, QRegularExpression::MultilineOption);
    QCOMPARE(korean.prose.count(heading), english.prose.count(heading));
    auto targets = [](const Page &page) {
        QStringList all = links(page);
        all.removeIf([](const QString &link) { return link.startsWith("README"_L1) || link.startsWith(u'#'); });
        all.sort();
        return all;
    };
    QVERIFY(!targets(english).isEmpty());
    QCOMPARE(targets(korean), targets(english));
}

void TestDocs::embeddingPageShowsTheWholeProgram()
{
    const QString program = textOf(kExample);
    QVERIFY(!program.isEmpty());
    const QStringList shown = blocks(split(textOf(u"docs/embedding.md"_s)), u"cpp"_s);
    QVERIFY(!shown.isEmpty());
    QCOMPARE(shown.first(), program);
}

void TestDocs::guaranteesNameTestsThatExist_data()
{
    QTest::addColumn<int>("number");
    for (int number = 1; number <= 18; ++number)
        QTest::addRow("G%d", number) << number;
}

// Lines of the form "- [path](../path): `testName`, `testName`" below the guarantee's heading.
void TestDocs::guaranteesNameTestsThatExist()
{
    QFETCH(const int, number);
    const QString page = split(textOf(u"docs/guarantees.md"_s)).prose;
    const QRegularExpression section(u"^### G%1\\b.*?(?=^##|\\z)"_s.arg(number),
                                     QRegularExpression::MultilineOption | QRegularExpression::DotMatchesEverythingOption);
    const auto text = section.match(page);
    QVERIFY2(text.hasMatch(), "the page has no such heading");
    static const QRegularExpression line(uR"(^- \[([^\]]+)\]\(\.\./([^)]+)\)(.*)$)"_s, QRegularExpression::MultilineOption);
    static const QRegularExpression name(u"`([A-Za-z0-9_]+)`"_s);
    int named = 0;
    for (const auto &match : line.globalMatch(text.captured())) {
        QCOMPARE(match.captured(1), match.captured(2));
        const QString source = textOf(match.captured(2));
        QVERIFY2(!source.isEmpty(), qPrintable(match.captured(2)));
        for (const auto &test : name.globalMatch(match.captured(3))) {
            QVERIFY2(source.contains(test.captured(1) + u'('), qPrintable(match.captured(2) + u" has no "_s + test.captured(1)));
            ++named;
        }
    }
    QVERIFY2(named > 0, "no test is named");
}

QTEST_GUILESS_MAIN(TestDocs)
#include "tst_docs.moc"
