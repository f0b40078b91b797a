// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/collectionpolicy.h>

#include <eventsync/json/limits.h>
#include <eventsync/model/counterbounds.h>

#include <algorithm>
#include <limits>

namespace eventsync {

namespace {

constexpr std::string_view kAny = "*";

struct RuleName
{
    json::PathRule rule;
    std::string_view name;
};
constexpr RuleName kRules[] = {{json::PathRule::Plain, "plain"},
                               {json::PathRule::Counter, "counter"},
                               {json::PathRule::Latest, "latest"},
                               {json::PathRule::Engine, "engine"}};

std::string_view nameOf(json::PathRule rule)
{
    return kRules[static_cast<std::size_t>(rule)].name;
}

std::optional<json::PathRule> ruleFrom(std::string_view name)
{
    for (const RuleName &row : kRules) {
        if (row.name == name)
            return row.rule;
    }
    return std::nullopt;
}

using Tokens = std::vector<std::string>;

// Whether the first `count` tokens of both agree.
bool agree(const Tokens &pattern, const Tokens &path, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        if (pattern[i] != kAny && pattern[i] != path[i])
            return false;
    }
    return true;
}

bool matches(const Tokens &pattern, const Tokens &path)
{
    return pattern.size() == path.size() && agree(pattern, path, path.size());
}

std::ptrdiff_t stars(const Tokens &pattern)
{
    return std::count(pattern.begin(), pattern.end(), kAny);
}

// Calls visit(value, path) for every value that stands at `pattern` from token `from` on; stops at the first error.
template<class Visit>
Result<> forEachAt(const json::Value &value, const Tokens &pattern, std::size_t from, const std::string &path, const Visit &visit)
{
    if (from == pattern.size())
        return visit(value, path);
    const std::string &token = pattern[from];
    if (const auto *object = value.if_object()) {
        if (token != kAny) {
            const auto *member = object->if_contains(token);
            return member ? forEachAt(*member, pattern, from + 1, childPath(path, token), visit) : Result<>();
        }
        for (const auto &[name, member] : *object)
            EVENTSYNC_CHECK(forEachAt(member, pattern, from + 1, childPath(path, name), visit));
    } else if (const auto *list = value.if_array()) {
        const auto index = json::arrayIndex(token);
        for (std::size_t i = 0; i < list->size(); ++i) {
            if (token == kAny || index == i)
                EVENTSYNC_CHECK(forEachAt((*list)[i], pattern, from + 1, childPath(path, std::to_string(i)), visit));
        }
    }
    return {};
}

// Calls change(object) for every object that stands at all but the last token of `pattern`.
template<class Change>
void forEachParent(json::Value &value, const Tokens &pattern, std::size_t from, const Change &change)
{
    if (auto *object = value.if_object()) {
        if (from + 1 == pattern.size()) {
            change(*object);
        } else if (pattern[from] != kAny) {
            if (auto *member = object->if_contains(pattern[from]))
                forEachParent(*member, pattern, from + 1, change);
        } else {
            for (auto &&member : *object)
                forEachParent(member.value(), pattern, from + 1, change);
        }
    } else if (auto *list = value.if_array(); list && from + 1 < pattern.size()) {
        const auto index = json::arrayIndex(pattern[from]);
        for (std::size_t i = 0; i < list->size(); ++i) {
            if (pattern[from] == kAny || index == i)
                forEachParent((*list)[i], pattern, from + 1, change);
        }
    }
}

Result<CollectionPolicy::Path> pathFrom(std::string_view pointer, const json::Value &value, UnknownFields unknown)
{
    CollectionPolicy::Path path;
    EVENTSYNC_TRY(path.path, json::Pointer::parse(pointer));
    FieldReader read(value);
    const std::string name = read.text("rule");
    if (const auto rule = ruleFrom(name))
        path.rule = *rule;
    else if (unknown == UnknownFields::Refuse)
        read.fail({ErrorCode::InvalidValue, "a rule is plain, counter, latest or engine"}, "rule");
    path.min = read.optionalInteger("min", -limits::kMaxInteger);
    path.max = read.optionalInteger("max", -limits::kMaxInteger);
    EVENTSYNC_CHECK(read.finish(unknown));
    if ((path.min || path.max) && path.rule != json::PathRule::Counter && unknown == UnknownFields::Refuse)
        return failure(ErrorCode::InvalidValue, "only a counter has bounds");
    if (path.min && path.max && *path.min > *path.max)
        return failure(ErrorCode::InvalidValue, "min is above max");
    if (path.rule == json::PathRule::Engine && (path.path.isRoot() || path.path.last() == kAny))
        return failure(ErrorCode::InvalidValue, "an engine path ends in the name of a member");
    return path;
}

bool writes(json::OperationKind kind)
{
    return kind != json::OperationKind::Test;
}

// Whether an operation at `path` writes to or removes from the engine path `engine`.
bool touches(const json::PatchOperation &operation, const Tokens &path, const Tokens &engine)
{
    if (path.size() >= engine.size())
        return agree(engine, path, engine.size());
    if (!agree(engine, path, path.size()))
        return false;
    switch (operation.kind) {
    case json::OperationKind::Add:
    case json::OperationKind::Replace:
        return !forEachAt(operation.value, engine, path.size(), {},
                          [](const json::Value &, const std::string &) -> Result<> { return failure(ErrorCode::Invalid); });
    case json::OperationKind::Move:
    case json::OperationKind::Copy:
        return true; // the patch does not show what is moved or copied
    default:
        return false;
    }
}

} // namespace

