// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/valueset.h>
#include <eventsync/model/decimal_p.h>
#include <eventsync/model/schemaformat_p.h>
#include <eventsync/model/schemapattern_p.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eventsync {

// One schema inside a JSON Schema (draft 7), compiled: the value of each keyword, or its default where it is absent.
// Large because draft 7 has that many keywords.
struct SchemaNode
{
    // Bits of `types`. Every integer is a number too.
    enum Type : unsigned { Null = 1, Boolean = 2, Object = 4, Array = 8, String = 16, Integer = 32, Number = 64 };
    struct Range
    {
        std::optional<std::uint64_t> least = {}, most = {};
    };
    struct Dependency
    {
        std::string member;
        std::vector<std::string> required = {};
        const SchemaNode *schema = nullptr;
    };
    using Nodes = std::vector<const SchemaNode *>;

    std::string path; // in the whole schema
    bool refusesAll = false;
    const SchemaNode *reference = nullptr; // if it is present, draft 7 ignores all other keywords

    std::optional<unsigned> types = {};
    std::optional<json::ValueSet> values = {};
    std::optional<json::Value> constant = {};

    std::optional<json::Value> minimum = {}, maximum = {}, exclusiveMinimum = {}, exclusiveMaximum = {};
    std::optional<Decimal> multipleOf = {};

    Range length = {};
    std::optional<SchemaPattern> pattern = {};
    SchemaFormat format = nullptr;

    Range elements = {};
    bool uniqueItems = false;
    Nodes items = {};                       // of the first elements
    const SchemaNode *moreItems = nullptr;  // of the others
    const SchemaNode *contains = nullptr;

    Range members = {};
    std::vector<std::string> required = {};
    std::map<std::string, const SchemaNode *, std::less<>> properties = {};
    std::vector<std::pair<SchemaPattern, const SchemaNode *>> patternProperties = {};
    const SchemaNode *moreProperties = nullptr;
    const SchemaNode *propertyNames = nullptr;
    std::vector<Dependency> dependencies = {};

    Nodes allOf = {}, anyOf = {}, oneOf = {};
    const SchemaNode *negated = nullptr, *condition = nullptr, *consequence = nullptr, *alternative = nullptr;
};

// A whole JSON Schema. Immutable; any thread.
class CompiledSchema
{
public:
    // InvalidValue, with path: the schema breaks a rule of draft 7, is too big or too deep, has an invalid regular expression, or
    // a reference that leads out of the schema, to nothing, or back to itself without a step to a child of the value.
    static Result<CompiledSchema> compile(const json::Value &schema);

    CompiledSchema(CompiledSchema &&) = default;
    CompiledSchema &operator=(CompiledSchema &&) = default;
    CompiledSchema(const CompiledSchema &) = delete; // nodes refer to each other
    CompiledSchema &operator=(const CompiledSchema &) = delete;

    const SchemaNode &root() const { return m_nodes.front(); }

private:
    friend class SchemaCompiler;
    CompiledSchema() = default;

    std::deque<SchemaNode> m_nodes;
};

// Every violation in a value: Invalid, with the path of its place. Empty: the value is valid. If the validation takes more than
// limits::kValidationSteps, the last complaint says so.
std::vector<Error> complaintsOf(const CompiledSchema &schema, const json::Value &value);

} // namespace eventsync
