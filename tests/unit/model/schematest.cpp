// SPDX-License-Identifier: Apache-2.0
#include "schematest.h"

#include "samples.h"

#include <eventsync/model/limits.h>
#include <eventsync/model/schemapattern_p.h>
#include <eventsync/model/validator.h>

#include <boost/json/parse.hpp>

#include <QDir>

#include <map>

using namespace eventsync;
using namespace eventsync::test;
using namespace Qt::StringLiterals;

namespace {

const CollectionName kCollection("games");

// ---- JSON-Schema-Test-Suite, as Debian's libtest-json-schema-acceptance-perl carries it

QString suiteFolder()
{
    return qEnvironmentVariable("EVENTSYNC_SCHEMA_SUITE_DIR", u"/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance/tests/draft7"_s);
}

#define SKIP_WITHOUT_SUITE()                                                                                           \
    if (!QDir(suiteFolder()).exists()) {                                                                               \
        if (qEnvironmentVariable("EVENTSYNC_REQUIRE_CONFORMANCE") == QLatin1String("1"))                               \
            QFAIL("the JSON-Schema-Test-Suite is required but absent");                                                \
        QSKIP("no JSON-Schema-Test-Suite: install libtest-json-schema-acceptance-perl or set EVENTSYNC_SCHEMA_SUITE_DIR"); \
    }

struct Case
{
    QString group;  // "ref.json: remote ref, containing refs itself"
    QString schema; // as text
    struct Instance
    {
        QString description, data;
        bool isValid;
    };
    std::vector<Instance> instances;
};

// Texts of the cases as they stand in the file; "" where a value is outside of the value domain (such as a key with NUL).
QString textOf(const boost::json::value &value)
{
    json::Value normal = value;
    return json::normalize(normal) ? text(json::canonical(normal)) : QString();
}

std::vector<Case> casesOfSuite()
{
    std::vector<Case> cases;
    const QDir root(suiteFolder());
    for (const QString &folder : {u"."_s, u"optional"_s, u"optional/format"_s}) {
        for (const QString &name : QDir(root.filePath(folder)).entryList({u"*.json"_s}, QDir::Files, QDir::Name)) {
            const QString relative = QDir::cleanPath(folder + u'/' + name);
            QFile file(root.filePath(relative));
            if (!file.open(QIODevice::ReadOnly))
                qFatal("%s cannot be read", qPrintable(relative));
            const auto groups = boost::json::parse(file.readAll().toStdString());
            for (const auto &group : groups.as_array()) {
                Case one{relative + u": "_s + text(group.at("description").as_string()), textOf(group.at("schema")), {}};
                for (const auto &instance : group.at("tests").as_array())
                    one.instances.push_back(Case::Instance{text(instance.at("description").as_string()), textOf(instance.at("data")), instance.at("valid").as_bool()});
                cases.push_back(std::move(one));
            }
        }
    }
    return cases;
}

// "": as the suite has it; otherwise what came instead.
QString deviation(const Case &one)
{
    if (one.schema.isEmpty())
        return u"the schema is outside of the value domain"_s;
    const auto validator = schemaValidator(value(one.schema.toStdString()));
    if (!validator)
        return u"refused: "_s + text(validator.error().toString());
    for (const auto &instance : one.instances) {
        if (instance.data.isEmpty())
            return instance.description + u": outside of the value domain"_s;
        const auto validated = (*validator)->validate(kCollection, value(instance.data.toStdString()));
        if (validated.has_value() != instance.isValid)
            return instance.description + (validated ? u": passes"_s : u": "_s + text(validated.error().toString()));
    }
    return {};
}

// What is not supported, and why: groups of cases, or files, by the beginning of their names.
const std::map<QString, const char *> &unsupported()
{
    static constexpr const char *kElsewhere = "a reference leads to a schema in another document, and validation fetches nothing";
    static constexpr const char *kContent = "draft 7 leaves the content of texts to the application";
    static constexpr const char *kFormat = "a format whose definition is long or differs from program to program";
    static constexpr const char *kProperty = "PCRE2 knows the short names of Unicode's properties: \\p{L}, not \\p{Letter}";
    static const std::map<QString, const char *> kUnsupported{
        {u"definitions.json: validate definition against metaschema"_s, kElsewhere},
        {u"ref.json: remote ref, containing refs itself"_s, kElsewhere},
        {u"refRemote.json"_s, kElsewhere},
        {u"optional/cross-draft.json"_s, kElsewhere},
        {u"optional/content.json"_s, kContent},
        {u"optional/ecmascript-regex.json: patterns always use unicode semantics"_s, kProperty},
        {u"optional/ecmascript-regex.json: pattern with non-ASCII digits"_s, kProperty},
        {u"optional/ecmascript-regex.json: patternProperties with non-ASCII digits"_s, kProperty},
        {u"optional/format/email.json"_s, kFormat},
        {u"optional/format/hostname.json"_s, kFormat},
        {u"optional/format/idn-email.json"_s, kFormat},
        {u"optional/format/idn-hostname.json"_s, kFormat},
        {u"optional/format/iri-reference.json"_s, kFormat},
        {u"optional/format/iri.json"_s, kFormat},
        {u"optional/format/relative-json-pointer.json"_s, kFormat},
        {u"optional/format/uri-reference.json"_s, kFormat},
        {u"optional/format/uri-template.json"_s, kFormat},
        {u"optional/format/uri.json"_s, kFormat},
    };
    return kUnsupported;
}

QString entryFor(const QString &group)
{
    for (const auto &[name, reason] : unsupported()) {
        if (group.startsWith(name))
            return name;
    }
    return {};
}

std::string repeated(std::string_view part, int count, std::string_view between = ",")
{
    std::string text;
    for (int i = 0; i < count; ++i)
        text.append(i == 0 ? "" : between).append(part);
    return text;
}

std::string numbers(int count)
{
    std::string text;
    for (int i = 0; i < count; ++i)
        text.append(i == 0 ? "" : ",").append(std::to_string(i));
    return text;
}

// "n0":...,"n1":...
std::string quoted(int count, std::string_view behind = "")
{
    std::string text;
    for (int i = 0; i < count; ++i)
        text.append(i == 0 ? "\"n" : ",\"n").append(std::to_string(i)).append("\"").append(behind);
    return text;
}

} // namespace

