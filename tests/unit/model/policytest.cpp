// SPDX-License-Identifier: Apache-2.0
#include "policytest.h"

#include "samples.h"

#include <eventsync/model/validator.h>

using namespace eventsync;
using namespace eventsync::test;

namespace {

CollectionPolicy policyFrom(std::string_view json)
{
    auto policy = CollectionPolicy::fromJson(value(json));
    if (!policy)
        qFatal("not a policy: %s", policy.error().toString().c_str());
    return std::move(*policy);
}

const char kNested[] = R"({"paths":{"/items/*/count":{"rule":"counter","min":0,"max":9},"/items/special/count":{"rule":"latest"},
    "/meta/version":{"rule":"engine"},"/list/*/rev":{"rule":"engine"}}})";

} // namespace

void PolicyTest::policiesSurviveTheirJson_data()
{
    QTest::addColumn<QString>("json");
    QTest::newRow("default") << R"({"merge":"fields"})";
    QTest::newRow("games") << text(json::canonical(CollectionPolicy::games().toJson()));
    QTest::newRow("all") << R"({"merge":"strict","paths":{"/a":{"max":2,"min":-1,"rule":"counter"},"/b/*":{"rule":"latest"}},"redaction":true,"schema":{"type":"object"}})";
}

void PolicyTest::policiesSurviveTheirJson()
{
    QFETCH(QString, json);
    const auto policy = policyFrom(json.toStdString());
    COMPARE_TEXT(json::canonical(policy.toJson()), json.toStdString());
    QVERIFY(policyFrom(json::canonical(policy.toJson())) == policy);
}

void PolicyTest::badPoliciesAreRefused_data()
{
    QTest::addColumn<QString>("json");
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("path");
    QTest::newRow("a list") << "[]" << "InvalidMessage" << "";
    QTest::newRow("unknown field") << R"({"megre":"strict"})" << "UnknownField" << "/megre";
    QTest::newRow("unknown merge") << R"({"merge":"all"})" << "InvalidValue" << "/merge";
    QTest::newRow("unknown rule") << R"({"paths":{"/a":{"rule":"sum"}}})" << "InvalidValue" << "/paths/~1a/rule";
    QTest::newRow("no rule") << R"({"paths":{"/a":{}}})" << "InvalidMessage" << "/paths/~1a/rule";
    QTest::newRow("no pointer") << R"({"paths":{"a":{"rule":"latest"}}})" << "InvalidValue" << "/paths/a";
    QTest::newRow("bounds crossed") << R"({"paths":{"/a":{"rule":"counter","min":2,"max":1}}})" << "InvalidValue" << "/paths/~1a";
    QTest::newRow("bounds of a latest") << R"({"paths":{"/a":{"rule":"latest","min":2}}})" << "InvalidValue" << "/paths/~1a";
    QTest::newRow("engine root") << R"({"paths":{"":{"rule":"engine"}}})" << "InvalidValue" << "/paths/";
    QTest::newRow("engine for any name") << R"({"paths":{"/a/*":{"rule":"engine"}}})" << "InvalidValue" << "/paths/~1a~1*";
    QTest::newRow("a schema that is none") << R"({"schema":7})" << "InvalidMessage" << "/schema";
}

void PolicyTest::badPoliciesAreRefused()
{
    QFETCH(QString, json);
    QFETCH(QString, code);
    QFETCH(QString, path);
    const auto policy = CollectionPolicy::fromJson(value(json.toStdString()));
    QCOMPARE(outcome(policy), code);
    QCOMPARE(text(policy.error().path), path);
}

void PolicyTest::aPeersNewerPolicyIsPassedOver()
{
    const auto policy = CollectionPolicy::fromJson(
        value(R"({"merge":"fields","quota":5,"paths":{"/a":{"rule":"sum","over":1},"/b":{"rule":"counter"}}})"), UnknownFields::Ignore);
    VERIFY_OK(policy);
    QCOMPARE(policy->rule(json::Pointer({"a"})), json::PathRule::Plain);
    QCOMPARE(policy->rule(json::Pointer({"b"})), json::PathRule::Counter);
}

void PolicyTest::rulesAreFound_data()
{
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<int>("rule");
    QTest::newRow("any token") << "/items/sword/count" << int(json::PathRule::Counter);
    QTest::newRow("the nearer pattern") << "/items/special/count" << int(json::PathRule::Latest);
    QTest::newRow("too short") << "/items/sword" << int(json::PathRule::Plain);
    QTest::newRow("too long") << "/items/sword/count/x" << int(json::PathRule::Plain);
    QTest::newRow("engine") << "/meta/version" << int(json::PathRule::Engine);
    QTest::newRow("below engine") << "/meta/version/minor" << int(json::PathRule::Engine);
    QTest::newRow("above engine") << "/meta" << int(json::PathRule::Plain);
    QTest::newRow("root") << "" << int(json::PathRule::Plain);
}

void PolicyTest::rulesAreFound()
{
    QFETCH(QString, pointer);
    QFETCH(int, rule);
    QCOMPARE(int(policyFrom(kNested).rule(*json::Pointer::parse(pointer.toStdString()))), rule);
}

void PolicyTest::diffsFollowTheRules()
{
    const auto before = value(R"({"gold":10,"lastUpdated":"2026-11-21T09:30:00.000Z","name":"a","version":1})");
    const auto after = value(R"({"gold":15,"lastUpdated":"2026-11-21T09:31:00.000Z","name":"b","version":9})");
    const auto found = json::diff(before, after, CollectionPolicy::games().diffOptions());
    const auto paths = json::canonical(found.toJson());
    QVERIFY2(paths.find(R"({"op":"inc","path":"/gold","value":5})") != std::string::npos, paths.c_str());
    QVERIFY2(paths.find(R"({"op":"max","path":"/lastUpdated","value":"2026-11-21T09:31:00.000Z"})") != std::string::npos, paths.c_str());
    QVERIFY2(paths.find("version") == std::string::npos, paths.c_str());
    QVERIFY(!CollectionPolicy().diffOptions().rule);
}

void PolicyTest::countersKeepTheirBounds_data()
{
    QTest::addColumn<QString>("state");
    QTest::addColumn<QString>("path"); // empty: within bounds
    QTest::newRow("inside") << R"({"items":{"a":{"count":0},"b":{"count":9}}})" << "";
    QTest::newRow("below") << R"({"items":{"a":{"count":-1}}})" << "/items/a/count";
    QTest::newRow("above, in a list") << R"({"items":[{"count":1},{"count":10}]})" << "/items/1/count";
    QTest::newRow("above, no integer") << R"({"items":{"a":{"count":1e30}}})" << "/items/a/count";
    QTest::newRow("absent") << R"({"items":{"a":{}}})" << "";
    QTest::newRow("another type") << R"({"items":{"a":{"count":"many"}}})" << "";
    QTest::newRow("a scalar document") << "7" << "";
}

void PolicyTest::countersKeepTheirBounds()
{
    QFETCH(QString, state);
    QFETCH(QString, path);
    const auto checked = policyFrom(kNested).checkCounters(value(state.toStdString()));
    QCOMPARE(outcome(checked), path.isEmpty() ? QStringLiteral("ok") : QStringLiteral("Invalid"));
    if (!checked)
        QCOMPARE(text(checked.error().path), path);
}

void PolicyTest::engineFieldsAreNotWritten_data()
{
    QTest::addColumn<QString>("patch");
    QTest::addColumn<bool>("allowed");
    QTest::newRow("elsewhere") << R"([{"op":"replace","path":"/meta/name","value":1}])" << true;
    QTest::newRow("the field") << R"([{"op":"replace","path":"/meta/version","value":1}])" << false;
    QTest::newRow("removing it") << R"([{"op":"remove","path":"/meta/version"}])" << false;
    QTest::newRow("below it") << R"([{"op":"add","path":"/meta/version/x","value":1}])" << false;
    QTest::newRow("an object around it, with it") << R"([{"op":"add","path":"/meta","value":{"version":1}}])" << false;
    QTest::newRow("an object around it, without it") << R"([{"op":"add","path":"/meta","value":{"name":1}}])" << true;
    QTest::newRow("a root with it") << R"([{"op":"add","path":"","value":{"meta":{"version":1}}}])" << false;
    QTest::newRow("a root without it") << R"([{"op":"add","path":"","value":{"meta":{}}}])" << true;
    QTest::newRow("moved into it") << R"([{"op":"move","from":"/a","path":"/meta/version"}])" << false;
    QTest::newRow("copied around it") << R"([{"op":"copy","from":"/a","path":"/meta"}])" << false;
    QTest::newRow("moved away") << R"([{"op":"move","from":"/meta/version","path":"/a"}])" << false;
    QTest::newRow("tested") << R"([{"op":"test","path":"/meta/version","value":1}])" << true;
    QTest::newRow("in any element") << R"([{"op":"add","path":"/list/3/rev","value":1}])" << false;
    QTest::newRow("removing what is around it") << R"([{"op":"remove","path":"/meta"}])" << true;
}

void PolicyTest::engineFieldsAreNotWritten()
{
    QFETCH(QString, patch);
    QFETCH(bool, allowed);
    QCOMPARE(outcome(policyFrom(kNested).checkEnginePaths(test::patch(patch.toStdString()))),
             allowed ? QStringLiteral("ok") : QStringLiteral("Invalid"));
}

void PolicyTest::viewsShowEngineFields()
{
    const auto policy = policyFrom(kNested);
    const auto state = value(R"({"meta":{"name":"x"},"list":[{},{"a":1},7]})");
    const auto view = policy.withEngineFields(state, ServerSeq(5));
    COMPARE_TEXT(json::canonical(view), R"({"list":[{"rev":5},{"a":1,"rev":5},7],"meta":{"name":"x","version":5}})");
    QVERIFY(json::equal(policy.withoutEngineFields(view), state));
    COMPARE_TEXT(json::canonical(CollectionPolicy::games().withEngineFields(value("7"), ServerSeq(5))), "7");
}

void PolicyTest::collectionsWithoutPolicyMergeFields()
{
    Policies policies;
    policies.set(CollectionName("games"), CollectionPolicy::games());
    QVERIFY(policies.of(CollectionName("games")) == CollectionPolicy::games());
    QVERIFY(policies.of(CollectionName("notes")) == CollectionPolicy());
    QVERIFY(policies.of(CollectionName("notes")).merge() == MergeRule::Fields);
}

void PolicyTest::schemasValidateStates_data()
{
    QTest::addColumn<QString>("schema");
    QTest::addColumn<QString>("state");
    QTest::addColumn<QString>("path"); // "ok": passes
    const char *hero = R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"},"gold":{"type":"integer","minimum":0},
        "bag":{"type":"array","items":{"$ref":"#/definitions/item"}}},"definitions":{"item":{"type":"object","properties":{"inside":{"$ref":"#/definitions/item"},"count":{"type":"integer"}}}}})";
    QTest::newRow("passes") << hero << R"({"name":"a","gold":1,"bag":[{"count":1,"inside":{"count":2}}]})" << "ok";
    QTest::newRow("missing") << hero << R"({"gold":1})" << "";
    QTest::newRow("below the minimum") << hero << R"({"name":"a","gold":-1})" << "/gold";
    QTest::newRow("deep inside") << hero << R"({"name":"a","bag":[{},{"inside":{"count":"x"}}]})" << "/bag/1/inside/count";
    QTest::newRow("a fraction is no integer") << hero << R"({"name":"a","gold":1.5})" << "/gold";
    QTest::newRow("another type") << hero << "[]" << "";
    QTest::newRow("true allows all") << "true" << "[]" << "ok";
    QTest::newRow("false allows nothing") << "false" << "[]" << "";
    QTest::newRow("pattern") << R"({"properties":{"a":{"pattern":"^x+$"}}})" << R"({"a":"xxy"})" << "/a";
    QTest::newRow("pattern matched") << R"({"properties":{"a":{"pattern":"^x+$"}}})" << R"({"a":"xxx"})" << "ok";
    QTest::newRow("enum") << R"({"enum":[1,"a",null]})" << "2" << "";
    QTest::newRow("const") << R"({"const":{"a":1}})" << R"({"a":1})" << "ok";
}

void PolicyTest::schemasValidateStates()
{
    QFETCH(QString, schema);
    QFETCH(QString, state);
    QFETCH(QString, path);
    const auto validator = schemaValidator(value(schema.toStdString()));
    VERIFY_OK(validator);
    const auto validated = (*validator)->validate(CollectionName("games"), value(state.toStdString()));
    QCOMPARE(outcome(validated), path == QLatin1String("ok") ? QStringLiteral("ok") : QStringLiteral("Invalid"));
    if (!validated) {
        QCOMPARE(text(validated.error().path), path);
        QVERIFY(!validated.error().message.empty());
    }
}

void PolicyTest::badSchemasAreRefused_data()
{
    QTest::addColumn<QString>("schema");
    QTest::newRow("a number") << "7";
    QTest::newRow("a pattern that is none") << R"({"properties":{"a":{"pattern":"("}}})";
    QTest::newRow("type that is none") << R"({"type":7})";
    QTest::newRow("itself") << R"({"$ref":"#"})";
    QTest::newRow("itself in a circle") << R"({"definitions":{"a":{"allOf":[{"$ref":"#/definitions/b"}]},"b":{"not":{"$ref":"#/definitions/a"}}},"$ref":"#/definitions/a"})";
    QTest::newRow("a circle that is not used") << R"({"definitions":{"a":{"$ref":"#/definitions/a"}}})";
    QTest::newRow("another document") << R"({"$ref":"http://example.org/schema"})";
    QTest::newRow("nothing there") << R"({"$ref":"#/definitions/a"})";
    QTest::newRow("no pointer") << R"({"$ref":"#a"})";
    QTest::newRow("too deep") << QString(QStringLiteral("{\"not\":").repeated(40) + QStringLiteral("{}") + QStringLiteral("}").repeated(40));
    QString chain = QStringLiteral("{\"definitions\":{");
    for (int i = 0; i < 100; ++i)
        chain += QStringLiteral("\"a%1\":{\"$ref\":\"#/definitions/a%2\"},").arg(i).arg(i + 1);
    QTest::newRow("a long chain") << QString(chain + QStringLiteral("\"a100\":{}}}"));
    QString many = QStringLiteral("{\"definitions\":{\"a\":{}},\"properties\":{");
    for (int i = 0; i < 200; ++i)
        many += QStringLiteral("%1\"p%2\":{\"$ref\":\"#/definitions/a\"}").arg(i ? QStringLiteral(",") : QString()).arg(i);
    QTest::newRow("many references") << QString(many + QStringLiteral("}}"));
}

void PolicyTest::badSchemasAreRefused()
{
    QFETCH(QString, schema);
    QCOMPARE(outcome(schemaValidator(value(schema.toStdString()))), QStringLiteral("InvalidValue"));
}

void PolicyTest::theCheckOfACollectionJoinsAll()
{
    CollectionPolicy policy = CollectionPolicy::games();
    policy.setSchema(value(R"({"required":["name"]})"));
    const auto code = validatorFrom([](const CollectionName &collection, const json::Value &state) -> Result<> {
        if (collection.text() == "games" && state.get_object().contains("evil"))
            return failure(ErrorCode::Invalid, "evil", "/evil");
        return {};
    });
    const auto check = StateCheck::make(CollectionName("games"), policy, code);
    VERIFY_OK(check);
    VERIFY_OK(check->check(std::nullopt));
    VERIFY_OK(check->check(value(R"({"name":"a","gold":0})")));
    QCOMPARE(outcome(check->check(value(R"({"name":"a","gold":-1})"))), QStringLiteral("Invalid"));
    QCOMPARE(outcome(check->check(value(R"({"gold":1})"))), QStringLiteral("Invalid"));
    QCOMPARE(outcome(check->check(value(R"({"name":"a","evil":1})"))), QStringLiteral("Invalid"));
    VERIFY_OK(StateCheck().check(value("7")));
    policy.setSchema(value(R"({"$ref":"#"})"));
    QCOMPARE(outcome(StateCheck::make(CollectionName("games"), policy)), QStringLiteral("InvalidValue"));
}

void PolicyTest::stricterRulesLetPassWhatMakesNothingWorse_data()
{
    QTest::addColumn<QString>("before");
    QTest::addColumn<QString>("after");
    QTest::addColumn<QString>("path"); // of the complaint; none: it passes
    const auto row = [](const char *name, const char *before, const char *after, const char *path = nullptr) {
        QTest::newRow(name) << QString::fromUtf8(before) << QString::fromUtf8(after) << (path ? QString::fromUtf8(path) : QStringLiteral("-"));
    };
    row("an edit elsewhere", R"({"a":1,"b":"x"})", R"({"a":1,"b":"y"})");
    row("one of two mended", R"({"a":1,"b":2})", R"({"a":"1","b":2})");
    row("all mended", R"({"a":1,"b":2})", R"({"a":"1","b":"2"})");
    row("one that passed no longer does", R"({"a":1,"b":"x"})", R"({"a":1,"b":2})", "/b");
    row("another wrong value in place of a wrong one", R"({"a":1,"b":"x"})", R"({"a":2,"b":"x"})", "/a");
    row("the first wrong one", R"({"a":"x"})", R"({"a":1})", "/a");
    row("what is missing stays so", R"({"b":"x"})", R"({"b":"y"})");
    row("what is missing is added", R"({"b":2})", R"({"a":"x","b":2})");
    row("what is needed is removed", R"({"a":"x","b":2})", R"({"b":2})", "");
    row("a wrong one is removed", R"({"a":"x","b":2})", R"({"a":"x"})");
    row("an element before a wrong one is removed", R"({"a":"x","list":["y",1]})", R"({"a":"x","list":[1]})");
    row("a second wrong element", R"({"a":"x","list":[1]})", R"({"a":"x","list":[1,1]})", "/list/1");
    row("a counter above its bound goes down", R"({"a":"x","gold":500})", R"({"a":"x","gold":400})");
    row("a counter above its bound stays", R"({"a":"x","gold":500})", R"({"a":"y","gold":500})");
    row("a counter above its bound goes up", R"({"a":"x","gold":500})", R"({"a":"x","gold":501})", "/gold");
    row("a counter above its bound goes below the other", R"({"a":"x","gold":500})", R"({"a":"x","gold":-1})", "/gold");
    row("a counter goes above its bound", R"({"a":"x","gold":50})", R"({"a":"x","gold":101})", "/gold");
}

void PolicyTest::stricterRulesLetPassWhatMakesNothingWorse()
{
    QFETCH(QString, before);
    QFETCH(QString, after);
    QFETCH(QString, path);
    const CollectionPolicy policy = policyFrom(R"({"merge":"fields","paths":{"/gold":{"rule":"counter","min":0,"max":100}},"schema":{
        "required":["a"],"properties":{"a":{"type":"string"},"b":{"type":"string"},"list":{"items":{"type":"string"}}}}})");
    const StateCheck check = *StateCheck::make(CollectionName("games"), policy);
    const auto checked = check.checkChange(value(before.toStdString()), value(after.toStdString()));
    QCOMPARE(checked ? QStringLiteral("-") : text(checked.error().path), path);
    QVERIFY(check.checkChange(std::nullopt, value(after.toStdString())).has_value() == check.check(value(after.toStdString())).has_value());
}

void PolicyTest::aValidatorThatSaysOneThingAtATimeLetsStepsPass()
{
    const auto code = validatorFrom([](const CollectionName &, const json::Value &state) -> Result<> {
        for (const char *name : {"a", "b"}) {
            if (!state.as_object().at(name).is_string())
                return failure(ErrorCode::Invalid, std::string(name) + " is a text", '/' + std::string(name));
        }
        return {};
    });
    const StateCheck check = *StateCheck::make(CollectionName("games"), {}, code);
    const auto change = [&](const char *before, const char *after) { return outcome(check.checkChange(value(before), value(after))); };
    QCOMPARE(change(R"({"a":1,"b":2,"c":3})", R"({"a":1,"b":2,"c":4})"), QStringLiteral("ok"));
    QCOMPARE(change(R"({"a":1,"b":2})", R"({"a":"x","b":2})"), QStringLiteral("ok")); // the second complaint was hidden behind the first
    QCOMPARE(change(R"({"a":1,"b":2})", R"({"a":"x","b":3})"), QStringLiteral("Invalid"));
    QCOMPARE(change(R"({"a":"x","b":"y"})", R"({"a":"x","b":3})"), QStringLiteral("Invalid"));
}
