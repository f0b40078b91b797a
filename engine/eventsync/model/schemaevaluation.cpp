// SPDX-License-Identifier: Apache-2.0
//
// Evaluates a compiled schema for a value, keyword by keyword. Each pair of schema and value, each member, each alternative
// and each comparison is charged. When the budget is exhausted, or a regular expression takes too many attempts, the whole
// evaluation ends, so that `not` does not invert an unknown result.
#include <eventsync/model/compiledschema_p.h>

#include <eventsync/json/compare.h>
#include <eventsync/model/jsonfields.h>
#include <eventsync/model/limits.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace eventsync {

namespace {

unsigned typesOf(const json::Value &value)
{
    switch (value.kind()) {
    case boost::json::kind::null: return SchemaNode::Null;
    case boost::json::kind::bool_: return SchemaNode::Boolean;
    case boost::json::kind::object: return SchemaNode::Object;
    case boost::json::kind::array: return SchemaNode::Array;
    case boost::json::kind::string: return SchemaNode::String;
    case boost::json::kind::double_:
        return SchemaNode::Number | (value.get_double() == std::trunc(value.get_double()) ? SchemaNode::Integer : 0u);
    default: return SchemaNode::Number | SchemaNode::Integer;
    }
}

std::string namesOf(unsigned types)
{
    constexpr std::string_view kNames[] = {"null", "a boolean", "an object", "an array", "a string", "an integer", "a number"};
    std::string names;
    for (unsigned i = 0; i < std::size(kNames); ++i) {
        if ((types & 1u << i) != 0)
            names.append(names.empty() ? "" : " or ").append(kNames[i]);
    }
    return names;
}

bool isIn(const SchemaNode::Range &range, std::uint64_t count)
{
    return (!range.least || count >= *range.least) && (!range.most || count <= *range.most);
}

class Evaluation
{
public:
    enum class Complaints { None, All };

    Evaluation(const SchemaNode &root, const json::Value &value, Complaints complaints) : m_collects(complaints == Complaints::All)
    {
        m_fits = holds(root, value);
        if (m_budget.isExhausted())
            m_unknown = Error{ErrorCode::Invalid, "the validation takes more work than is allowed", {}};
    }

    bool fits() const { return m_fits && !m_unknown; }
    const std::optional<Error> &unknown() const { return m_unknown; } // why the evaluation ended without a result
    std::vector<Error> takeComplaints() { return std::move(m_complaints); }

private:
    struct Step // of the path to the value that is looked at
    {
        std::string_view name;
        std::size_t index = 0;
        bool isIndex = false;
    };
    // Suppresses complaints inside alternatives, conditions and `not`.
    class Silence
    {
    public:
        explicit Silence(Evaluation &evaluation) : m_collects(evaluation.m_collects), m_before(evaluation.m_collects) { m_collects = false; }
        ~Silence() { m_collects = m_before; }
        Silence(const Silence &) = delete;
        Silence &operator=(const Silence &) = delete;

    private:
        bool &m_collects;
        bool m_before;
    };

    bool isOver() const { return m_unknown || m_budget.isExhausted(); }

    // Returns false, as the result of a keyword.
    bool complain(std::string_view reason)
    {
        constexpr std::uint64_t kComplaintSteps = 100; // a path and a text are kept
        if (m_collects && m_budget.charge(kComplaintSteps))
            m_complaints.push_back({ErrorCode::Invalid, std::string(reason), path()});
        return false;
    }
    std::string path() const
    {
        std::string path;
        for (const Step &step : m_steps)
            path = childPath(std::move(path), step.isIndex ? std::to_string(step.index) : step.name);
        return path;
    }
    bool demand(bool holds, std::string_view reason) { return holds || complain(reason); }

    // Whether the check holds for each element. All are checked where complaints are collected, otherwise up to the first failure.
    template<class List, class Check>
    bool all(const List &list, const Check &check)
    {
        bool hold = true;
        for (const auto &one : list) {
            if (!m_budget.charge() || isOver())
                return false;
            hold = check(one) && hold;
            if (!hold && !m_collects)
                return false;
        }
        return hold;
    }

