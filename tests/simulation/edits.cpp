// SPDX-License-Identifier: Apache-2.0
#include "edits.h"

#include <algorithm>

namespace eventsync::simulation {

using json::OperationKind;
using json::Patch;
using json::PatchOperation;
using json::Pointer;
using json::Value;

namespace {

Pointer at(std::initializer_list<const char *> tokens)
{
    return Pointer(std::vector<std::string>(tokens.begin(), tokens.end()));
}

std::int64_t integerAt(const Value &state, std::initializer_list<const char *> tokens)
{
    const Value *value = json::find(state, at(tokens));
    return value && value->is_int64() ? value->get_int64() : 0;
}

Patch one(OperationKind kind, Pointer path, Value value = {}, Pointer from = {})
{
    return Patch({PatchOperation{kind, std::move(path), std::move(from), std::move(value)}});
}

} // namespace

CollectionPolicy policy()
{
    CollectionPolicy policy;
    policy.setPath({at({"gold"}), json::PathRule::Counter, 0, {}});
    policy.setPath({at({"seen"}), json::PathRule::Latest, {}, {}});
    return policy;
}

std::shared_ptr<const Validator> commonRules()
{
    return validatorFrom([](const CollectionName &, const Value &state) -> Result<> {
        if (integerAt(state, {"n", "a"}) + integerAt(state, {"n", "b"}) > 12)
            return failure(ErrorCode::Invalid, "n.a + n.b is above 12", "/n");
        return {};
    });
}

std::shared_ptr<const Validator> serverRules()
{
    return validatorFrom([](const CollectionName &collection, const Value &state) -> Result<> {
        if (integerAt(state, {"name"}) == 13)
            return failure(ErrorCode::Invalid, "13 is no name", "/name");
        return commonRules()->validate(collection, state);
    });
}

Value freshDocument(std::uint64_t randomBits)
{
    const auto v = static_cast<std::int64_t>(randomBits % 10);
    return json::Object{{"gold", 5}, {"name", v}, {"n", json::Object{{"a", v % 4}, {"b", 1}}},
                        {"arr", json::Array{0}}, {"seen", 0}};
}

namespace {

RandomEdit rootEdit(const json::State &state, std::uint64_t randomBits)
{
    const auto v = static_cast<std::int64_t>((randomBits / 32) % 10);
    const Value roots[] = {nullptr, v, json::String(1, static_cast<char>('a' + v)), json::Array{v}, freshDocument(randomBits / 32)};
    const Value &root = roots[randomBits % 5];
    if (!state)
        return {EditKind::Create, root, {}};
    return {EditKind::Update, {}, one(OperationKind::Replace, Pointer(), root)};
}

} // namespace

RandomEdit randomEdit(const json::State &state, std::uint64_t randomBits, bool anyRoot)
{
    if (anyRoot && randomBits / 1024 % 6 == 0)
        return rootEdit(state, randomBits);
    const auto k = randomBits % 19;
    const auto v = static_cast<std::int64_t>((randomBits / 32) % 10);
    if (!state)
        return {EditKind::Create, freshDocument(randomBits / 32), {}};
    const auto update = [](Patch patch) { return RandomEdit{EditKind::Update, {}, std::move(patch)}; };
    switch (k) {
    case 0: case 1: case 2: case 3: {
        const std::int64_t amount = v % 9 - 5;
        return update(one(OperationKind::Inc, at({"gold"}), amount ? amount : 3));
    }
    case 4: case 5:
        return update(one(OperationKind::Replace, at({"name"}), v == 9 ? 13 : v));
    case 6: case 7: case 8:
        return update(one(OperationKind::Replace, at({"n", k % 2 ? "a" : "b"}), v));
    case 9:
        return update(one(OperationKind::Replace, at({"n"}), json::Object{{"a", v % 5}, {"b", 2}}));
    case 10:
        return update(one(OperationKind::Add, at({"arr", "-"}), v));
    case 11:
        return update(v % 2 ? one(OperationKind::Replace, at({"arr", "0"}), v) : one(OperationKind::Remove, at({"arr", "0"})));
    case 12:
        return update(one(OperationKind::Add, at({"x"}), v % 3));
    case 13:
        return update(v % 2 ? one(OperationKind::Remove, at({"x"})) : one(OperationKind::Move, at({"y"}), {}, at({"x"})));
    case 14: {
        Patch patch = one(OperationKind::Replace, at({"name"}), v);
        patch.append({OperationKind::Inc, at({"gold"}), {}, 1});
        return update(std::move(patch));
    }
    case 15:
        return update(one(OperationKind::Max, at({"seen"}), v + static_cast<std::int64_t>(randomBits / 512 % 50)));
    case 16: { // widened by a test of what the edit relies on
        const Value *name = json::find(*state, at({"name"}));
        Patch patch = one(OperationKind::Test, at({"name"}), name ? *name : Value(0));
        patch.append({OperationKind::Replace, at({"n", "b"}), {}, v % 6});
        return update(std::move(patch));
    }
    case 17:
        return v < 5 ? RandomEdit{EditKind::Remove, {}, {}} : update(one(OperationKind::Inc, at({"n", "a"}), 1));
    default:
        return update(one(OperationKind::Copy, at({"arr", "0"}), {}, at({"name"})));
    }
}

bool isGoldOnly(const Patch &patch)
{
    return std::all_of(patch.operations().begin(), patch.operations().end(), [](const PatchOperation &operation) {
        return operation.kind == OperationKind::Inc && operation.path == at({"gold"});
    });
}

} // namespace eventsync::simulation