CollectionPolicy CollectionPolicy::games()
{
    CollectionPolicy policy;
    const auto path = [](const char *name) { return json::Pointer({name}); };
    policy.setPath({.path = path("gold"), .rule = json::PathRule::Counter, .min = 0});
    policy.setPath({.path = path("experience"), .rule = json::PathRule::Counter});
    policy.setPath({.path = path("level"), .rule = json::PathRule::Counter});
    policy.setPath({.path = path("lastUpdated"), .rule = json::PathRule::Latest});
    policy.setPath({.path = path("version"), .rule = json::PathRule::Engine});
    return policy;
}

Result<CollectionPolicy> CollectionPolicy::fromJson(const json::Value &value, UnknownFields unknown)
{
    FieldReader read(value);
    CollectionPolicy policy;
    if (const auto merge = read.optionalText("merge")) {
        if (*merge == "strict")
            policy.m_merge = MergeRule::Strict;
        else if (*merge != "fields")
            read.fail({ErrorCode::InvalidValue, "merge is fields or strict"}, "merge");
    }
    policy.m_redaction = read.optionalBoolean("redaction").value_or(false);
    if (const auto *schema = read.optional("schema")) {
        if (!schema->is_object() && !schema->is_bool())
            read.fail({ErrorCode::InvalidMessage, "a schema is an object, true or false"}, "schema");
        policy.m_schema = *schema;
    }
    if (const auto *paths = read.optionalObject("paths")) {
        for (const auto &[pointer, content] : *paths) {
            auto path = pathFrom(pointer, content, unknown);
            if (path)
                policy.setPath(std::move(*path));
            else
                read.fail({path.error().code, path.error().message, childPath({}, pointer) + path.error().path}, "paths");
        }
    }
    EVENTSYNC_CHECK(read.finish(unknown));
    return policy;
}

json::Value CollectionPolicy::toJson() const
{
    json::Object object{{"merge", m_merge == MergeRule::Strict ? "strict" : "fields"}};
    if (!m_paths.empty()) {
        json::Object paths;
        for (const Path &path : m_paths) {
            json::Object content{{"rule", nameOf(path.rule)}};
            if (path.min)
                content.emplace("min", *path.min);
            if (path.max)
                content.emplace("max", *path.max);
            paths.emplace(path.path.toText(), std::move(content));
        }
        object.emplace("paths", std::move(paths));
    }
    if (m_redaction)
        object.emplace("redaction", true);
    if (m_schema)
        object.emplace("schema", *m_schema);
    return object;
}

