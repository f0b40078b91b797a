// SPDX-License-Identifier: Apache-2.0
#include "valuetest.h"

#include <eventsync/json/filter.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/qjson.h>

#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include <cmath>
#include <limits>

using namespace eventsync;
using namespace std::literals;
using json::Pointer;
using json::Value;

namespace {

Value parsed(std::string_view text)
{
    auto value = json::parse(text);
    return value ? *value : Value("not JSON");
}

std::string nested(int depth)
{
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

} // namespace

void ValueTest::badTextIsANamedError_data()
{
    QTest::addColumn<std::string>("text");
    QTest::addColumn<QByteArray>("error");
    auto row = [](const char *name, std::string_view text, const char *error = "InvalidValue") {
        QTest::newRow(name) << std::string(text) << QByteArray(error);
    };
    row("nothing", "");
    row("cut", "{\"a\":[1,");
    row("two values", "1 2");
    row("trailing comma", "[1,]");
    row("comment", "[1/**/]");
    row("byte order mark", "\xEF\xBB\xBF{}");
    row("duplicate key", R"({"a":1,"b":2,"a":1})");
    row("duplicate key, escaped", R"({"a":1,"\u0061":2})");
    row("duplicate key, deep", R"([{"x":{"a":1,"a":{"b":1}}}])");
    row("NUL in a key", R"({"a\u0000b":1})");
    row("overlong UTF-8", "\"\xC0\x80\"");
    row("surrogate in UTF-8", "\"\xED\xA0\x80\"");
    row("beyond Unicode", "\"\xF4\x90\x80\x80\"");
    row("lone high surrogate", R"("\ud800")");
    row("lone low surrogate", R"("\udc00")");
    row("high surrogate twice", R"("\ud800\ud800")");
    row("a key's lone surrogate", R"({"\ud800":1})");
    row("control character", "\"\x01\"");
    row("double out of range", "1e400");
    row("negative double out of range", "[-1e309]");
    row("integer text out of double's range", "1" + std::string(400, '0'));
    row("exponent beyond counting", "1e99999999999");
    row("NaN", "NaN");
    row("leading zero", "01");
    row("plus", "+1");
    row("too deep", nested(limits::kDepth + 1), "TooDeep");
    row("far too deep", std::string(100'000, '['), "TooDeep");
    row("too large", '"' + std::string(limits::kDocumentBytes, 'x') + '"', "TooLarge");
}

void ValueTest::badTextIsANamedError()
{
    QFETCH(std::string, text);
    QFETCH(QByteArray, error);
    const auto value = json::parse(text);
    QVERIFY(!value);
    QCOMPARE(QByteArray::fromStdString(std::string(errorName(value.error().code))), error);
    if (value.error().code == ErrorCode::InvalidValue)
        QVERIFY2(value.error().message.find(" at byte ") != std::string::npos, value.error().message.c_str());
}

void ValueTest::goodTextHasOneForm_data()
{
    QTest::addColumn<std::string>("text");
    QTest::addColumn<std::string>("canonical");
    auto row = [](std::string_view text, std::string_view canonical) {
        QTest::newRow(std::string(text.substr(0, 60)).c_str()) << std::string(text) << std::string(canonical);
    };
    row("-0", "0");
    row("-0.0", "0");
    row("-0e5", "0");
    row("1.0", "1");
    row("15e-1", "1.5");
    row("1e2", "100");
    row("9007199254740991", "9007199254740991");
    row("9007199254740992", "9007199254740992");
    row("9007199254740993", "9007199254740992");
    row("-9007199254740993", "-9007199254740992");
    row("18446744073709551615", "18446744073709552000");
    row("123456789012345678901234567890", "1.2345678901234568e+29");
    row("1e-400", "0");
    row("-0.00e-999999", "0");
    row("5e-324", "5e-324");
    row("1.7976931348623157e308", "1.7976931348623157e+308");
    row("0.1", "0.1");
    row("2.2250738585072011e-308", "2.225073858507201e-308");
    row(" [ 1 , { } ] ", "[1,{}]");
    row(R"({"b":1,"a":{"d":[],"c":null}})", R"({"a":{"c":null,"d":[]},"b":1})");
    row(R"("\u0000\u001f\b\f\n\r\t\"\\\/\u007f\u20ac\ud83d\ude00")",
        "\"\\u0000\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\x7f\xE2\x82\xAC\xF0\x9F\x98\x80\"");
    row(nested(limits::kDepth), nested(limits::kDepth));
}

void ValueTest::goodTextHasOneForm()
{
    QFETCH(std::string, text);
    QFETCH(std::string, canonical);
    const auto value = json::parse(text);
    QVERIFY2(value.has_value(), value ? "" : value.error().toString().c_str());
    QCOMPARE(json::canonical(*value), canonical);
    QCOMPARE(json::canonicalSize(*value), canonical.size());
    QVERIFY(json::equal(parsed(canonical), *value));
}

void ValueTest::normalizeBringsValuesOfCodeIntoTheDomain_data()
{
    QTest::addColumn<Value>("value");
    QTest::addColumn<Value>("normal");
    QTest::newRow("unsigned") << Value(std::uint64_t(7)) << Value(7);
    QTest::newRow("large unsigned") << Value(~std::uint64_t(0)) << Value(18446744073709551616.0);
    QTest::newRow("large integer") << Value(limits::kMaxInteger + 1) << Value(9007199254740992.0);
    QTest::newRow("integral double") << Value(-3.0) << Value(-3);
    QTest::newRow("minus zero") << Value(-0.0) << Value(0);
    QTest::newRow("inside") << Value(json::Array{Value(json::Object{{"a", 2.0}})}) << parsed(R"([{"a":2}])");
}

void ValueTest::normalizeBringsValuesOfCodeIntoTheDomain()
{
    QFETCH(Value, value);
    QFETCH(Value, normal);
    QVERIFY(json::normalize(value).has_value());
    QVERIFY(json::equal(value, normal));
    QCOMPARE(int(value.kind()), int(normal.kind()));
    QVERIFY(json::equal(parsed(json::canonical(value)), value));
}

void ValueTest::normalizeRefusesWithThePath()
{
    auto error = [](Value inside) {
        Value value = parsed(R"({"a":[0]})");
        value.at("a").get_array().push_back(std::move(inside));
        const auto result = json::normalize(value);
        return result ? Error{} : result.error();
    };
    QCOMPARE(error(Value(std::numeric_limits<double>::infinity())).path, "/a/1"s);
    QVERIFY(error(Value(std::nan(""))).code == ErrorCode::InvalidValue);
    QVERIFY(error(Value("\xFF")).code == ErrorCode::InvalidValue);
    QVERIFY(error(Value(json::Object{{"x\0y"sv, 1}})).code == ErrorCode::InvalidValue);
    QVERIFY(error(Value(json::Object{{"\xC3", 1}})).code == ErrorCode::InvalidValue);
    Value deep;
    for (int i = 0; i < limits::kDepth; ++i)
        deep = json::Array{std::move(deep)};
    QVERIFY(json::normalize(deep).has_value());
    QVERIFY(error(std::move(deep)).code == ErrorCode::TooDeep);
}

void ValueTest::keysAreSortedByUtf16CodeUnits()
{
    // U+FFFD and U+E000 come behind the surrogates of U+1F600, though their UTF-8 bytes come before.
    const Value value(json::Object{{"\xEF\xBF\xBD", 4}, {"\xF0\x9F\x98\x80", 2}, {"\xEE\x80\x80", 3}, {"\xED\x9F\xBF", 1}, {"z", 0}});
    QCOMPARE(json::canonical(value), "{\"z\":0,\"\xED\x9F\xBF\":1,\"\xF0\x9F\x98\x80\":2,\"\xEE\x80\x80\":3,\"\xEF\xBF\xBD\":4}"s);
}

void ValueTest::malformedPointersAreRefused_data()
{
    QTest::addColumn<std::string>("text");
    QTest::addColumn<bool>("tooDeep");
    QTest::newRow("no slash") << "a"s << false;
    QTest::newRow("tilde at the end") << "/a~"s << false;
    QTest::newRow("tilde and another digit") << "/~2"s << false;
    QTest::newRow("bad UTF-8") << "/\xFF"s << false;
    QTest::newRow("NUL") << "/a\0"s << false;
    QTest::newRow("too many tokens") << std::string(limits::kPointerTokens + 1, '/') << true;
}

void ValueTest::malformedPointersAreRefused()
{
    QFETCH(std::string, text);
    QFETCH(bool, tooDeep);
    const auto pointer = Pointer::parse(text);
    QVERIFY(!pointer);
    QVERIFY(pointer.error().code == (tooDeep ? ErrorCode::TooDeep : ErrorCode::InvalidValue));
}

void ValueTest::pointersFindWhatTheyName()
{
    const Value value = parsed(R"({"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"-":{"01":2}})");
    auto at = [&](std::string_view text) {
        const auto pointer = Pointer::parse(text);
        const Value *found = pointer ? json::find(value, *pointer) : nullptr;
        return found && pointer->toText() == text ? json::canonical(*found) : "none"s;
    };
    QCOMPARE(at("/foo/0"), "\"bar\""s);
    QCOMPARE(at("/"), "0"s);
    QCOMPARE(at("/a~1b"), "1"s);
    QCOMPARE(at("/m~0n"), "8"s);
    QCOMPARE(at("/-/01"), "2"s);
    QCOMPARE(at(""), json::canonical(value));
    for (const char *missing : {"/foo/2", "/foo/01", "/foo/-", "/foo/-1", "/foo/1e0", "/foo/0/0", "/x", "/foo/99999999999999999999"})
        QCOMPARE(at(missing), "none"s);
}

void ValueTest::valuesHaveATotalOrder()
{
    const char *ascending[] = {"null", "false", "true", "-1e300", "-2", "-1.5", "0", "9007199254740991", "9007199254740992", "\"\"",
                               "\"a\"", "\"\xF0\x9F\x98\x80\"", "\"\xEF\xBF\xBD\"", "[]", "[1]", "[1,0]", "[2]", "{}",
                               R"({"a":1})", R"({"b":0,"a":1})", R"({"a":2})", R"({"b":0})"};
    for (std::size_t i = 0; i < std::size(ascending); ++i)
        for (std::size_t j = 0; j < std::size(ascending); ++j) {
            const int order = json::compareValues(parsed(ascending[i]), parsed(ascending[j]));
            QVERIFY2((order < 0) == (i < j) && (order > 0) == (i > j), ascending[i]);
        }
}

void ValueTest::filterDecides_data()
{
    QTest::addColumn<QByteArray>("filter");
    QTest::addColumn<bool>("matches");
    auto row = [](const char *filter, bool matches) { QTest::newRow(filter) << QByteArray(filter) << matches; };
    row(R"({"all":[]})", true);
    row(R"({"any":[]})", false);
    row(R"({"not":[]})", true);
    row(R"({"path":"/gold","op":"eq","value":100})", true);
    row(R"({"path":"/gold","op":"eq","value":"100"})", false);
    row(R"({"path":"/gold","op":"ne","value":1})", true);
    row(R"({"path":"/none","op":"ne","value":1})", true);
    row(R"({"path":"/none","op":"eq","value":null})", false);
    row(R"({"path":"/none","op":"lt","value":1})", false);
    row(R"({"path":"/gold","op":"lt","value":100})", false);
    row(R"({"path":"/gold","op":"le","value":100})", true);
    row(R"({"path":"/gold","op":"gt","value":99.5})", true);
    row(R"({"path":"/gold","op":"ge","value":100.5})", false);
    for (const char *other : {"5", "false", "null", "[]", "{}"}) { // a text is neither more nor less than another kind of value
        for (const char *op : {"lt", "le", "gt", "ge"})
            row(qPrintable(QStringLiteral(R"({"path":"/name","op":"%1","value":%2})").arg(QLatin1String(op), QLatin1String(other))), false);
    }
    row(R"({"path":"/name","op":"gt","value":"Al"})", true);
    row(R"({"path":"/alive","op":"ge","value":false})", true);
    row(R"({"path":"/alive","op":"lt","value":1})", false);
    row(R"({"path":"/items","op":"le","value":["a","c"]})", true);
    row(R"({"not":[{"path":"/name","op":"gt","value":5}]})", true);
    row(R"({"path":"/gold","op":"in","value":[1,100]})", true);
    row(R"({"path":"/gold","op":"in","value":[]})", false);
    row(R"({"path":"/none","op":"exists","value":false})", true);
    row(R"({"path":"/name","op":"exists","value":true})", true);
    row(R"({"path":"/name","op":"prefix","value":"Al"})", true);
    row(R"({"path":"/gold","op":"prefix","value":"1"})", false);
    row(R"({"path":"/items/1","op":"eq","value":"b"})", true);
    row(R"({"all":[{"path":"/gold","op":"eq","value":100},{"path":"/name","op":"eq","value":"Bob"}]})", false);
    row(R"({"any":[{"path":"/gold","op":"eq","value":100},{"path":"/name","op":"eq","value":"Bob"}]})", true);
    row(R"({"not":[{"path":"/gold","op":"eq","value":1},{"path":"/name","op":"eq","value":"Alice"}]})", false);
}

void ValueTest::filterDecides()
{
    QFETCH(QByteArray, filter);
    QFETCH(bool, matches);
    const Value state = parsed(R"({"gold":100,"name":"Alice","alive":true,"items":["a","b"]})");
    const auto decoded = json::Filter::fromJson(parsed(filter.toStdString()));
    QVERIFY2(decoded.has_value(), decoded ? "" : decoded.error().toString().c_str());
    QCOMPARE(decoded->matches(state), matches);
    QVERIFY(json::equal(decoded->toJson(), parsed(filter.toStdString())));
    QCOMPARE(decoded->matchesAll(), filter == R"({"all":[]})");
    QVERIFY(json::Filter().matches(state));
}

void ValueTest::malformedFiltersAreRefused_data()
{
    QTest::addColumn<QByteArray>("filter");
    QTest::addColumn<QByteArray>("path");
    auto row = [](const char *filter, const char *path = "") { QTest::newRow(filter) << QByteArray(filter) << QByteArray(path); };
    row("[]");
    row("{}");
    row(R"({"all":{}})");
    row(R"({"none":[]})");
    row(R"({"all":[],"any":[]})");
    row(R"({"all":[{"any":[7]}]})", "/all/0/any/0");
    row(R"({"path":"/a","op":"eq"})");
    row(R"({"path":"/a","op":"like","value":1})");
    row(R"({"path":"a","op":"eq","value":1})", "/path");
    row(R"({"path":"/a","op":"in","value":1})");
    row(R"({"path":"/a","op":"exists","value":1})");
    row(R"({"path":"/a","op":"prefix","value":1})");
    row(R"({"path":"/a","op":"eq","value":1,"more":1})");
}

void ValueTest::malformedFiltersAreRefused()
{
    QFETCH(QByteArray, filter);
    QFETCH(QByteArray, path);
    const auto decoded = json::Filter::fromJson(parsed(filter.toStdString()));
    QVERIFY(!decoded);
    QVERIFY(decoded.error().code == ErrorCode::InvalidValue);
    QCOMPARE(QByteArray::fromStdString(decoded.error().path), path);
}

void ValueTest::sortingAndProjection()
{
    const auto keys = json::sortKeysFrom("-/gold,/na,me");
    QVERIFY(keys.has_value());
    QCOMPARE(keys->size(), 2u);
    QVERIFY(keys->front().descending && !keys->back().descending);
    QCOMPARE(keys->back().path.toText(), std::string("/na,me"));
    QVERIFY(json::sortKeysFrom("")->empty());
    for (const char *bad : {"gold", "-gold", "/a,", "/~", "--/a"}) {
        const bool isCommaInName = std::string_view(bad) == "/a,";
        QCOMPARE(json::sortKeysFrom(bad).has_value(), isCommaInName);
    }

    const Value state = parsed(R"({"a":{"x":1,"y":2},"list":[{"n":1,"m":2},3,4],"b":5})");
    const auto fields = json::fieldsFrom("/list/2,/a/y,/list/0/n,/none/x,/a/y");
    QVERIFY(fields.has_value());
    QCOMPARE(json::canonical(json::project(state, *fields)), R"({"a":{"y":2},"list":[{"n":1},4]})"s);
    QCOMPARE(json::canonical(json::project(state, *json::fieldsFrom("/a,/a/x"))), R"({"a":{"x":1,"y":2}})"s);
    QCOMPARE(json::canonical(json::project(state, *json::fieldsFrom("/zzz"))), "{}"s);
}

void ValueTest::sortValuesAreShortAndKeepTheOrder()
{
    std::string wide; // four bytes a character
    for (std::size_t i = 0; i < limits::kSortCharacters; ++i)
        wide += "\U0001F600";
    const std::string narrow(limits::kSortCharacters, 'a');
    const std::string shortest = R"({"a":1})";
    std::vector<Value> values{Value(), parsed("7"), Value(narrow), Value(narrow + "b"), Value(narrow.substr(1) + "b"), Value(wide + "b"),
                              Value(wide), parsed(R"(["a",["b"]])"), Value(json::Array(1'000, Value(narrow))), parsed(shortest)};
    json::Object large;
    for (int i = 0; i < 1'000; ++i)
        large.emplace("k" + std::to_string(i), narrow);
    values.emplace_back(large);
    for (const Value &a : values) {
        QVERIFY(json::canonicalSize(json::sortValue(a)) < 1'000);
        for (const Value &b : values) {
            const int whole = json::compareValues(a, b), first = json::compareValues(json::sortValue(a), json::sortValue(b));
            QVERIFY(first == 0 || (first < 0) == (whole < 0));
        }
    }
    for (const char *small : {"null", "7", R"("short")", R"(["a",["b"]])", R"({"a":1})"})
        QVERIFY(json::equal(json::sortValue(parsed(small)), parsed(small)));
}

void ValueTest::largeIntegersAreRefusedIfTheyWouldChange_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("fits");
    const auto row = [](const char *text, bool fits) { QTest::newRow(text) << QByteArray(text) << fits; };
    row("9007199254740991", true);
    row("-9007199254740991", true);
    row("9007199254740993", false);
    row("-9007199254740993", false);
    row("12345678901234567890", false);
    row("123456789012345678901234567890", false);
    row(R"([1,{"a":9223372036854775807}])", false);
    row("100000000000000000000", true); // as it is written here
    row("9007199254740993.0", true);    // no integer by its form: a double as any other
    row("1e400000", false);
    row("1e17", true);
    row("-0", true);
}

void ValueTest::largeIntegersAreRefusedIfTheyWouldChange()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, fits);
    const auto refusing = json::parseUnrounded(text.toStdString());
    QCOMPARE(refusing.has_value(), fits);
    if (!fits)
        QCOMPARE(refusing.error().code, ErrorCode::InvalidValue);
    QCOMPARE(json::parse(text.toStdString()).has_value(), !text.contains("e4"));
}

void ValueTest::qtJsonLosesNothing()
{
    const Value value = parsed(R"({"a":[null,true,1,9007199254740991,-9007199254740991,0.5,1e300,9007199254740992],"\ud83d\ude00":"\u0000x"})");
    const auto back = json::fromQJson(json::toQJson(value));
    QVERIFY2(back.has_value(), back ? "" : back.error().toString().c_str());
    QCOMPARE(json::canonical(*back), json::canonical(value));
    QVERIFY(json::equal(*back, value));
}

void ValueTest::qtJsonOutsideTheDomainIsRefused()
{
    auto error = [](const QJsonValue &value) {
        const auto result = json::fromQJson(QJsonObject{{QStringLiteral("a"), QJsonArray{1, value}}});
        return result ? Error{} : result.error();
    };
    QCOMPARE(error(QJsonValue(std::numeric_limits<double>::infinity())).path, "/a/1"s);
    QVERIFY(error(QString(QChar(0xD800))).code == ErrorCode::InvalidValue);
    QVERIFY(error(QJsonObject{{QString(QChar(0)), 1}}).code == ErrorCode::InvalidValue);
    QVERIFY(json::fromQJson(QJsonValue(QJsonValue::Undefined)).error().code == ErrorCode::InvalidValue);
    QJsonValue deep;
    for (int i = 0; i <= limits::kDepth; ++i)
        deep = QJsonArray{deep};
    QVERIFY(json::fromQJson(deep).error().code == ErrorCode::TooDeep);
}