void SchemaTest::thePublishedSuiteIsFollowed_data()
{
    QTest::addColumn<int>("index");
    const auto cases = casesOfSuite();
    for (std::size_t i = 0; i < cases.size(); ++i) {
        if (entryFor(cases[i].group).isEmpty())
            QTest::newRow(qPrintable(cases[i].group)) << static_cast<int>(i);
    }
}

void SchemaTest::thePublishedSuiteIsFollowed()
{
    SKIP_WITHOUT_SUITE();
    QFETCH(int, index);
    static const auto cases = casesOfSuite();
    QCOMPARE(deviation(cases[static_cast<std::size_t>(index)]), QString());
}

void SchemaTest::whatIsNotSupportedIsWhatTheListSays()
{
    SKIP_WITHOUT_SUITE();
    for (const Case &one : casesOfSuite()) {
        if (!entryFor(one.group).isEmpty())
            QVERIFY2(!deviation(one).isEmpty(), qPrintable(one.group + u" is supported: take it off the list"_s));
    }
}

void SchemaTest::numbersAreComparedAsDecimals_data()
{
    QTest::addColumn<QString>("schema");
    QTest::addColumn<QString>("number");
    QTest::addColumn<bool>("fits");
    const auto row = [](const QString &schema, const char *number, bool fits) {
        QTest::addRow("%s: %s", qPrintable(schema), number) << schema << QString::fromLatin1(number) << fits;
    };
    const auto multiple = [&](const char *divisor, const char *number, bool fits) {
        row(u"{\"multipleOf\":%1}"_s.arg(QLatin1StringView(divisor)), number, fits);
    };
    multiple("5", "10", true);
    multiple("5", "-10", true);
    multiple("5", "0", true);
    multiple("5", "5.5", false);
    multiple("5", "12", false);
    multiple("5", "1e300", true);
    multiple("3", "1e300", false);
    multiple("0.01", "19.99", true);
    multiple("0.01", "-19.99", true);
    multiple("0.01", "0.015", false);
    multiple("0.1", "9313.8", true);
    multiple("0.1", "9313.85", false);
    multiple("0.3", "0.9", true);
    multiple("1.5", "4.5", true);
    multiple("2.5e-10", "1", true);
    multiple("5e-324", "1", true);
    multiple("1e300", "1", false);
    multiple("1e300", "3e301", true);
    multiple("9007199254740991", "9007199254740991", true);
    multiple("3", "9007199254740990", true);
    multiple("7", "123456789012345680000", false);
    multiple("10", "123456789012345680000", true);
    multiple("1e19", "123456789012345680000", false);
    for (const char *whole : {"1", "1.0", "1e20", "-1e300"})
        row(u"{\"type\":\"integer\"}"_s, whole, true);
    for (const char *fraction : {"1.5", "1e-20", "-0.1"})
        row(u"{\"type\":\"integer\"}"_s, fraction, false);
    row(u"{\"maximum\":9007199254740990}"_s, "9007199254740991", false);
    row(u"{\"maximum\":1e20}"_s, "9007199254740991", true);
    row(u"{\"exclusiveMinimum\":0.1}"_s, "0.1", false);
    row(u"{\"const\":1}"_s, "1.0", true);
    row(u"{\"enum\":[1e20]}"_s, "100000000000000000000", true);
}

