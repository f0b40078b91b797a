// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/filter.h>

#include <eventsync/json/limits.h>
#include <eventsync/json/valueset.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <span>

namespace eventsync::json {

namespace {

// Values of two kinds have a place in the sort order, but neither is greater for a comparison.
bool isSameKind(const Value &a, const Value &b)
{
    return a.kind() == b.kind() || (a.is_number() && b.is_number());
}

enum class Test { All, Any, Not, Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, In, Exists, Prefix };

struct TestRow
{
    std::string_view name;
    Test test;
};

constexpr TestRow kGroups[] = {{"all", Test::All}, {"any", Test::Any}, {"not", Test::Not}};
constexpr TestRow kComparisons[] = {
    {"eq", Test::Equal},   {"ne", Test::NotEqual},        {"lt", Test::Less}, {"le", Test::LessOrEqual},  {"gt", Test::Greater},
    {"ge", Test::GreaterOrEqual}, {"in", Test::In}, {"exists", Test::Exists}, {"prefix", Test::Prefix},
};

template<std::size_t N>
const TestRow *rowNamed(const TestRow (&rows)[N], std::string_view name)
{
    const auto *row = std::find_if(std::begin(rows), std::end(rows), [&](const TestRow &r) { return r.name == name; });
    return row == std::end(rows) ? nullptr : row;
}

// Splits "a,b" where a comma stands before the next path.
std::vector<std::string_view> splitPaths(std::string_view text)
{
    std::vector<std::string_view> parts;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = text.substr(i + 1);
        if (text[i] == ',' && (rest.starts_with('/') || rest.starts_with("-/"))) {
            parts.push_back(text.substr(start, i - start));
            start = i + 1;
        }
    }
    if (!text.empty())
        parts.push_back(text.substr(start));
    return parts;
}

Result<Pointer> pathFrom(std::string_view text)
{
    if (!text.starts_with('/'))
        return failure(ErrorCode::InvalidValue, "a list of paths: \"" + std::string(text) + "\" does not start with '/'");
    return Pointer::parse(text);
}

} // namespace

struct Filter::Node
{
    Test test = Test::All;
    std::vector<Node> children = {}; // All, Any, Not
    Pointer path = {};               // comparisons
    Value value = {};
    ValueSet values = {}; // In

    static Result<Node> from(const Value &json, int room, const Pointer &at, Budget &budget);
    static Result<Node> comparison(const Object &object, const Pointer &at, Budget &budget);
    Value toJson() const;
    bool matches(const Value &state, Budget &budget) const;
    bool compare(const Value &found, Budget &budget) const;
};

Result<Filter::Node> Filter::Node::from(const Value &json, int room, const Pointer &at, Budget &budget)
{
    auto refuse = [&](const char *why) { return failure(ErrorCode::InvalidValue, why, at.toText()); };
    const Object *object = json.if_object();
    if (!object)
        return refuse("a filter is an object");
    if (object->contains("path"))
        return comparison(*object, at, budget);
    const TestRow *group = object->size() == 1 ? rowNamed(kGroups, object->begin()->key()) : nullptr;
    if (!group)
        return refuse("a filter has one of all, any, not, or a path");
    const Array *list = object->begin()->value().if_array();
    if (!list)
        return refuse("all, any and not take a list");
    if (room <= 0)
        return failure(ErrorCode::TooDeep, "nested too deep", at.toText());
    Node node{.test = group->test};
    for (const Value &element : *list) {
        if (!budget.charge(1 + at.tokens().size()))
            break;
        const Pointer below = at.child(std::string(group->name)).child(std::to_string(node.children.size()));
        EVENTSYNC_TRY(Node child, from(element, room - 1, below, budget));
        node.children.push_back(std::move(child));
    }
    return node;
}

