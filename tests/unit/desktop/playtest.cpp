// SPDX-License-Identifier: Apache-2.0
#include "playtest.h"

#include <desktop/commandline.h>
#include <desktop/play/script.h>

#include <QFile>
#include <QRegularExpression>
#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;

namespace {

std::optional<QString> variable(const QString &name)
{
    return name == "OUT"_L1 ? std::optional(u"/out put"_s) : std::nullopt;
}

} // namespace

void PlayTest::splitsWords_data()
{
    QTest::addColumn<QString>("line");
    QTest::addColumn<QString>("command");
    QTest::addColumn<QStringList>("words");
    QTest::addColumn<int>("withinMs");
    QTest::newRow("plain") << u"click saveButton"_s << u"click"_s << QStringList{u"saveButton"_s} << -1;
    QTest::newRow("blanks around") << u"  click \t saveButton  # because"_s << u"click"_s << QStringList{u"saveButton"_s} << -1;
    QTest::newRow("quotes") << uR"(set-text nameEdit "Dragon \"Quest\" \\ #1")"_s << u"set-text"_s
                            << QStringList{u"nameEdit"_s, uR"(Dragon "Quest" \ #1)"_s} << -1;
    QTest::newRow("empty text") << uR"(set-text nameEdit "")"_s << u"set-text"_s << QStringList{u"nameEdit"_s, QString()} << -1;
    QTest::newRow("raw quotes") << uR"(expect state /name '"a ${OUT}"')"_s << u"expect"_s
                                << QStringList{u"state"_s, u"/name"_s, uR"("a ${OUT}")"_s} << -1;
    QTest::newRow("variable") << u"screenshot ${OUT}/a.png"_s << u"screenshot"_s << QStringList{u"/out put/a.png"_s} << -1;
    QTest::newRow("variable in quotes") << uR"(screenshot "${OUT}/a b.png")"_s << u"screenshot"_s << QStringList{u"/out put/a b.png"_s} << -1;
    QTest::newRow("time") << u"wait-for synced within 30s"_s << u"wait-for"_s << QStringList{u"synced"_s} << 30'000;
    QTest::newRow("short time") << u"wait-for queue waiting=1 all=2 within 250ms"_s << u"wait-for"_s
                                << QStringList{u"queue"_s, u"waiting=1"_s, u"all=2"_s} << 250;
    QTest::newRow("pause") << u"pause 2s"_s << u"pause"_s << QStringList{u"2s"_s} << 2'000;
    QTest::newRow("korean") << u"set-text nameEdit \"용의 전설\""_s << u"set-text"_s << QStringList{u"nameEdit"_s, u"용의 전설"_s} << -1;
}

void PlayTest::splitsWords()
{
    QFETCH(QString, line);
    QFETCH(int, withinMs);
    const auto step = parsePlayLine(line, 1, variable);
    QVERIFY2(step, step ? "" : step.error().message.c_str());
    QVERIFY(*step);
    QTEST((*step)->command, "command");
    QTEST((*step)->words, "words");
    QCOMPARE((*step)->within ? int((*step)->within->count()) : -1, withinMs);
}

void PlayTest::saysWhatIsWrongAndWhere_data()
{
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("message");
    QTest::newRow("unknown command") << u"click a\n\nclack a"_s << u"line 3: there is no command \"clack\""_s;
    QTest::newRow("open quote") << u"print \"a"_s << u"line 1: the \" has no end"_s;
    QTest::newRow("open raw quote") << u"print 'a"_s << u"line 1: the ' has no end"_s;
    QTest::newRow("too few words") << u"# x\nset-text nameEdit"_s << u"line 2: set-text takes 2 word(s), not 1"_s;
    QTest::newRow("too many words") << u"click a b"_s << u"line 1: click takes 1 word(s), not 2"_s;
    QTest::newRow("no condition") << u"expect"_s << u"line 1: expect what?"_s;
    QTest::newRow("unknown condition") << u"expect weather sunny"_s << u"line 1: there is no condition \"weather\""_s;
    QTest::newRow("no pointer") << u"expect state gold 1"_s << u"line 1: \"gold\" is no JSON Pointer"_s;
    QTest::newRow("no JSON") << u"edit /name Zoe"_s << u"line 1: \"Zoe\" is no JSON"_s;
    QTest::newRow("no count") << u"wait-for queue waiting=many"_s << u"line 1: \"waiting=many\" is no count"_s;
    QTest::newRow("no state") << u"wait-for connection up"_s << u"line 1: \"up\" is none of online"_s;
    QTest::newRow("no duration") << u"wait-for synced within soon"_s << u"line 1: \"soon\" is no duration"_s;
    QTest::newRow("no number") << u"expect rows gamesView two"_s << u"line 1: \"two\" is no number"_s;
    QTest::newRow("neither on nor off") << u"offline maybe"_s << u"line 1: on or off, not \"maybe\""_s;
    QTest::newRow("no variable") << u"print ${NO_SUCH}"_s << u"line 1: the environment has no NO_SUCH"_s;
    QTest::newRow("open variable") << u"print ${OUT"_s << u"line 1: ${ has no }"_s;
    QTest::newRow("no key") << u"key nameEdit Frobnicate"_s << u"line 1: \"Frobnicate\" is no key"_s;
}