// Kept in the order of the pointers, so that two policies with the same rules are equal.
void CollectionPolicy::setPath(Path path)
{
    const auto place = std::lower_bound(m_paths.begin(), m_paths.end(), path.path,
                                        [](const Path &a, const json::Pointer &b) { return a.path < b; });
    if (place != m_paths.end() && place->path == path.path)
        *place = std::move(path);
    else
        m_paths.insert(place, std::move(path));
}

namespace {

// Paths below an engine path belong to the engine too; otherwise the pattern with the fewest stars applies.
json::PathRule ruleIn(const std::vector<CollectionPolicy::Path> &paths, const Tokens &tokens)
{
    const CollectionPolicy::Path *best = nullptr;
    for (const auto &candidate : paths) {
        const Tokens &pattern = candidate.path.tokens();
        if (candidate.rule == json::PathRule::Engine && tokens.size() >= pattern.size() && agree(pattern, tokens, pattern.size()))
            return json::PathRule::Engine;
        if (matches(pattern, tokens) && (!best || stars(pattern) < stars(best->path.tokens())))
            best = &candidate;
    }
    return best ? best->rule : json::PathRule::Plain;
}

} // namespace

json::PathRule CollectionPolicy::rule(const json::Pointer &path) const
{
    return ruleIn(m_paths, path.tokens());
}

json::DiffOptions CollectionPolicy::diffOptions() const
{
    json::DiffOptions options;
    if (!m_paths.empty()) {
        options.rule = [paths = std::make_shared<const std::vector<Path>>(m_paths)](const json::Pointer &path) {
            return ruleIn(*paths, path.tokens());
        };
        options.ruledBelow = [paths = std::make_shared<const std::vector<Path>>(m_paths)](const json::Pointer &path) {
            const Tokens &tokens = path.tokens();
            return std::any_of(paths->begin(), paths->end(), [&](const Path &one) {
                return one.path.tokens().size() > tokens.size() && agree(one.path.tokens(), tokens, tokens.size());
            });
        };
    }
    return options;
}

Result<> CollectionPolicy::checkCounters(const json::Value &state) const
{
    return checkCountersChange(*this, nullptr, state);
}

Result<> checkCountersChange(const CollectionPolicy &policy, const json::Value *before, const json::Value &after)
{
    constexpr double kFar = std::numeric_limits<double>::infinity();
    const auto numberOf = [](const json::Value &value) {
        return value.is_int64() ? static_cast<double>(value.get_int64()) : value.get_double();
    };
    const auto stoodAt = [&](const std::string &path, double otherwise) {
        const auto pointer = json::Pointer::parse(path);
        const json::Value *value = before && pointer ? json::find(*before, *pointer) : nullptr;
        return value && value->is_number() ? numberOf(*value) : otherwise;
    };
    for (const CollectionPolicy::Path &counter : policy.paths()) {
        if (counter.rule != json::PathRule::Counter || (!counter.min && !counter.max))
            continue;
        const auto check = [&](const json::Value &value, const std::string &path) -> Result<> {
            if (!value.is_number())
                return {};
            const double number = numberOf(value);
            if (counter.min && number < std::min(static_cast<double>(*counter.min), stoodAt(path, kFar)))
                return failure(ErrorCode::Invalid, "the counter stands below " + std::to_string(*counter.min), path);
            if (counter.max && number > std::max(static_cast<double>(*counter.max), stoodAt(path, -kFar)))
                return failure(ErrorCode::Invalid, "the counter stands above " + std::to_string(*counter.max), path);
            return {};
        };
        EVENTSYNC_CHECK(forEachAt(after, counter.path.tokens(), 0, {}, check));
    }
    return {};
}

Result<> CollectionPolicy::checkEnginePaths(const json::Patch &patch) const
{
    for (const Path &engine : m_paths) {
        if (engine.rule != json::PathRule::Engine)
            continue;
        const Tokens &pattern = engine.path.tokens();
        for (const json::PatchOperation &operation : patch.operations()) {
            if (!writes(operation.kind))
                continue;
            const bool movedAway = operation.kind == json::OperationKind::Move &&
                                   operation.from.tokens().size() >= pattern.size() &&
                                   agree(pattern, operation.from.tokens(), pattern.size());
            if (movedAway || touches(operation, operation.path.tokens(), pattern))
                return failure(ErrorCode::Invalid, "the field is kept by EventSync", engine.path.toText());
        }
    }
    return {};
}