    bool holds(const SchemaNode &node, const json::Value &value)
    {
        if (!m_budget.charge() || isOver())
            return false;
        if (node.refusesAll)
            return complain("the schema allows no value here");
        if (node.reference)
            return holds(*node.reference, value);
        using Keywords = bool (Evaluation::*)(const SchemaNode &, const json::Value &);
        constexpr Keywords kKeywords[] = {&Evaluation::typeHolds,  &Evaluation::valuesHold,  &Evaluation::kindHolds,
                                          &Evaluation::partsHold, &Evaluation::choicesHold, &Evaluation::conditionHolds};
        bool fits = true;
        for (const Keywords keywords : kKeywords) {
            fits = (this->*keywords)(node, value) && fits;
            if (!fits && !m_collects)
                return false;
        }
        return fits;
    }
    bool holdsSilently(const SchemaNode &node, const json::Value &value)
    {
        const Silence silence(*this);
        return holds(node, value);
    }
    bool childHolds(const SchemaNode &node, const json::Value &child, Step step)
    {
        m_steps.push_back(step);
        const bool fits = holds(node, child);
        m_steps.pop_back();
        return fits;
    }

    // ---- any value

    bool typeHolds(const SchemaNode &node, const json::Value &value)
    {
        return !node.types || (*node.types & typesOf(value)) != 0 || (m_collects && complain("the value is not " + namesOf(*node.types)));
    }

    bool valuesHold(const SchemaNode &node, const json::Value &value)
    {
        if (node.values && !node.values->contains(value, m_budget))
            return complain("the value is not one of those that the schema allows");
        if (node.constant && !json::equal(*node.constant, value, m_budget))
            return complain("the value is not the one that the schema requires");
        return true;
    }

    bool kindHolds(const SchemaNode &node, const json::Value &value)
    {
        if (const auto *text = value.if_string())
            return textHolds(node, *text);
        if (const auto *list = value.if_array())
            return listHolds(node, *list);
        if (value.is_object())
            return objectHolds(node, value);
        return !value.is_number() || numberHolds(node, value);
    }

    bool partsHold(const SchemaNode &node, const json::Value &value)
    {
        return all(node.allOf, [&](const SchemaNode *part) { return holds(*part, value); });
    }

    bool choicesHold(const SchemaNode &node, const json::Value &value)
    {
        const auto fits = [&](const SchemaNode *choice) { return holdsSilently(*choice, value); };
        if (!node.anyOf.empty() && std::none_of(node.anyOf.begin(), node.anyOf.end(), fits))
            return complain("the value matches none of the schemas of anyOf");
        if (!node.oneOf.empty() && !fitsOne(node.oneOf, value))
            return complain("the value does not match exactly one of the schemas of oneOf");
        if (node.negated && fits(node.negated))
            return complain("the value matches the schema of not");
        return true;
    }
    bool fitsOne(const SchemaNode::Nodes &choices, const json::Value &value)
    {
        int count = 0;
        for (const SchemaNode *choice : choices) {
            count += holdsSilently(*choice, value) ? 1 : 0;
            if (count > 1 || isOver())
                return false;
        }
        return count == 1;
    }

    bool conditionHolds(const SchemaNode &node, const json::Value &value)
    {
        if (!node.condition)
            return true;
        const SchemaNode *next = holdsSilently(*node.condition, value) ? node.consequence : node.alternative;
        return !next || holds(*next, value);
    }

    // ---- numbers and texts

    bool numberHolds(const SchemaNode &node, const json::Value &value)
    {
        if (node.minimum && json::compareValues(value, *node.minimum) < 0)
            return m_collects && complain("the number is less than " + json::canonical(*node.minimum));
        if (node.exclusiveMinimum && json::compareValues(value, *node.exclusiveMinimum) <= 0)
            return m_collects && complain("the number is not greater than " + json::canonical(*node.exclusiveMinimum));
        if (node.maximum && json::compareValues(value, *node.maximum) > 0)
            return m_collects && complain("the number is greater than " + json::canonical(*node.maximum));
        if (node.exclusiveMaximum && json::compareValues(value, *node.exclusiveMaximum) >= 0)
            return m_collects && complain("the number is not less than " + json::canonical(*node.exclusiveMaximum));
        return !node.multipleOf || multipleHolds(*node.multipleOf, value);
    }
    bool multipleHolds(const Decimal &divisor, const json::Value &value)
    {
        constexpr std::uint64_t kDivisionSteps = 20; // up to 600 places
        return m_budget.charge(kDivisionSteps) && demand(Decimal(value).isMultipleOf(divisor), "the number is not a multiple of multipleOf");
    }

