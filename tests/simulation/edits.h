// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/validator.h>

#include <memory>

namespace eventsync::simulation {

// The documents of the simulation: {gold, name, n: {a, b}, arr, seen} and sometimes x. gold is a counter that may not be
// negative, seen is `latest`; n.a + n.b <= 12 is a rule that both halves know (code), name != 13 one that only the server
// knows.
CollectionPolicy policy();
std::shared_ptr<const Validator> commonRules();
std::shared_ptr<const Validator> serverRules();

json::Value freshDocument(std::uint64_t randomBits);

enum class EditKind { Create, Update, Remove };
struct RandomEdit
{
    EditKind kind = EditKind::Update;
    json::Value state = {}; // of a create
    json::Patch patch = {};
};
// An edit that fits `state` more often than not. `anyRoot`: now and then the whole document becomes null, a number, a text or
// a list, or an object again.
RandomEdit randomEdit(const json::State &state, std::uint64_t randomBits, bool anyRoot);

// Only additions to the counter: nothing but the balance can stand against such an edit.
bool isGoldOnly(const json::Patch &patch);

} // namespace eventsync::simulation
