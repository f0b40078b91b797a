// SPDX-License-Identifier: Apache-2.0
#include "patterntest.h"

#include "samples.h"

#include <eventsync/model/limits.h>
#include <eventsync/model/schemapattern_p.h>
#include <eventsync/model/validator.h>

using namespace eventsync;
using namespace eventsync::test;
using namespace Qt::StringLiterals;

void PatternTest::aLongTextMeetsNoRegularExpression()
{
    const auto validator = schemaValidator(value(R"({"additionalProperties":{"pattern":"^(a|b)*$"}})"));
    VERIFY_OK(validator);
    const CollectionName games("games");
    VERIFY_OK((*validator)->validate(games, json::Object{{"x", std::string(limits::kPatternTextBytes, 'a')}}));
    const auto validated = (*validator)->validate(games, json::Object{{"x", std::string(1'000'000, 'a')}});
    QCOMPARE(outcome(validated), QStringLiteral("Invalid"));
    COMPARE_TEXT(validated.error().path, "/x");
}

void PatternTest::regularExpressionsAreThoseOfEcmaScript_data()
{
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("outcome"); // yes, no, wrong: no expression
    const auto row = [](const char *name, const QString &pattern, const QString &text, const char *outcome) {
        QTest::newRow(name) << pattern << text << QString::fromLatin1(outcome);
    };
    row("anywhere", u"b+"_s, u"abbc"_s, "yes");
    row("the end is the very end", u"^a$"_s, u"a\n"_s, "no");
    row("a dot is no line feed", u"^a.b$"_s, u"a\nb"_s, "no");
    row("a dot is one character", u"^.$"_s, u"\U0001F409"_s, "yes");
    row("Hangul by its letters", u"^[가-힣]{2}$"_s, u"세션"_s, "yes");
    row("Hangul by its numbers", u"^[\\uAC00-\\uD7A3]+$"_s, u"세션"_s, "yes");
    row("not Hangul", u"^[\\uAC00-\\uD7A3]+$"_s, u"session"_s, "no");
    row("a pair of surrogates", u"^\\uD83D\\uDC09$"_s, u"\U0001F409"_s, "yes");
    row("half a pair", u"\\uD83D"_s, u"a"_s, "wrong");
    row("a number in braces", u"^\\u{1F409}$"_s, u"\U0001F409"_s, "yes");
    row("a number that is no character", u"\\u{110000}"_s, u"a"_s, "wrong");
    row("braces that stay open", u"\\u{41"_s, u"A"_s, "wrong");
    row("two digits", u"^\\x41$"_s, u"A"_s, "yes");
    row("one digit", u"\\x4"_s, u"A"_s, "wrong");
    row("a property", u"^\\p{Lu}$"_s, u"Ä"_s, "yes");
    row("the same again", u"^(a|b)\\1$"_s, u"bb"_s, "yes");
    row("not the same again", u"^(a|b)\\1$"_s, u"ab"_s, "no");
    row("a name for it", u"^(?<x>a|b)\\k<x>$"_s, u"aa"_s, "yes");
    row("looking back", u"(?<!a)b"_s, u"ab"_s, "no");
    row("a vertical tab", u"^\\v$"_s, u"\n"_s, "no");
    row("a bracket among characters", u"^[[:alpha:]]$"_s, u"a]"_s, "yes");
    row("any character", u"^[^]$"_s, u"\n"_s, "yes");
    row("no character", u"[]"_s, u"]"_s, "no");
    row("a hyphen behind a class", u"^[\\w-.]+$"_s, u"a-b.c"_s, "yes");
    row("a hyphen behind a class is no range", u"^[\\d-x]$"_s, u"a"_s, "no");
    row("a hyphen behind spaces", u"^[\\s-x]+$"_s, u"x -"_s, "yes");
    row("a hyphen at the end", u"^[\\w-]+$"_s, u"a-b"_s, "yes");
    row("a wide space", u"^\\s$"_s, u"\u3000"_s, "yes");
    row("a wide space is something", u"^\\S+$"_s, u"a\u3000b"_s, "no");
    row("a wide space among characters", u"^[\\sx]+$"_s, u"x\u00A0"_s, "yes");
    row("no wide space among characters", u"[^\\S]"_s, u"a\u3000"_s, "yes");
    row("spaces and what is none", u"^[\\s\\S]+$"_s, u"a \u3000"_s, "yes");
    row("escaped marks", u"^\\/[\\/\\-\\.]$"_s, u"/-"_s, "yes");
    row("a dollar among characters", u"^[$]$"_s, u"$"_s, "yes");
    row("an escaped dollar", u"^\\$$"_s, u"$"_s, "yes");
    row("an open group", u"(a"_s, u"a"_s, "wrong");
    row("a backslash at the end", u"a\\"_s, u"a"_s, "wrong");
    row("one unit of a character", u"\\C"_s, u"a"_s, "wrong");
    row("recursion", u"(?R)?a"_s, u"a"_s, "wrong");
    row("recursion by number", u"(a(?1)?)"_s, u"a"_s, "wrong");
    row("a directive", u"(*LIMIT_MATCH=1000000)a"_s, u"a"_s, "wrong");
    row("a directive inside", u"a(*ACCEPT)b"_s, u"a"_s, "wrong");
    row("groups without end", QString(u'(').repeated(3000) + u'a' + QString(u')').repeated(1000), u"a"_s, "wrong");
    row("too long", QString(u'a').repeated(static_cast<qsizetype>(limits::kPatternBytes) + 1), u"a"_s, "wrong");
    row("as long as may be", QString(u'a').repeated(static_cast<qsizetype>(limits::kPatternBytes)), u"a"_s, "no");
}

