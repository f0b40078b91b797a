// SPDX-License-Identifier: Apache-2.0
//
// Compiles a JSON Schema into nodes. Each keyword is checked by the rules of draft 7's meta-schema.
//
// References are resolved last, when every `$id` is known; their targets are compiled then, unless they were already. Two kinds
// of keyword contain schemas. Some apply to a child of the value (properties, items, ...): each step down the schema is a step
// down the value, so it ends. The others apply to the same value (allOf, not, $ref, ...): a cycle of those never ends. So the
// graph of "same value" steps is searched for cycles, depth first, and its longest path is bounded. A client receives schemas
// from a server (`synced`), so a schema is input.
#include <eventsync/model/compiledschema_p.h>

#include <eventsync/base/assert.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/pointer.h>
#include <eventsync/model/jsonfields.h>
#include <eventsync/model/limits.h>

#include <QUrl>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace eventsync {

// Large because each keyword, or group of keywords, has a function.
class SchemaCompiler
{
public:
    explicit SchemaCompiler(const json::Value &whole) : m_whole(whole) {}

    Result<CompiledSchema> run()
    {
        m_resources.emplace(std::string(), &m_whole);
        EVENTSYNC_TRY(const SchemaNode *root, nodeOf({m_whole, {}, {}}));
        EVENTSYNC_CHECK(connectReferences());
        for (const SchemaNode &node : m_compiled.m_nodes)
            EVENTSYNC_CHECK(longestPath(node, 0));
        EVENTSYNC_CHECK(m_budget.check("reading the schema"));
        EVENTSYNC_ASSERT(root == &m_compiled.root());
        return std::move(m_compiled);
    }

private:
    struct Place // a value in the schema
    {
        const json::Value &value;
        std::string path; // of the value
        std::string base; // the base URI of references in it
        Place child(std::string_view member, const json::Value &inside) const { return {inside, childPath(path, member), base}; }
    };
    struct Reference
    {
        SchemaNode *node;
        std::string text, path, base;
    };
    using Node = const SchemaNode *;

    static tl::unexpected<Error> wrong(std::string reason, const Place &place)
    {
        return failure(ErrorCode::InvalidValue, std::move(reason), place.path);
    }

    // ---- schemas

    Result<Node> nodeOf(Place place)
    {
        const auto [known, isNew] = m_known.emplace(&place.value, nullptr);
        if (!isNew)
            return known->second;
        SchemaNode &node = m_compiled.m_nodes.emplace_back();
        known->second = &node;
        node.path = place.path;
        if (const bool *all = place.value.if_bool())
            node.refusesAll = !*all;
        else if (!place.value.is_object())
            return wrong("a schema is an object, true or false", place);
        else if (auto fine = read(node, place.value.get_object(), std::move(place)); !fine)
            return failure(std::move(fine).error());
        return &node;
    }

    Result<> read(SchemaNode &node, const json::Object &object, Place place)
    {
        if (const auto *reference = object.if_contains("$ref"))
            return readReference(node, *reference, place);
        EVENTSYNC_CHECK(readId(object, place));
        for (const auto &[name, value] : object) {
            const auto keyword = keywords().find(name);
            if (keyword != keywords().end())
                EVENTSYNC_CHECK((this->*keyword->second)(node, place.child(name, value)));
        }
        return readItems(node, object, place);
    }

    Result<> readReference(SchemaNode &node, const json::Value &reference, const Place &place)
    {
        const Place at = place.child("$ref", reference);
        if (!reference.is_string())
            return wrong("a reference is a text", at);
        if (m_references.size() >= limits::kSchemaReferences)
            return wrong("the schema has too many references", at);
        m_references.push_back({&node, std::string(reference.get_string()), at.path, place.base});
        return {};
    }

    // "$id" identifies this schema, and is the base URI of the references inside it.
    Result<> readId(const json::Object &object, Place &place)
    {
        const auto *id = object.if_contains("$id");
        if (!id)
            return {};
        if (!id->is_string())
            return wrong("$id is a text", place.child("$id", *id));
        const auto [uri, fragment] = resolved(place.base, id->get_string());
        if (!fragment.empty()) {
            m_anchors.emplace(uri + '#' + fragment, &place.value);
        } else {
            m_resources.emplace(uri, &place.value);
            place.base = uri;
        }
        return {};
    }

    // The URI without its fragment, and that.
    static std::pair<std::string, std::string> resolved(const std::string &base, std::string_view reference)
    {
        const std::size_t mark = reference.find('#');
        std::string uri(reference.substr(0, mark));
        const std::string_view fragment = mark == std::string_view::npos ? std::string_view() : reference.substr(mark + 1);
        if (uri.empty())
            uri = base;
        else if (!base.empty())
            uri = QUrl(QString::fromStdString(base)).resolved(QUrl(QString::fromStdString(uri))).toString().toStdString();
        return {uri, QByteArray::fromPercentEncoding(QByteArray(fragment.data(), static_cast<qsizetype>(fragment.size()))).toStdString()};
    }