void SchemaTest::numbersAreComparedAsDecimals()
{
    QFETCH(QString, schema);
    QFETCH(QString, number);
    QFETCH(bool, fits);
    const auto validator = schemaValidator(value(schema.toStdString()));
    VERIFY_OK(validator);
    QCOMPARE(outcome((*validator)->validate(kCollection, value(number.toStdString()))), fits ? u"ok"_s : u"Invalid"_s);
}

void SchemaTest::aSchemaIsCheckedWhole_data()
{
    QTest::addColumn<QString>("schema");
    QTest::addColumn<QString>("path");
    const auto row = [](const char *schema, const char *path) { QTest::newRow(schema) << QString::fromLatin1(schema) << QString::fromLatin1(path); };
    row(R"({"properties":{"a":{"multipleOf":0}}})", "/properties/a/multipleOf");
    row(R"({"multipleOf":-5})", "/multipleOf");
    row(R"({"multipleOf":"5"})", "/multipleOf");
    row(R"({"items":{"pattern":"(("}})", "/items/pattern");
    row(R"x({"items":{"pattern":"(?R)"}})x", "/items/pattern");
    row(R"({"pattern":"a)(b"})", "/pattern");
    row(R"({"patternProperties":{"((":{}}})", "/patternProperties/((");
    row(R"({"definitions":{"unused":{"pattern":"["}}})", "/definitions/unused/pattern");
    row(R"({"properties":{"a/b":{"$ref":"#/definitions/c"}},"definitions":{}})", "/properties/a~1b/$ref");
    row(R"({"$ref":"#/definitions/a","definitions":{"a":{"type":"text"}}})", "/definitions/a/type");
    row(R"({"type":[]})", "/type");
    row(R"({"type":["null","null"]})", "/type");
    row(R"({"enum":1})", "/enum");
    row(R"({"minimum":"1"})", "/minimum");
    row(R"({"exclusiveMaximum":true})", "/exclusiveMaximum");
    row(R"({"maxLength":-1})", "/maxLength");
    row(R"({"minItems":1.5})", "/minItems");
    row(R"({"uniqueItems":1})", "/uniqueItems");
    row(R"({"items":7})", "/items");
    row(R"({"items":[{},7]})", "/items/1");
    row(R"({"required":"a"})", "/required");
    row(R"({"required":["a","a"]})", "/required");
    row(R"({"required":[1]})", "/required");
    row(R"({"properties":[]})", "/properties");
    row(R"({"additionalProperties":"no"})", "/additionalProperties");
    row(R"({"dependencies":{"a":1}})", "/dependencies/a");
    row(R"({"dependencies":{"a":[1]}})", "/dependencies/a");
    row(R"({"anyOf":[]})", "/anyOf");
    row(R"({"allOf":{}})", "/allOf");
    row(R"({"not":[]})", "/not");
    row(R"({"if":1})", "/if");
    row(R"({"format":1})", "/format");
    row(R"({"title":1})", "/title");
    row(R"({"$ref":1})", "/$ref");
    row(R"({"$id":1})", "/$id");
    row(R"({"definitions":[]})", "/definitions");
}

void SchemaTest::aSchemaIsCheckedWhole()
{
    QFETCH(QString, schema);
    QFETCH(QString, path);
    const auto validator = schemaValidator(value(schema.toStdString()));
    QCOMPARE(outcome(validator), u"InvalidValue"_s);
    QCOMPARE(text(validator.error().path), path);
    QVERIFY(!validator.error().message.empty());
}

void SchemaTest::complaintsNameThePlace_data()
{
    QTest::addColumn<QString>("schema");
    QTest::addColumn<QString>("state");
    QTest::addColumn<QStringList>("complaints");
    const auto row = [](const char *name, const char *schema, const char *state, const QStringList &complaints) {
        QTest::newRow(name) << QString::fromUtf8(schema) << QString::fromUtf8(state) << complaints;
    };
    row("all of a list", R"({"items":{"type":"string","minLength":2}})", R"([1,"ab","a"])",
        {u"/0: the value is not a string"_s, u"/2: the string has too few or too many characters"_s});
    row("the deepest first", R"({"required":["b"],"properties":{"a":{"items":{"minimum":3}}}})", R"({"a":[3,2]})",
        {u"/a/1: the number is less than 3"_s, u": the object lacks the member \"b\""_s});
    row("of alternatives only that none fits", R"({"anyOf":[{"type":"null"},{"required":["a"]}]})", "{}", {u": the value matches none of the schemas of anyOf"_s});
    row("of what is negated nothing", R"({"not":{"properties":{"a":{"type":"null"}}}})", R"({"a":1})", {});
    row("every part", R"({"allOf":[{"minProperties":1},{"required":["a"]}]})", "{}",
        {u": the object has too few or too many members"_s, u": the object lacks the member \"a\""_s});
    row("a member too many", R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1,"b/c":1})", {u"/b~1c: the schema allows no value here"_s});
    row("a name", R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})", {u"/ab: the string has too few or too many characters"_s});
    row("types", R"({"type":["array","null"]})", "1", {u": the value is not null or an array"_s});
}

void SchemaTest::complaintsNameThePlace()
{
    QFETCH(QString, schema);
    QFETCH(QString, state);
    QFETCH(QStringList, complaints);
    const auto validator = schemaValidator(value(schema.toStdString()));
    VERIFY_OK(validator);
    QStringList found;
    for (const Error &complaint : (*validator)->complaints(kCollection, value(state.toStdString())))
        found << text(complaint.path) + u": "_s + text(complaint.message);
    QCOMPARE(found, complaints);
}

void SchemaTest::validationEndsAfterItsSteps_data()
{
    QTest::addColumn<QString>("schema");
    QTest::addColumn<QString>("state");
    QTest::addColumn<bool>("isFound"); // what the answer is; otherwise that it takes too much work
    QTest::addColumn<bool>("fits");
    const auto row = [](const char *name, const std::string &schema, const std::string &state, std::optional<bool> fits) {
        QTest::newRow(name) << text(schema) << text(state) << fits.has_value() << fits.value_or(false);
    };
    // Each level multiplies what is tried for a state of some bytes.
    const auto product = [](const std::string &where, const std::string &keyword, int levels, int width, const std::string &last) {
        std::string definitions = R"("d0":)" + last;
        const auto reference = [](int level) { return R"({"$ref":"#/definitions/d)" + std::to_string(level) + "\"}"; };
        for (int i = 1; i <= levels; ++i)
            definitions += ",\"d" + std::to_string(i) + R"(":{")" + keyword + "\":[" + repeated(reference(i - 1), width) + "]}";
        return "{\"" + where + "\":" + reference(levels) + R"(,"definitions":{)" + definitions + "}}";
    };
    const std::string list = '[' + numbers(40'000) + ']';
    row("a product of anyOf", product("additionalProperties", "anyOf", 12, 4, R"({"type":"null"})"), R"({"a":1})", {});
    row("a product of oneOf", product("additionalProperties", "oneOf", 12, 4, R"({"type":"null"})"), R"({"a":1})", {});
    row("a product of allOf", product("additionalProperties", "allOf", 12, 4, "{}"), R"({"a":1})", {});
    row("a small product", product("additionalProperties", "anyOf", 12, 2, R"({"type":"null"})"), R"({"a":1})", false);
    row("a product over many elements", product("items", "allOf", 10, 2, "{}"), '[' + repeated("1", 40'000) + ']', {});
    row("elements that all differ", R"({"uniqueItems":true})", list, true);
    row("elements of which two are equal", R"({"uniqueItems":true})", '[' + numbers(40'000) + ",7]", false);
    row("elements without end", R"({"uniqueItems":true})", '[' + repeated("1", 1'000'000) + ']', {});
    row("an enumeration of 10,000", R"({"items":{"enum":[)" + numbers(10'000) + "]}}", '[' + numbers(10'000) + ']', true);
    row("large values in an enumeration", R"({"items":{"enum":[1]}})", '[' + repeated('[' + repeated("7", 500) + ']', 800) + ']', false);
    row("a large constant", R"({"items":{"const":[)" + numbers(20'000) + "]}}", '[' + repeated('[' + numbers(20'000) + ']', 20) + ']', true);
    row("many names that are looked for", R"({"items":{"required":[)" + quoted(5'000) + "]}}", '[' + repeated("{}", 4'000) + ']', false);
    row("many dependencies", R"({"items":{"dependencies":{)" + quoted(5'000, ":[]") + "}}}", '[' + repeated("{}", 4'000) + ']', {});
    row("lists in which something is looked for", R"({"contains":{"contains":{"const":1}}})", '[' + repeated('[' + repeated("0", 1'000) + ']', 900) + ']', false);
    row("simple patterns", R"({"items":{"pattern":"^[a-z]+$"}})", '[' + repeated("\"abc\"", 40'000) + ']', true);
    row("patterns that try much", R"x({"items":{"pattern":"^(?:(a+)+!|a+)$"}})x", '[' + repeated('"' + std::string(12, 'a') + '"', 10'000) + ']', {});
    row("many patterns for a name", R"({"patternProperties":{)" + quoted(200, ":{}") + "}}", '{' + quoted(200, ":1") + '}', true);
    row("too many patterns for a name", R"({"patternProperties":{)" + quoted(5'000, ":{}") + "}}", '{' + quoted(5'000, ":1") + '}', {});
    row("complaints", R"({"items":{"type":"null"}})", '[' + repeated("1", 500'000) + ']', false);
}

void SchemaTest::validationEndsAfterItsSteps()
{
    QFETCH(QString, schema);
    QFETCH(QString, state);
    QFETCH(bool, isFound);
    QFETCH(bool, fits);
    const auto validator = schemaValidator(value(schema.toStdString()));
    VERIFY_OK(validator);
    const auto validated = (*validator)->validate(kCollection, value(state.toStdString()));
    QCOMPARE(outcome(validated), fits ? u"ok"_s : u"Invalid"_s);
    if (!validated)
        QCOMPARE(validated.error().message.find("takes more work") != std::string::npos, !isFound);
}

void SchemaTest::aPatternIsTriedInAllOnly()
{
    // The tries for each place in the text at which it could begin stay below the bound; all of them together do not.
    const auto pattern = SchemaPattern::compile("(a|aa){1,12}!");
    VERIFY_OK(pattern);
    Budget unlimited;
    QCOMPARE(outcome(pattern->isFoundIn(std::string(limits::kPatternTextBytes, 'a'), unlimited)), u"Invalid"_s);
    QCOMPARE(outcome(pattern->isFoundIn("aaaaa", unlimited)), u"ok"_s);
}