bool CollectionPolicy::hasEnginePaths() const
{
    return std::any_of(m_paths.begin(), m_paths.end(), [](const Path &path) { return path.rule == json::PathRule::Engine; });
}

Result<> CollectionPolicy::checkNoEngineFields(const json::Value &state) const
{
    if (hasEnginePaths() && !(withoutEngineFields(state) == state))
        return failure(ErrorCode::Invalid, "a field is kept by EventSync");
    return {};
}

namespace {

// Replaces the times at `pattern` in a value at its first `depth` tokens. Returns whether there was one.
bool setBack(json::Value &value, const Tokens &pattern, std::size_t depth, const std::string &latest, const std::string &now)
{
    if (depth == pattern.size()) {
        const bool isLater = value.is_string() && isTimestampText(std::string_view(value.get_string())) &&
                             std::string_view(value.get_string()) > latest;
        if (isLater)
            value = now;
        return isLater;
    }
    bool found = false;
    if (auto *array = value.if_array(); array && pattern[depth] == kAny) {
        for (json::Value &element : *array)
            found |= setBack(element, pattern, depth + 1, latest, now);
    } else if (auto *object = value.if_object()) {
        for (auto &&member : *object) {
            if (pattern[depth] == kAny || pattern[depth] == std::string_view(member.key()))
                found |= setBack(member.value(), pattern, depth + 1, latest, now);
        }
    } else if (array) {
        if (const auto index = json::arrayIndex(pattern[depth]); index && *index < array->size())
            found = setBack((*array)[*index], pattern, depth + 1, latest, now);
    }
    return found;
}

} // namespace

std::optional<json::Patch> CollectionPolicy::withBoundTimes(const json::Patch &patch, Timestamp now, Timestamp latest) const
{
    std::optional<std::vector<json::PatchOperation>> bound;
    for (const Path &path : m_paths) {
        if (path.rule != json::PathRule::Latest)
            continue;
        const Tokens &pattern = path.path.tokens();
        for (std::size_t i = 0; i < patch.operations().size(); ++i) {
            const json::PatchOperation &operation = patch.operations()[i];
            const Tokens &at = operation.path.tokens();
            const bool hasValue = operation.kind == json::OperationKind::Add || operation.kind == json::OperationKind::Replace ||
                                  operation.kind == json::OperationKind::Max;
            if (!hasValue || at.size() > pattern.size() || !agree(pattern, at, at.size()))
                continue;
            json::Value value = bound ? (*bound)[i].value : operation.value;
            if (!setBack(value, pattern, at.size(), toText(latest), toText(now)))
                continue;
            if (!bound)
                bound = patch.operations();
            (*bound)[i].value = std::move(value);
        }
    }
    return bound ? std::optional(json::Patch(std::move(*bound))) : std::nullopt;
}

json::Value CollectionPolicy::withEngineFields(json::Value state, ServerSeq version) const
{
    for (const Path &engine : m_paths) {
        if (engine.rule == json::PathRule::Engine)
            forEachParent(state, engine.path.tokens(), 0,
                          [&](json::Object &object) { object.insert_or_assign(engine.path.last(), version.value()); });
    }
    return state;
}

json::Value CollectionPolicy::withoutEngineFields(json::Value state) const
{
    for (const Path &engine : m_paths) {
        if (engine.rule == json::PathRule::Engine)
            forEachParent(state, engine.path.tokens(), 0, [&](json::Object &object) { object.erase(engine.path.last()); });
    }
    return state;
}

const CollectionPolicy &Policies::of(const CollectionName &collection) const
{
    static const CollectionPolicy kDefault;
    const auto found = m_policies.find(collection);
    return found == m_policies.end() ? kDefault : found->second;
}

void Policies::set(const CollectionName &collection, CollectionPolicy policy)
{
    m_policies.insert_or_assign(collection, std::move(policy));
}

} // namespace eventsync