    Result<> connectReferences()
    {
        for (std::size_t i = 0; i < m_references.size(); ++i) { // which compiles what may refer on
            const Reference reference = m_references[i];
            const auto [uri, fragment] = resolved(reference.base, reference.text);
            const auto target = targetOf(uri, fragment);
            if (!target)
                return failure(ErrorCode::InvalidValue, "the reference leads to no schema in this one", reference.path);
            EVENTSYNC_TRY(reference.node->reference, nodeOf({*target->second, target->first, uri}));
        }
        return {};
    }

    // The path for errors in the target, and the target.
    std::optional<std::pair<std::string, const json::Value *>> targetOf(const std::string &uri, const std::string &fragment) const
    {
        if (!fragment.empty() && fragment.front() != '/') {
            const auto anchor = m_anchors.find(uri + '#' + fragment);
            return anchor == m_anchors.end() ? std::nullopt : std::optional(std::pair(fragment, anchor->second));
        }
        const auto resource = m_resources.find(uri);
        const auto pointer = json::Pointer::parse(fragment);
        const json::Value *target = resource != m_resources.end() && pointer ? json::find(*resource->second, *pointer) : nullptr;
        return target ? std::optional(std::pair(fragment, target)) : std::nullopt;
    }

    // ---- keywords

    using Reader = Result<> (SchemaCompiler::*)(SchemaNode &, const Place &);
    using Keywords = std::map<std::string_view, Reader>;

    static const Keywords &keywords()
    {
        using C = SchemaCompiler;
        using N = SchemaNode;
        static const Keywords kKeywords{
            {"type", &C::readType},
            {"enum", &C::readValues},
            {"const", &C::readConstant},
            {"minimum", &C::readNumber<&N::minimum>},
            {"maximum", &C::readNumber<&N::maximum>},
            {"exclusiveMinimum", &C::readNumber<&N::exclusiveMinimum>},
            {"exclusiveMaximum", &C::readNumber<&N::exclusiveMaximum>},
            {"multipleOf", &C::readMultipleOf},
            {"minLength", &C::readCount<&N::length, &N::Range::least>},
            {"maxLength", &C::readCount<&N::length, &N::Range::most>},
            {"pattern", &C::readPattern},
            {"format", &C::readFormat},
            {"minItems", &C::readCount<&N::elements, &N::Range::least>},
            {"maxItems", &C::readCount<&N::elements, &N::Range::most>},
            {"uniqueItems", &C::readUniqueItems},
            {"contains", &C::readSchema<&N::contains>},
            {"minProperties", &C::readCount<&N::members, &N::Range::least>},
            {"maxProperties", &C::readCount<&N::members, &N::Range::most>},
            {"required", &C::readRequired},
            {"properties", &C::readProperties},
            {"patternProperties", &C::readPatternProperties},
            {"additionalProperties", &C::readSchema<&N::moreProperties>},
            {"propertyNames", &C::readSchema<&N::propertyNames>},
            {"dependencies", &C::readDependencies},
            {"definitions", &C::readDefinitions},
            {"allOf", &C::readSchemas<&N::allOf>},
            {"anyOf", &C::readSchemas<&N::anyOf>},
            {"oneOf", &C::readSchemas<&N::oneOf>},
            {"not", &C::readSchema<&N::negated>},
            {"if", &C::readSchema<&N::condition>},
            {"then", &C::readSchema<&N::consequence>},
            {"else", &C::readSchema<&N::alternative>},
            {"$schema", &C::readText},
            {"$comment", &C::readText},
            {"title", &C::readText},
            {"description", &C::readText},
            {"contentMediaType", &C::readText},
            {"contentEncoding", &C::readText},
            {"readOnly", &C::readFlag},
            {"writeOnly", &C::readFlag},
            {"examples", &C::readList},
        };
        return kKeywords;
    }

    static std::optional<unsigned> typeFrom(const json::Value &name)
    {
        constexpr std::pair<std::string_view, unsigned> kTypes[] = {
            {"null", SchemaNode::Null},     {"boolean", SchemaNode::Boolean}, {"object", SchemaNode::Object}, {"array", SchemaNode::Array},
            {"string", SchemaNode::String}, {"integer", SchemaNode::Integer}, {"number", SchemaNode::Number},
        };
        for (const auto &[text, type] : kTypes) {
            if (name.is_string() && name.get_string() == text)
                return type;
        }
        return std::nullopt;
    }
    Result<> readType(SchemaNode &node, const Place &place)
    {
        const json::Value single = json::Array{place.value};
        const auto *names = place.value.is_array() ? place.value.if_array() : single.if_array();
        unsigned types = 0;
        for (const json::Value &name : *names) {
            const auto type = typeFrom(name);
            if (!type || (types & *type) != 0)
                return wrong("a type is null, boolean, object, array, string, number or integer, each at most once", place);
            types |= *type;
        }
        if (types == 0)
            return wrong("no type is named", place);
        node.types = types;
        return {};
    }