Result<Filter::Node> Filter::Node::comparison(const Object &object, const Pointer &at, Budget &budget)
{
    auto refuse = [&](const char *why) { return failure(ErrorCode::InvalidValue, why, at.toText()); };
    const Value *path = object.if_contains("path");
    const Value *op = object.if_contains("op");
    const Value *value = object.if_contains("value");
    if (!op || !value || object.size() != 3 || !path->is_string() || !op->is_string())
        return refuse("a condition is {path, op, value}");
    const TestRow *row = rowNamed(kComparisons, op->get_string());
    if (!row)
        return refuse("a condition of unknown kind");
    if ((row->test == Test::In && !value->is_array()) || (row->test == Test::Exists && !value->is_bool())
        || (row->test == Test::Prefix && !value->is_string()))
        return refuse("a condition's value has the wrong type");
    auto pointer = Pointer::parse(std::string_view(path->get_string()));
    if (!pointer)
        return failure(pointer.error().code, pointer.error().message, at.child("path").toText());
    chargeWhole(*value, budget);
    Node node{.test = row->test, .path = std::move(*pointer), .value = *value};
    if (node.test == Test::In)
        node.values = ValueSet(value->get_array(), budget);
    return node;
}

Value Filter::Node::toJson() const
{
    if (const auto *group = std::find_if(std::begin(kGroups), std::end(kGroups), [&](const TestRow &r) { return r.test == test; });
        group != std::end(kGroups)) {
        Array list;
        for (const Node &child : children)
            list.push_back(child.toJson());
        return Object{{group->name, std::move(list)}};
    }
    const auto *row = std::find_if(std::begin(kComparisons), std::end(kComparisons), [&](const TestRow &r) { return r.test == test; });
    return Object{{"op", row->name}, {"path", path.toText()}, {"value", value}};
}

bool Filter::Node::matches(const Value &state, Budget &budget) const
{
    if (!budget.charge(1 + path.tokens().size()))
        return false;
    auto doesMatch = [&](const Node &child) { return child.matches(state, budget); };
    if (test == Test::All)
        return std::all_of(children.begin(), children.end(), doesMatch);
    if (test == Test::Any)
        return std::any_of(children.begin(), children.end(), doesMatch);
    if (test == Test::Not)
        return std::none_of(children.begin(), children.end(), doesMatch);
    const Value *found = find(state, path);
    if (test == Test::Exists)
        return value.get_bool() == (found != nullptr);
    return found ? compare(*found, budget) : test == Test::NotEqual;
}

bool Filter::Node::compare(const Value &found, Budget &budget) const
{
    switch (test) {
    case Test::Equal:
        return equal(found, value, budget);
    case Test::NotEqual:
        return !equal(found, value, budget);
    case Test::Less:
        return isSameKind(found, value) && compareValues(found, value, budget) < 0;
    case Test::LessOrEqual:
        return isSameKind(found, value) && compareValues(found, value, budget) <= 0;
    case Test::Greater:
        return isSameKind(found, value) && compareValues(found, value, budget) > 0;
    case Test::GreaterOrEqual:
        return isSameKind(found, value) && compareValues(found, value, budget) >= 0;
    case Test::In:
        return values.contains(found, budget);
    case Test::Prefix:
        return found.is_string() && chargeText(value.get_string(), budget) && found.get_string().starts_with(value.get_string());
    default:
        return false; // groups and `exists` were answered by matches()
    }
}

Filter::Filter() : m_root(std::make_shared<const Node>()) {}
Filter::~Filter() = default;
Filter::Filter(const Filter &) = default;
Filter &Filter::operator=(const Filter &) = default;

Result<Filter> Filter::fromJson(const Value &value)
{
    Budget budget(limits::kFilterSteps);
    EVENTSYNC_TRY(Node root, Node::from(value, limits::kDepth / 2, Pointer(), budget)); // a group is an object and a list deep
    EVENTSYNC_CHECK(budget.check("compiling the filter"));
    Filter filter;
    filter.m_root = std::make_shared<const Node>(std::move(root));
    return filter;
}

Value Filter::toJson() const
{
    return m_root->toJson();
}

bool Filter::matches(const Value &state) const
{
    Budget unlimited;
    return matches(state, unlimited);
}

bool Filter::matches(const Value &state, Budget &budget) const
{
    return m_root->matches(state, budget) && !budget.isExhausted();
}

bool Filter::matchesAll() const
{
    return m_root->test == Test::All && m_root->children.empty();
}