void PatternTest::regularExpressionsAreThoseOfEcmaScript()
{
    QFETCH(QString, pattern);
    QFETCH(QString, text);
    QFETCH(QString, outcome);
    const auto compiled = SchemaPattern::compile(pattern.toStdString());
    if (outcome == u"wrong"_s) {
        QVERIFY(!compiled);
        QCOMPARE(compiled.error().code, ErrorCode::InvalidValue);
        return;
    }
    VERIFY_OK(compiled);
    Budget unlimited;
    const auto found = compiled->isFoundIn(text.toStdString(), unlimited);
    VERIFY_OK(found);
    QCOMPARE(*found, outcome == u"yes"_s);
}

void PatternTest::regularExpressionsAreBounded()
{
    const CollectionName games("games");
    const auto validated = [&](const std::string &pattern, const std::string &text) {
        const auto validator = schemaValidator(json::Object{{"properties", json::Object{{"a", json::Object{{"pattern", pattern}}}}}});
        return outcome(validator ? (*validator)->validate(games, json::Object{{"a", text}}) : tl::unexpected(validator.error()));
    };
    // As many groups for a letter as would fill any stack.
    const std::string longText(limits::kPatternTextBytes, 'a');
    QCOMPARE(validated("^((((((((a))))))))*$", longText), QStringLiteral("ok"));
    QCOMPARE(validated("^(a|b)*$", longText + "a"), QStringLiteral("Invalid"));
    // Twice as many tries for each letter more.
    QCOMPARE(validated("^(a+)+$", std::string(64, 'a')), QStringLiteral("ok"));
    QCOMPARE(validated("^(a+)+$", std::string(64, 'a') + "!"), QStringLiteral("Invalid"));
    // "not" does not turn what could not be found out into a yes.
    const auto negated = schemaValidator(value(R"({"properties":{"a":{"not":{"pattern":"^(a+)+$"}}}})"));
    VERIFY_OK(negated);
    QCOMPARE(outcome((*negated)->validate(games, json::Object{{"a", std::string(64, 'a') + "!"}})), QStringLiteral("Invalid"));
    // The names of members meet expressions as well, and so does what a schema calls itself.
    const auto names = schemaValidator(value(R"({"patternProperties":{"^(a+)+$":{}}})"));
    VERIFY_OK(names);
    QCOMPARE(outcome((*names)->validate(games, json::Object{{std::string(64, 'a') + "!", 1}})), QStringLiteral("Invalid"));
    const json::Object self{{"$id", "urn:example:" + std::string(200'000, 'a')}, {"properties", json::Object{{"a", json::Object{{"$id", "urn:example:" + std::string(20'000, 'a') + " "}}}}}};
    const auto named = schemaValidator(self);
    QVERIFY(named || named.error().code == ErrorCode::InvalidValue);
}

void PatternTest::formatsAreValidated_data()
{
    QTest::addColumn<QString>("format");
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("fits");
    QTest::newRow("a day") << u"date"_s << u"2026-11-21"_s << true;
    QTest::newRow("a day that no month has") << u"date"_s << u"2026-02-31"_s << false;
    QTest::newRow("a month that no year has") << u"date"_s << u"2026-13-01"_s << false;
    QTest::newRow("no day") << u"date"_s << u""_s << false;
    QTest::newRow("a day and more") << u"date"_s << u"2026-11-21\n"_s << false;
    QTest::newRow("a time") << u"time"_s << u"16:52:45Z"_s << true;
    QTest::newRow("no time") << u"time"_s << u"24:00:00Z"_s << false;
    QTest::newRow("both") << u"date-time"_s << u"2026-11-21T16:52:45.5+09:00"_s << true;
    QTest::newRow("both, with a space") << u"date-time"_s << u"2026-11-21 16:52:45Z"_s << false;
    QTest::newRow("a long year") << u"date"_s << QString(QString(u'1').repeated(4000) + u"-11-21"_s) << false;
}

void PatternTest::formatsAreValidated()
{
    QFETCH(QString, format);
    QFETCH(QString, text);
    QFETCH(bool, fits);
    const auto validator = schemaValidator(json::Object{{"format", format.toStdString()}});
    VERIFY_OK(validator);
    QCOMPARE(outcome((*validator)->validate(CollectionName("games"), json::Value(text.toStdString()))),
             fits ? QStringLiteral("ok") : QStringLiteral("Invalid"));
}