    Result<> readValues(SchemaNode &node, const Place &place)
    {
        if (!place.value.is_array())
            return wrong("enum is a list of values", place);
        node.values = json::ValueSet(place.value.get_array(), m_budget);
        return {};
    }
    Result<> readConstant(SchemaNode &node, const Place &place)
    {
        node.constant = place.value;
        return {};
    }

    template<auto Member>
    Result<> readNumber(SchemaNode &node, const Place &place)
    {
        if (!place.value.is_number())
            return wrong("a bound is a number", place);
        node.*Member = place.value;
        return {};
    }
    Result<> readMultipleOf(SchemaNode &node, const Place &place)
    {
        const Decimal divisor = place.value.is_number() ? Decimal(place.value) : Decimal();
        if (!divisor.isPositive())
            return wrong("multipleOf is a number above 0", place);
        node.multipleOf = divisor;
        return {};
    }

    template<auto Range, auto End>
    Result<> readCount(SchemaNode &node, const Place &place)
    {
        const std::int64_t *count = place.value.if_int64();
        const bool isBeyond = place.value.is_double() && place.value.get_double() >= static_cast<double>(limits::kMaxInteger);
        if (!isBeyond && (!count || *count < 0))
            return wrong("a count is an integer from 0", place);
        node.*Range.*End = static_cast<std::uint64_t>(isBeyond ? limits::kMaxInteger : *count);
        return {};
    }

    Result<> readText(SchemaNode &, const Place &place)
    {
        return place.value.is_string() ? Result<>() : wrong("this is a text", place);
    }
    Result<> readFlag(SchemaNode &, const Place &place)
    {
        return place.value.is_bool() ? Result<>() : wrong("this is true or false", place);
    }
    Result<> readList(SchemaNode &, const Place &place)
    {
        return place.value.is_array() ? Result<>() : wrong("this is a list", place);
    }
    static Result<SchemaPattern> patternFrom(std::string_view text, const Place &place)
    {
        auto pattern = SchemaPattern::compile(text);
        return pattern ? std::move(pattern) : wrong(pattern.error().message, place);
    }
    Result<> readPattern(SchemaNode &node, const Place &place)
    {
        EVENTSYNC_CHECK(readText(node, place));
        EVENTSYNC_TRY(node.pattern, patternFrom(place.value.get_string(), place));
        return {};
    }
    Result<> readFormat(SchemaNode &node, const Place &place)
    {
        EVENTSYNC_CHECK(readText(node, place));
        node.format = schemaFormat(place.value.get_string());
        return {};
    }

    Result<> readUniqueItems(SchemaNode &node, const Place &place)
    {
        EVENTSYNC_CHECK(readFlag(node, place));
        node.uniqueItems = place.value.get_bool();
        return {};
    }
    // `additionalItems` means something only beside a list of `items`.
    Result<> readItems(SchemaNode &node, const json::Object &object, const Place &place)
    {
        const json::Value *items = object.if_contains("items"), *more = object.if_contains("additionalItems");
        Node moreNode = nullptr;
        if (more) {
            EVENTSYNC_TRY(moreNode, nodeOf(place.child("additionalItems", *more)));
        }
        if (items && items->is_array()) {
            node.moreItems = moreNode;
            return readSchemas<&SchemaNode::items>(node, place.child("items", *items));
        }
        if (items) {
            EVENTSYNC_TRY(node.moreItems, nodeOf(place.child("items", *items)));
        }
        return {};
    }

    static Result<std::vector<std::string>> namesFrom(const Place &place)
    {
        std::vector<std::string> names;
        std::set<std::string_view> known;
        for (const json::Value &name : *place.value.if_array()) {
            if (!name.is_string() || !known.insert(name.get_string()).second)
                return wrong("these are names, each at most once", place);
            names.emplace_back(name.get_string());
        }
        return names;
    }
    Result<> readRequired(SchemaNode &node, const Place &place)
    {
        if (!place.value.is_array())
            return wrong("required is a list of names", place);
        EVENTSYNC_TRY(node.required, namesFrom(place));
        return {};
    }