Result<std::vector<SortKey>> sortKeysFrom(std::string_view text)
{
    std::vector<SortKey> keys;
    for (std::string_view part : splitPaths(text)) {
        const bool descending = part.starts_with('-');
        EVENTSYNC_TRY(Pointer path, pathFrom(part.substr(descending ? 1 : 0)));
        keys.push_back({.path = std::move(path), .descending = descending});
    }
    return keys;
}

namespace {

constexpr std::size_t kScalarCharacters = 4; // what an element or member takes of the characters, beside its texts

std::string_view firstCharacters(std::string_view text, std::size_t &room)
{
    std::size_t end = 0;
    for (; end < text.size(); ++end) {
        const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
        if (begins && room == 0)
            break;
        room -= begins ? 1 : 0;
    }
    return text.substr(0, end);
}

Value prefixWithin(const Value &value, std::size_t &room, Budget &budget)
{
    const auto takes = [&room](std::size_t characters) {
        const bool fits = room >= characters;
        room = fits ? room - characters : 0;
        return fits;
    };
    if (const String *text = value.if_string())
        return Value(String(firstCharacters(*text, room)));
    if (const Array *array = value.if_array()) {
        Array first;
        for (const Value &element : *array) {
            if (!takes(kScalarCharacters))
                break;
            first.push_back(prefixWithin(element, room, budget));
        }
        return first;
    }
    if (const Object *object = value.if_object()) {
        Object first;
        for (const auto *member : sortedMembers(*object, budget)) {
            if (!takes(kScalarCharacters + member->key().size()))
                break;
            first.emplace(member->key(), prefixWithin(member->value(), room, budget));
        }
        return first;
    }
    return value;
}

} // namespace

Value sortValue(const Value &value)
{
    Budget unlimited;
    return sortValue(value, unlimited);
}

Value sortValue(const Value &value, Budget &budget)
{
    std::size_t room = limits::kSortCharacters;
    budget.charge();
    return prefixWithin(value, room, budget);
}

Result<std::vector<Pointer>> fieldsFrom(std::string_view text)
{
    std::vector<Pointer> fields;
    for (const std::string_view part : splitPaths(text)) {
        EVENTSYNC_TRY(Pointer path, pathFrom(part));
        fields.push_back(std::move(path));
    }
    return fields;
}

namespace {

// Fields in the order of their tokens, so that fields with a common member are adjacent.
using Fields = std::span<const Pointer *const>;

// The part of `value` that the fields name; all of them exist below it and share its path, `length` tokens long.
Value projectBelow(const Value &value, Fields fields, std::size_t length, Budget &budget)
{
    if (fields.front()->tokens().size() == length)
        return chargeWhole(value, budget) ? value : Value();
    Object members;
    std::vector<std::pair<std::size_t, Value>> elements;
    while (!fields.empty() && budget.charge()) {
        const std::string &token = fields.front()->tokens()[length];
        const auto isOther = [&](const Pointer *field) { return field->tokens()[length] != token; };
        const auto same = static_cast<std::size_t>(std::find_if(fields.begin(), fields.end(), isOther) - fields.begin());
        const Value &child = *find(value, Pointer({token}));
        Value part = projectBelow(child, fields.first(same), length + 1, budget);
        if (value.is_array())
            elements.emplace_back(*arrayIndex(token), std::move(part));
        else
            members.emplace(token, std::move(part));
        fields = fields.subspan(same);
    }
    if (value.is_object())
        return members;
    std::sort(elements.begin(), elements.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    Array array;
    for (auto &element : elements)
        array.push_back(std::move(element.second));
    return array;
}

} // namespace

Value project(const Value &state, const std::vector<Pointer> &fields)
{
    Budget unlimited;
    return project(state, fields, unlimited);
}

Value project(const Value &state, const std::vector<Pointer> &fields, Budget &budget)
{
    std::vector<const Pointer *> present;
    for (const Pointer &field : fields)
        if (budget.charge(1 + field.tokens().size()) && find(state, field))
            present.push_back(&field);
    if (present.empty() || !budget.charge(present.size() * std::bit_width(present.size())))
        return state.is_object() ? Value(Object()) : state.is_array() ? Value(Array()) : Value();
    std::sort(present.begin(), present.end(), [](const Pointer *a, const Pointer *b) { return *a < *b; });
    return projectBelow(state, present, 0, budget);
}

} // namespace eventsync::json
