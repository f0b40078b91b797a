// SPDX-License-Identifier: Apache-2.0
//
// Two kinds of keyword contain schemas. Some hold for a child of the value (properties, items, ...): each step down the
// schema is a step down the value, so it ends. The others hold for the same value (allOf, not, $ref, ...): a circle of those
// never ends. So the graph of "same value" steps is searched for circles, depth first, and its longest way is bounded.
#include <eventsync/model/schemaguard.h>

#include <eventsync/base/limits.h>
#include <eventsync/json/pointer.h>
#include <eventsync/model/jsonfields.h>

#include <algorithm>
#include <unordered_map>

namespace eventsync {

namespace {

constexpr std::string_view kSameValueLists[] = {"allOf", "anyOf", "oneOf"};
constexpr std::string_view kSameValueOnes[] = {"not", "if", "then", "else", "extends"};
constexpr std::string_view kPatternKeywords[] = {"pattern", "patternProperties", "format"};

class Examination
{
public:
    explicit Examination(const json::Value &root) : m_root(root) {}

    Result<SchemaTraits> run()
    {
        EVENTSYNC_CHECK(visitAll(m_root, {}));
        return m_traits;
    }

private:
    // Every object inside may be a schema that something refers to; depth is bounded by the caller.
    Result<> visitAll(const json::Value &value, const std::string &path)
    {
        if (const auto *object = value.if_object()) {
            for (const std::string_view keyword : kPatternKeywords)
                m_traits.hasPatterns = m_traits.hasPatterns || object->contains(keyword);
            if (object->contains("$ref") && ++m_references > limits::kSchemaReferences)
                return failure(ErrorCode::InvalidValue, "the schema has too many references", path);
            EVENTSYNC_CHECK(follow(value, path, 0));
            for (const auto &[name, member] : *object)
                EVENTSYNC_CHECK(visitAll(member, childPath(path, name)));
        } else if (const auto *list = value.if_array()) {
            for (std::size_t i = 0; i < list->size(); ++i)
                EVENTSYNC_CHECK(visitAll((*list)[i], childPath(path, std::to_string(i))));
        }
        return {};
    }

    // The longest way of "same value" steps from here on is kept once known.
    Result<int> follow(const json::Value &schema, const std::string &path, int depth)
    {
        const auto *object = schema.if_object();
        if (!object)
            return 0;
        if (depth > limits::kSchemaSteps)
            return failure(ErrorCode::InvalidValue, "the schema refers too far", path);
        const auto [known, isNew] = m_longest.emplace(object, kOnTheWay);
        if (!isNew) {
            if (known->second == kOnTheWay)
                return failure(ErrorCode::InvalidValue, "the schema refers to itself without end", path);
            return known->second;
        }
        int longest = 0;
        const auto step = [&](const json::Value &next, const std::string &nextPath) -> Result<> {
            EVENTSYNC_TRY(const int below, follow(next, nextPath, depth + 1));
            longest = std::max(longest, below + 1);
            return {};
        };
        EVENTSYNC_CHECK(forEachSameValue(*object, path, step));
        if (longest > limits::kSchemaSteps)
            return failure(ErrorCode::InvalidValue, "the schema refers too far", path);
        m_longest[object] = longest;
        return longest;
    }

    template<class Step>
    Result<> forEachSameValue(const json::Object &object, const std::string &path, const Step &step)
    {
        if (const auto *reference = object.if_contains("$ref"); reference && reference->is_string()) {
            EVENTSYNC_TRY(const json::Value *target, targetOf(reference->get_string(), path));
            EVENTSYNC_CHECK(step(*target, childPath(path, "$ref")));
        }
        for (const std::string_view name : kSameValueLists) {
            const auto *member = object.if_contains(name);
            const auto *list = member ? member->if_array() : nullptr;
            for (std::size_t i = 0; list && i < list->size(); ++i)
                EVENTSYNC_CHECK(step((*list)[i], childPath(childPath(path, name), std::to_string(i))));
        }
        for (const std::string_view name : kSameValueOnes) {
            if (const auto *member = object.if_contains(name))
                EVENTSYNC_CHECK(step(*member, childPath(path, name)));
        }
        const auto *dependencies = object.if_contains("dependencies");
        if (const auto *members = dependencies ? dependencies->if_object() : nullptr) {
            for (const auto &[name, member] : *members)
                EVENTSYNC_CHECK(step(member, childPath(childPath(path, "dependencies"), name)));
        }
        return {};
    }

    Result<const json::Value *> targetOf(std::string_view reference, const std::string &path)
    {
        const auto wrong = [&](const char *reason) { return failure(ErrorCode::InvalidValue, reason, childPath(path, "$ref")); };
        if (reference.empty() || reference.front() != '#' || reference.find('%') != std::string_view::npos)
            return wrong("a reference leads to a place in the same schema, as \"#/definitions/name\"");
        const auto pointer = json::Pointer::parse(reference.substr(1));
        if (!pointer)
            return wrong("a reference leads to a place in the same schema, as \"#/definitions/name\"");
        const json::Value *target = json::find(m_root, *pointer);
        if (!target || (!target->is_object() && !target->is_bool()))
            return wrong("the reference leads to no schema");
        return target;
    }

    static constexpr int kOnTheWay = -1;
    const json::Value &m_root;
    std::unordered_map<const json::Object *, int> m_longest;
    std::size_t m_references = 0;
    SchemaTraits m_traits;
};

} // namespace

Result<SchemaTraits> examineSchema(const json::Value &schema)
{
    if (!schema.is_object() && !schema.is_bool())
        return failure(ErrorCode::InvalidValue, "a schema is an object, true or false");
    if (json::depth(schema) > limits::kSchemaDepth)
        return failure(ErrorCode::InvalidValue, "the schema is too deep");
    if (json::canonicalSize(schema) > limits::kSchemaBytes)
        return failure(ErrorCode::InvalidValue, "the schema is too large");
    return Examination(schema).run();
}

} // namespace eventsync