    template<class Take> // Take: Result<>(name, Place)
    static Result<> forEachMember(const Place &place, const Take &take)
    {
        const auto *object = place.value.if_object();
        if (!object)
            return wrong("this is an object", place);
        for (const auto &[name, value] : *object)
            EVENTSYNC_CHECK(take(std::string_view(name), place.child(name, value)));
        return {};
    }
    Result<> readProperties(SchemaNode &node, const Place &place)
    {
        return forEachMember(place, [&](std::string_view name, Place inside) -> Result<> {
            EVENTSYNC_TRY(node.properties[std::string(name)], nodeOf(std::move(inside)));
            return {};
        });
    }
    Result<> readPatternProperties(SchemaNode &node, const Place &place)
    {
        return forEachMember(place, [&](std::string_view name, Place inside) -> Result<> {
            EVENTSYNC_TRY(SchemaPattern pattern, patternFrom(name, inside));
            EVENTSYNC_TRY(Node schema, nodeOf(std::move(inside)));
            node.patternProperties.emplace_back(std::move(pattern), schema);
            return {};
        });
    }
    Result<> readDependencies(SchemaNode &node, const Place &place)
    {
        return forEachMember(place, [&](std::string_view name, Place inside) -> Result<> {
            SchemaNode::Dependency dependency{.member = std::string(name)};
            if (inside.value.is_array()) {
                EVENTSYNC_TRY(dependency.required, namesFrom(inside));
            } else {
                EVENTSYNC_TRY(dependency.schema, nodeOf(std::move(inside)));
            }
            node.dependencies.push_back(std::move(dependency));
            return {};
        });
    }
    Result<> readDefinitions(SchemaNode &, const Place &place)
    {
        return forEachMember(place, [&](std::string_view, Place inside) -> Result<> {
            EVENTSYNC_CHECK(nodeOf(std::move(inside)));
            return {};
        });
    }

    template<auto Member>
    Result<> readSchema(SchemaNode &node, const Place &place)
    {
        EVENTSYNC_TRY(node.*Member, nodeOf(place));
        return {};
    }
    template<auto Member>
    Result<> readSchemas(SchemaNode &node, const Place &place)
    {
        const auto *list = place.value.if_array();
        if (!list || list->empty())
            return wrong("this is a list of one schema or more", place);
        for (std::size_t i = 0; i < list->size(); ++i) {
            EVENTSYNC_TRY(Node schema, nodeOf(place.child(std::to_string(i), (*list)[i])));
            (node.*Member).push_back(schema);
        }
        return {};
    }

    // ---- cycles

    // The longest path of "same value" steps from a node; it is computed once per node.
    Result<int> longestPath(const SchemaNode &node, int depth)
    {
        if (depth > limits::kSchemaSteps)
            return failure(ErrorCode::InvalidValue, "the schema refers too far", node.path);
        const auto [known, isNew] = m_longest.emplace(&node, kOnTheWay);
        if (!isNew && known->second == kOnTheWay)
            return failure(ErrorCode::InvalidValue, "the schema refers to itself without end", node.path);
        if (!isNew)
            return known->second;
        int longest = 0;
        for (const SchemaNode *next : sameValue(node)) {
            EVENTSYNC_TRY(const int below, longestPath(*next, depth + 1));
            longest = std::max(longest, below + 1);
        }
        if (longest > limits::kSchemaSteps)
            return failure(ErrorCode::InvalidValue, "the schema refers too far", node.path);
        m_longest[&node] = longest;
        return longest;
    }
    static SchemaNode::Nodes sameValue(const SchemaNode &node)
    {
        SchemaNode::Nodes nodes;
        for (const auto *list : {&node.allOf, &node.anyOf, &node.oneOf})
            nodes.insert(nodes.end(), list->begin(), list->end());
        for (const auto *one : {node.reference, node.negated, node.condition, node.consequence, node.alternative}) {
            if (one)
                nodes.push_back(one);
        }
        for (const auto &dependency : node.dependencies) {
            if (dependency.schema)
                nodes.push_back(dependency.schema);
        }
        return nodes;
    }

    static constexpr int kOnTheWay = -1;
    const json::Value &m_whole;
    CompiledSchema m_compiled;
    Budget m_budget{limits::kValidationSteps};
    std::unordered_map<const json::Value *, Node> m_known;
    std::map<std::string, const json::Value *> m_resources, m_anchors; // by URI
    std::vector<Reference> m_references;
    std::unordered_map<Node, int> m_longest;
};

Result<CompiledSchema> CompiledSchema::compile(const json::Value &schema)
{
    json::Value whole = schema;
    if (auto fits = json::normalize(whole); !fits)
        return failure(ErrorCode::InvalidValue, fits.error().message, fits.error().path);
    if (json::depth(whole) > limits::kSchemaDepth)
        return failure(ErrorCode::InvalidValue, "the schema is too deep");
    if (json::canonicalSize(whole) > limits::kSchemaBytes)
        return failure(ErrorCode::InvalidValue, "the schema is too large");
    return SchemaCompiler(whole).run();
}

} // namespace eventsync