void PlayTest::saysWhatIsWrongAndWhere()
{
    QFETCH(QString, script);
    QFETCH(QString, message);
    const auto steps = parsePlayScript(script, variable);
    QVERIFY(!steps);
    const QString said = QString::fromStdString(steps.error().message);
    QVERIFY2(said.startsWith(message), qPrintable(said));
}

// Every step and condition that docs/play-scripts.md lists is one, and its example plays.
void PlayTest::knowsEveryWordOfItsPage()
{
    QFile page(qEnvironmentVariable("EVENTSYNC_SOURCE_DIR") + "/docs/play-scripts.md"_L1);
    QVERIFY(page.open(QIODevice::ReadOnly));
    const QString text = QString::fromUtf8(page.readAll());
    QString example;
    for (const QString &line : text.split(u'\n')) {
        if (line.startsWith("    "_L1))
            example += line + u'\n';
    }
    const auto steps = parsePlayScript(example, variable);
    QVERIFY2(steps, steps ? "" : steps.error().message.c_str());
    QCOMPARE(steps->size(), std::size_t(8));
    static const QRegularExpression named(u"^\\| (`[^|]*`) \\|"_s, QRegularExpression::MultilineOption);
    static const QRegularExpression word(u"`([a-z-]+)"_s);
    int known = 0;
    for (const auto &row : named.globalMatch(text)) {
        for (const auto &match : word.globalMatch(row.captured(1))) {
            const QString name = match.captured(1);
            const auto asCommand = parsePlayLine(name, 1);
            const auto asCondition = parsePlayLine("expect "_L1 + name, 1);
            auto unknown = [](const auto &result) { return !result && result.error().message.find("there is no ") != std::string::npos; };
            QVERIFY2(!unknown(asCommand) || !unknown(asCondition), qPrintable(name));
            ++known;
        }
    }
    QVERIFY2(known >= 30, qPrintable(QString::number(known)));
}

void PlayTest::readsTheCommandLine_data()
{
    QTest::addColumn<QString>("line");
    QTest::addColumn<bool>("good");
    QTest::newRow("nothing") << u""_s << true;
    QTest::newRow("all") << u"--server http://127.0.0.1:1 --profile a.b-c_d --document game-1 --transport sse --offline --language ko --play - --screenshot x.png"_s << true;
    QTest::newRow("profile with a slash") << u"--profile ../x"_s << false;
    QTest::newRow("hidden profile") << u"--profile .x"_s << false;
    QTest::newRow("no server") << u"--server ftp://x"_s << false;
    QTest::newRow("no transport") << u"--transport carrier-pigeon"_s << false;
    QTest::newRow("no language") << u"--language tlh"_s << false;
    QTest::newRow("no document") << u"--document a/b"_s << false;
    QTest::newRow("unknown option") << u"--frobnicate"_s << false;
    QTest::newRow("a word") << u"now"_s << false;
    QTest::newRow("missing value") << u"--server"_s << false;
}

void PlayTest::readsTheCommandLine()
{
    QFETCH(QString, line);
    QFETCH(bool, good);
    const auto options = parseCommandLine(QStringList(u"eventsync-desktop"_s) + line.split(u' ', Qt::SkipEmptyParts));
    QCOMPARE(options.has_value(), good);
    if (!options) {
        QVERIFY(!options.error().message.empty());
        QVERIFY(!QString::fromStdString(options.error().message).contains(u'\n')); // one line
        return;
    }
    QCOMPARE(options->profile, line.isEmpty() ? u"default"_s : u"a.b-c_d"_s);
}

void PlayTest::completesAddressesOfServers_data()
{
    QTest::addColumn<QString>("typed");
    QTest::addColumn<QString>("url"); // empty: refused
    QTest::newRow("whole") << u"http://h:1"_s << u"http://h:1"_s;
    QTest::newRow("without scheme") << u" h:1 "_s << u"http://h:1"_s;
    QTest::newRow("with path") << u"wss://h/p"_s << u"wss://h/p"_s;
    QTest::newRow("address") << u"127.0.0.1:8080"_s << u"http://127.0.0.1:8080"_s;
    QTest::newRow("empty") << u" "_s << QString();
    QTest::newRow("no host") << u"http://"_s << QString();
    QTest::newRow("another scheme") << u"file:///x"_s << QString();
    QTest::newRow("blank inside") << u"a b"_s << QString();
}

void PlayTest::completesAddressesOfServers()
{
    QFETCH(QString, typed);
    QFETCH(QString, url);
    const auto result = serverUrlFrom(typed);
    QCOMPARE(result.has_value(), !url.isEmpty());
    if (result)
        QCOMPARE(result->toString(), url);
}

} // namespace eventsync::desktop::test
