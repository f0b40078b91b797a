// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/filter.h>

#include <eventsync/base/limits.h>
#include <eventsync/json/keyorder.h>

#include <algorithm>
#include <iterator>

namespace eventsync::json {

namespace {

// Rank of a kind in the order of values; all numbers have one, false and true their own.
int rank(const Value &value)
{
    switch (value.kind()) {
    case boost::json::kind::null:
        return 0;
    case boost::json::kind::bool_:
        return value.get_bool() ? 2 : 1;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
        return 3;
    case boost::json::kind::string:
        return 4;
    case boost::json::kind::array:
        return 5;
    case boost::json::kind::object:
        return 6;
    }
    return 7;
}

// Values of two kinds have a place in the order, but neither is more than the other.
bool isSameKind(const Value &a, const Value &b)
{
    return rank(a) == rank(b) || (a.is_bool() && b.is_bool());
}

int sign(bool less, bool greater)
{
    return less ? -1 : greater ? 1 : 0;
}

int compareNumbers(const Value &a, const Value &b)
{
    if (a.is_int64() && b.is_int64())
        return sign(a.get_int64() < b.get_int64(), a.get_int64() > b.get_int64());
    const auto x = a.to_number<double>(); // exact for every integer of the domain
    const auto y = b.to_number<double>();
    return sign(x < y, x > y);
}

int compareArrays(const Array &a, const Array &b)
{
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        if (const int order = compareValues(a[i], b[i]); order != 0)
            return order;
    return sign(a.size() < b.size(), a.size() > b.size());
}

using Members = std::vector<const boost::json::key_value_pair *>;

Members sortedMembers(const Object &object)
{
    Members members;
    for (const auto &member : object)
        members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto *a, const auto *b) { return compareUtf16(a->key(), b->key()) < 0; });
    return members;
}

int compareObjects(const Object &a, const Object &b)
{
    const Members x = sortedMembers(a);
    const Members y = sortedMembers(b);
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
        if (const int order = compareUtf16(x[i]->key(), y[i]->key()); order != 0)
            return order;
        if (const int order = compareValues(x[i]->value(), y[i]->value()); order != 0)
            return order;
    }
    return sign(x.size() < y.size(), x.size() > y.size());
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

int compareValues(const Value &a, const Value &b)
{
    if (const int x = rank(a), y = rank(b); x != y)
        return sign(x < y, x > y);
    switch (rank(a)) {
    case 3:
        return compareNumbers(a, b);
    case 4:
        return compareUtf16(a.get_string(), b.get_string());
    case 5:
        return compareArrays(a.get_array(), b.get_array());
    case 6:
        return compareObjects(a.get_object(), b.get_object());
    default:
        return 0;
    }
}

struct Filter::Node
{
    Test test = Test::All;
    std::vector<Node> children = {}; // All, Any, Not
    Pointer path = {};               // comparisons
    Value value = {};

    static Result<Node> from(const Value &json, int room, const Pointer &at);
    static Result<Node> comparison(const Object &object, const Pointer &at);
    Value toJson() const;
    bool matches(const Value &state) const;
    bool compare(const Value &found) const;
};

Result<Filter::Node> Filter::Node::from(const Value &json, int room, const Pointer &at)
{
    auto refuse = [&](const char *why) { return failure(ErrorCode::InvalidValue, why, at.toText()); };
    const Object *object = json.if_object();
    if (!object)
        return refuse("a filter is an object");
    if (object->contains("path"))
        return comparison(*object, at);
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
        const Pointer below = at.child(std::string(group->name)).child(std::to_string(node.children.size()));
        EVENTSYNC_TRY(Node child, from(element, room - 1, below));
        node.children.push_back(std::move(child));
    }
    return node;
}

Result<Filter::Node> Filter::Node::comparison(const Object &object, const Pointer &at)
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
    return Node{.test = row->test, .path = std::move(*pointer), .value = *value};
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

bool Filter::Node::matches(const Value &state) const
{
    auto doesMatch = [&](const Node &child) { return child.matches(state); };
    if (test == Test::All)
        return std::all_of(children.begin(), children.end(), doesMatch);
    if (test == Test::Any)
        return std::any_of(children.begin(), children.end(), doesMatch);
    if (test == Test::Not)
        return std::none_of(children.begin(), children.end(), doesMatch);
    const Value *found = find(state, path);
    if (test == Test::Exists)
        return value.get_bool() == (found != nullptr);
    return found ? compare(*found) : test == Test::NotEqual;
}

bool Filter::Node::compare(const Value &found) const
{
    switch (test) {
    case Test::Equal:
        return equal(found, value);
    case Test::NotEqual:
        return !equal(found, value);
    case Test::Less:
        return isSameKind(found, value) && compareValues(found, value) < 0;
    case Test::LessOrEqual:
        return isSameKind(found, value) && compareValues(found, value) <= 0;
    case Test::Greater:
        return isSameKind(found, value) && compareValues(found, value) > 0;
    case Test::GreaterOrEqual:
        return isSameKind(found, value) && compareValues(found, value) >= 0;
    case Test::In:
        return std::ranges::any_of(value.get_array(), [&](const Value &one) { return equal(found, one); });
    case Test::Prefix:
        return found.is_string() && found.get_string().starts_with(value.get_string());
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
    EVENTSYNC_TRY(Node root, Node::from(value, limits::kDepth / 2, Pointer())); // a group is an object and a list deep
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
    return m_root->matches(state);
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

Value prefixWithin(const Value &value, std::size_t &room)
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
            first.push_back(prefixWithin(element, room));
        }
        return first;
    }
    if (const Object *object = value.if_object()) {
        Object first;
        for (const auto *member : sortedMembers(*object)) {
            if (!takes(kScalarCharacters + member->key().size()))
                break;
            first.emplace(member->key(), prefixWithin(member->value(), room));
        }
        return first;
    }
    return value;
}

} // namespace

Value sortValue(const Value &value)
{
    std::size_t room = limits::kSortCharacters;
    return prefixWithin(value, room);
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

// The part of `value` that the fields name; all of them exist below it and share its path, `length` tokens long.
Value projectBelow(const Value &value, const std::vector<const Pointer *> &fields, std::size_t length)
{
    for (const Pointer *field : fields)
        if (field->tokens().size() == length)
            return value;
    auto below = [&](std::string_view token) {
        std::vector<const Pointer *> some;
        for (const Pointer *field : fields)
            if (field->tokens()[length] == token)
                some.push_back(field);
        return some;
    };
    if (const Array *array = value.if_array()) {
        std::vector<std::size_t> indexes;
        for (const Pointer *field : fields)
            indexes.push_back(*arrayIndex(field->tokens()[length]));
        std::sort(indexes.begin(), indexes.end());
        indexes.erase(std::unique(indexes.begin(), indexes.end()), indexes.end());
        Array result;
        for (const std::size_t index : indexes)
            result.push_back(projectBelow((*array)[index], below(std::to_string(index)), length + 1));
        return result;
    }
    Object result;
    for (const Pointer *field : fields) {
        const std::string &token = field->tokens()[length];
        if (!result.contains(token))
            result.emplace(token, projectBelow(value.get_object().at(token), below(token), length + 1));
    }
    return result;
}

} // namespace

Value project(const Value &state, const std::vector<Pointer> &fields)
{
    std::vector<const Pointer *> present;
    for (const Pointer &field : fields)
        if (find(state, field))
            present.push_back(&field);
    if (present.empty())
        return state.is_object() ? Value(Object()) : state.is_array() ? Value(Array()) : Value();
    return projectBelow(state, present, 0);
}

} // namespace eventsync::json
