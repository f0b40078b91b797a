// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/compare.h>

#include <eventsync/json/keyorder.h>

#include <algorithm>
#include <bit>

namespace eventsync::json {

namespace {

constexpr std::size_t kTextBytesPerStep = 64;

std::uint64_t textSteps(std::size_t bytes)
{
    return 1 + bytes / kTextBytesPerStep;
}

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

int compareTexts(std::string_view a, std::string_view b, Budget &budget)
{
    return budget.charge(textSteps(std::min(a.size(), b.size()))) ? compareUtf16(a, b) : 0;
}

int compareArrays(const Array &a, const Array &b, Budget &budget)
{
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        if (const int order = compareValues(a[i], b[i], budget); order != 0 || budget.isExhausted())
            return order;
    return sign(a.size() < b.size(), a.size() > b.size());
}

int compareObjects(const Object &a, const Object &b, Budget &budget)
{
    const auto x = sortedMembers(a, budget);
    const auto y = sortedMembers(b, budget);
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
        if (const int order = compareTexts(x[i]->key(), y[i]->key(), budget); order != 0)
            return order;
        if (const int order = compareValues(x[i]->value(), y[i]->value(), budget); order != 0 || budget.isExhausted())
            return order;
    }
    return sign(x.size() < y.size(), x.size() > y.size());
}

int compareOfOneRank(const Value &a, const Value &b, Budget &budget)
{
    switch (rank(a)) {
    case 3:
        return compareNumbers(a, b);
    case 4:
        return compareTexts(a.get_string(), b.get_string(), budget);
    case 5:
        return compareArrays(a.get_array(), b.get_array(), budget);
    case 6:
        return compareObjects(a.get_object(), b.get_object(), budget);
    default:
        return 0;
    }
}

} // namespace

int compareValues(const Value &a, const Value &b)
{
    Budget unlimited;
    return compareValues(a, b, unlimited);
}

int compareValues(const Value &a, const Value &b, Budget &budget)
{
    if (!budget.charge())
        return 0;
    const int x = rank(a), y = rank(b);
    const int order = x != y ? sign(x < y, x > y) : compareOfOneRank(a, b, budget);
    return budget.isExhausted() ? 0 : order;
}

bool equal(const Value &a, const Value &b, Budget &budget)
{
    if (!budget.charge())
        return false;
    if (const String *text = a.if_string()) {
        const String *other = b.if_string();
        return other && text->size() == other->size() && chargeText(*text, budget) && *text == *other;
    }
    if (const Array *array = a.if_array()) {
        const Array *other = b.if_array();
        return other && std::equal(array->begin(), array->end(), other->begin(), other->end(),
                                   [&](const Value &x, const Value &y) { return equal(x, y, budget); });
    }
    if (const Object *object = a.if_object()) {
        const Object *other = b.if_object();
        return other && object->size() == other->size() && std::all_of(object->begin(), object->end(), [&](const auto &member) {
            const Value *found = chargeText(member.key(), budget) ? other->if_contains(member.key()) : nullptr;
            return found && equal(member.value(), *found, budget);
        });
    }
    return a == b;
}

bool chargeWhole(const Value &value, Budget &budget)
{
    if (const String *text = value.if_string())
        return chargeText(*text, budget);
    if (const Array *array = value.if_array())
        return budget.charge() && std::all_of(array->begin(), array->end(), [&](const Value &element) { return chargeWhole(element, budget); });
    if (const Object *object = value.if_object()) {
        return budget.charge() && std::all_of(object->begin(), object->end(), [&](const auto &member) {
            return chargeText(member.key(), budget) && chargeWhole(member.value(), budget);
        });
    }
    return budget.charge();
}

bool chargeText(std::string_view text, Budget &budget)
{
    return budget.charge(textSteps(text.size()));
}

std::vector<const boost::json::key_value_pair *> sortedMembers(const Object &object, Budget &budget)
{
    std::vector<const boost::json::key_value_pair *> members;
    if (!budget.charge(object.size() * std::bit_width(object.size())))
        return members;
    members.reserve(object.size());
    for (const auto &member : object)
        members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto *a, const auto *b) { return compareUtf16(a->key(), b->key()) < 0; });
    return members;
}

} // namespace eventsync::json