    bool textHolds(const SchemaNode &node, std::string_view text)
    {
        if (node.length.least || node.length.most) {
            if (!json::chargeText(text, m_budget))
                return false;
            const auto beginsCharacter = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
            if (!isIn(node.length, static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), beginsCharacter))))
                return complain("the string has too few or too many characters");
        }
        if (node.pattern && !isFound(*node.pattern, text))
            return complain("the string does not match the pattern");
        return !node.format || (m_budget.charge(text.size()) && demand(node.format(text), "the string does not have the format"));
    }
    bool isFound(const SchemaPattern &pattern, std::string_view text)
    {
        const auto found = pattern.isFoundIn(text, m_budget);
        if (found)
            return *found;
        m_unknown = found.error();
        m_unknown->path = path();
        return false;
    }

    // ---- lists and objects

    bool listHolds(const SchemaNode &node, const json::Array &list)
    {
        if (!isIn(node.elements, list.size()))
            return complain("the array has too few or too many elements");
        if (node.uniqueItems && json::ValueSet(list, m_budget).hasDuplicates())
            return complain("the array has two equal elements");
        if (node.contains && std::none_of(list.begin(), list.end(), [&](const auto &element) { return holdsSilently(*node.contains, element); }))
            return complain("the array has no element that matches the schema of contains");
        if (node.items.empty() && !node.moreItems)
            return true;
        std::size_t index = 0;
        return all(list, [&](const json::Value &element) {
            const std::size_t at = index++;
            const SchemaNode *schema = at < node.items.size() ? node.items[at] : node.moreItems;
            return !schema || childHolds(*schema, element, {.name = {}, .index = at, .isIndex = true});
        });
    }

    bool objectHolds(const SchemaNode &node, const json::Value &value)
    {
        const json::Object &object = value.get_object();
        if (!isIn(node.members, object.size()))
            return complain("the object has too few or too many members");
        const bool hasAll = hasMembers(object, node.required);
        const bool depends = (hasAll || m_collects) && dependenciesHold(node, value);
        const bool looksAtMembers = !node.properties.empty() || !node.patternProperties.empty() || node.moreProperties || node.propertyNames;
        const bool fit = !looksAtMembers || ((depends || m_collects) && all(object, [&](const auto &member) {
            return memberHolds(node, member.key(), member.value());
        }));
        return hasAll && depends && fit;
    }
    bool hasMembers(const json::Object &object, const std::vector<std::string> &names)
    {
        return all(names, [&](const std::string &name) { return object.contains(name) || (m_collects && complain("the object lacks the member \"" + name + '"')); });
    }
    bool dependenciesHold(const SchemaNode &node, const json::Value &value)
    {
        return all(node.dependencies, [&](const SchemaNode::Dependency &dependency) {
            if (!value.get_object().contains(dependency.member))
                return true;
            return dependency.schema ? holds(*dependency.schema, value) : hasMembers(value.get_object(), dependency.required);
        });
    }
    bool memberHolds(const SchemaNode &node, std::string_view name, const json::Value &value)
    {
        const Step step{.name = name};
        bool fits = !node.propertyNames || (json::chargeText(name, m_budget) && childHolds(*node.propertyNames, json::Value(name), step));
        const auto property = node.properties.find(name);
        bool isNamed = property != node.properties.end();
        if (isNamed)
            fits = childHolds(*property->second, value, step) && fits;
        fits = all(node.patternProperties, [&](const auto &one) {
            const bool isMeant = isFound(one.first, name);
            isNamed = isNamed || isMeant;
            return !isMeant || childHolds(*one.second, value, step);
        }) && fits;
        return (isNamed || !node.moreProperties || childHolds(*node.moreProperties, value, step)) && fits;
    }

    Budget m_budget{limits::kValidationSteps};
    bool m_collects;
    bool m_fits = false;
    std::vector<Step> m_steps;
    std::vector<Error> m_complaints;
    std::optional<Error> m_unknown;
};

} // namespace

std::vector<Error> complaintsOf(const CompiledSchema &schema, const json::Value &value)
{
    const Evaluation quick(schema.root(), value, Evaluation::Complaints::None);
    if (quick.fits())
        return {};
    if (quick.unknown())
        return {*quick.unknown()};
    Evaluation evaluation(schema.root(), value, Evaluation::Complaints::All); // slower, so only for invalid values
    auto complaints = evaluation.takeComplaints();
    if (evaluation.unknown())
        complaints.push_back(*evaluation.unknown());
    return complaints;
}

} // namespace eventsync
