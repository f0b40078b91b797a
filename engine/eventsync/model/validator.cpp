// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/validator.h>

#include <eventsync/base/guard.h>
#include <eventsync/model/compiledschema_p.h>
#include <eventsync/model/counterbounds.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/jsonfields.h>

#include <algorithm>
#include <set>

namespace eventsync {

namespace {

class SchemaValidator final : public Validator
{
public:
    explicit SchemaValidator(CompiledSchema schema) : m_schema(std::move(schema)) {}

    Result<> validate(const CollectionName &collection, const json::Value &state) const override
    {
        std::vector<Error> all = complaints(collection, state);
        if (all.empty())
            return {};
        return failure(std::move(all.front()));
    }

    // The deepest first: it is the most precise.
    std::vector<Error> complaints(const CollectionName &, const json::Value &state) const override
    {
        auto all = complaintsOf(m_schema, state);
        const auto depth = [](const Error &complaint) { return std::count(complaint.path.begin(), complaint.path.end(), '/'); };
        std::stable_sort(all.begin(), all.end(), [&](const Error &a, const Error &b) { return depth(a) > depth(b); });
        return all;
    }

    bool saysEverything() const override { return true; }

private:
    CompiledSchema m_schema;
};

class FunctionValidator final : public Validator
{
public:
    using Function = std::function<Result<>(const CollectionName &, const json::Value &)>;
    explicit FunctionValidator(Function function) : m_function(std::move(function)) {}

    Result<> validate(const CollectionName &collection, const json::Value &state) const override
    {
        return m_function(collection, state);
    }

private:
    Function m_function;
};

// Code of a user, which may throw (base/guard.h): an exception becomes the error.
class GuardedValidator final : public Validator
{
public:
    explicit GuardedValidator(std::shared_ptr<const Validator> code) : m_code(std::move(code)) {}

    Result<> validate(const CollectionName &collection, const json::Value &state) const override
    {
        return guarded([&] { return m_code->validate(collection, state); });
    }
    std::vector<Error> complaints(const CollectionName &collection, const json::Value &state) const override
    {
        auto all = guarded([&] { return m_code->complaints(collection, state); });
        return all ? std::move(*all) : std::vector{all.error()};
    }
    bool saysEverything() const override
    {
        return guarded([&] { return m_code->saysEverything(); }).value_or(false);
    }

private:
    std::shared_ptr<const Validator> m_code;
};

} // namespace

std::vector<Error> Validator::complaints(const CollectionName &collection, const json::Value &state) const
{
    if (auto fine = validate(collection, state); !fine)
        return {fine.error()};
    return {};
}

Result<std::shared_ptr<const Validator>> schemaValidator(const json::Value &schema)
{
    EVENTSYNC_TRY(CompiledSchema compiled, CompiledSchema::compile(schema));
    return std::make_shared<SchemaValidator>(std::move(compiled));
}

std::shared_ptr<const Validator> validatorFrom(std::function<Result<>(const CollectionName &, const json::Value &)> function)
{
    return std::make_shared<FunctionValidator>(std::move(function));
}

Result<StateCheck> StateCheck::make(const CollectionName &collection, const CollectionPolicy &policy,
                                    std::shared_ptr<const Validator> code)
{
    StateCheck check;
    check.m_collection = collection;
    check.m_policy = policy;
    if (code)
        check.m_code = std::make_shared<GuardedValidator>(std::move(code));
    if (policy.schema()) {
        EVENTSYNC_TRY(check.m_schema, schemaValidator(*policy.schema()));
    }
    return check;
}

bool StateCheck::checksNothing() const
{
    const auto &paths = m_policy.paths();
    return !m_schema && !m_code && std::none_of(paths.begin(), paths.end(), [](const CollectionPolicy::Path &path) {
        return path.rule == json::PathRule::Counter;
    });
}

Result<> StateCheck::check(const json::State &state) const
{
    if (!state)
        return {};
    EVENTSYNC_CHECK(m_policy.checkCounters(*state));
    if (m_schema)
        EVENTSYNC_CHECK(m_schema->validate(m_collection, *state));
    if (m_code)
        EVENTSYNC_CHECK(m_code->validate(m_collection, *state));
    return {};
}

// ---- changes of states that do not pass

namespace {

// The key by which two complaints are the same: the path without indexes of lists, the message, and a scalar value; so a scalar
// value that is changed must be valid.
std::string keyOf(const json::Value &state, const Error &complaint)
{
    std::string key = complaint.message + '\n';
    const json::Value *at = &state;
    const auto path = json::Pointer::parse(complaint.path);
    for (const std::string &token : path ? path->tokens() : std::vector<std::string>{complaint.path}) {
        key = childPath(std::move(key), at && at->is_array() ? "*" : token);
        at = at ? json::find(*at, json::Pointer({token})) : nullptr;
    }
    if (at && !at->is_structured())
        key += '\n' + json::canonical(*at);
    return key;
}

bool isUnchanged(const json::Value &before, const json::Value &after, const Error &complaint)
{
    const auto path = json::Pointer::parse(complaint.path);
    if (!path || path->isRoot())
        return false;
    const json::Value *was = json::find(before, *path), *is = json::find(after, *path);
    return was && is && json::equal(*was, *is);
}

// Whether every complaint about the state after a change was one about the state before. If a validator reports one error at a
// time, an earlier error may have hidden this one: it was there before if the change has not touched its path.
Result<> nothingWorse(const Validator &rule, const CollectionName &collection, const json::Value &before, const json::Value &after)
{
    std::multiset<std::string> known;
    for (const Error &complaint : rule.complaints(collection, before))
        known.insert(keyOf(before, complaint));
    const bool hides = !known.empty() && !rule.saysEverything();
    for (const Error &complaint : rule.complaints(collection, after)) {
        const auto same = known.find(keyOf(after, complaint));
        if (same != known.end())
            known.erase(same);
        else if (!hides || !isUnchanged(before, after, complaint))
            return failure(complaint);
    }
    return {};
}

} // namespace

Result<> StateCheck::checkChange(const json::State &before, const json::State &after) const
{
    if (!before || !after)
        return check(after);
    EVENTSYNC_CHECK(checkCountersChange(m_policy, &*before, *after));
    for (const Validator *rule : {m_schema.get(), m_code.get()}) {
        if (rule)
            EVENTSYNC_CHECK(nothingWorse(*rule, m_collection, *before, *after));
    }
    return {};
}

// The state before is computed only if the state after does not pass, which is rare.
Result<> StateCheck::checkApplied(const DocumentState &after, const Diff &inverse) const
{
    auto passed = check(after.jsonState());
    if (passed || !after.exists())
        return passed;
    DocumentState before = after;
    if (!before.revert(inverse))
        return passed;
    return checkChange(before.jsonState(), after.jsonState());
}

std::vector<Error> StateCheck::complaints(const json::Value &state) const
{
    std::vector<Error> all;
    if (auto counters = m_policy.checkCounters(state); !counters)
        all.push_back(counters.error());
    for (const Validator *rule : {m_schema.get(), m_code.get()}) {
        if (rule) {
            for (Error &complaint : rule->complaints(m_collection, state))
                all.push_back(std::move(complaint));
        }
    }
    return all;
}

} // namespace eventsync
