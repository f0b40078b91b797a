// SPDX-License-Identifier: Apache-2.0
#include <desktop/dialogs/conflictchoice.h>

#include <eventsync/json/limits.h>

#include <algorithm>
#include <set>

namespace eventsync::desktop {

namespace {

const json::Value *valueOf(const json::State &state)
{
    return state ? &*state : nullptr;
}

json::State stateOf(const json::Value *value)
{
    return value ? json::State(*value) : std::nullopt;
}

bool same(const json::Value *a, const json::Value *b)
{
    return a == b || (a && b && json::equal(*a, *b));
}

const json::Value *memberOf(const json::Value *value, const std::string &key)
{
    return value ? value->get_object().if_contains(key) : nullptr;
}

bool isObject(const json::Value *value)
{
    return value && value->is_object();
}

bool isInteger(const json::Value *value)
{
    return value && value->is_int64();
}

void put(json::State &document, const json::Pointer &path, const json::State &value)
{
    if (path.isRoot()) {
        document = value;
        return;
    }
    json::Value *parent = document ? json::find(*document, path.parent()) : nullptr;
    if (!parent || !parent->is_object())
        return;
    if (value)
        parent->get_object()[path.last()] = *value;
    else
        parent->get_object().erase(path.last());
}

} // namespace

ConflictChoice::ConflictChoice(const client::ConflictView &view) : m_view(view)
{
    compare({}, valueOf(m_view.base), valueOf(m_view.ours), valueOf(m_view.theirs));
    std::stable_partition(m_fields.begin(), m_fields.end(), [](const Field &field) { return field.contested; });
}

// Objects that both sides still have are compared member by member; anything else is one field. Without a base it is not known
// which side has changed a value: every difference is contested.
void ConflictChoice::compare(const json::Pointer &path, const json::Value *base, const json::Value *mine,
                             const json::Value *theirs)
{
    if (same(mine, theirs) && (same(base, mine) || !m_view.baseKnown))
        return;
    if (isObject(mine) && isObject(theirs) && (isObject(base) || !base)) {
        std::set<std::string> keys;
        for (const json::Value *side : {base, mine, theirs}) {
            if (!side)
                continue;
            for (const auto &member : side->get_object())
                keys.emplace(member.key());
        }
        for (const std::string &key : keys)
            compare(path.child(key), memberOf(base, key), memberOf(mine, key), memberOf(theirs, key));
        return;
    }
    Field field{.path = path, .base = stateOf(base), .mine = stateOf(mine), .theirs = stateOf(theirs)};
    const bool mineChanged = !m_view.baseKnown || !same(base, mine);
    const bool theirsChanged = !m_view.baseKnown || !same(base, theirs);
    field.contested = mineChanged && theirsChanged && !same(mine, theirs);
    field.canBoth = m_view.baseKnown && isInteger(base) && isInteger(mine) && isInteger(theirs) &&
                    m_view.policy.rule(path) == json::PathRule::Counter;
    field.side = !theirsChanged ? Side::Mine : field.contested && field.canBoth ? Side::Both : Side::Theirs;
    m_fields.push_back(std::move(field));
}

void ConflictChoice::choose(std::size_t field, Side side)
{
    Field &chosen = m_fields.at(field);
    if (side != Side::Both || chosen.canBoth)
        chosen.side = side;
}

json::State ConflictChoice::merged() const
{
    json::State merged = m_view.theirs;
    for (const Field &field : m_fields) {
        if (field.side == Side::Mine) {
            put(merged, field.path, field.mine);
        } else if (field.side == Side::Both) {
            const std::int64_t sum = field.mine->get_int64() + field.theirs->get_int64() - field.base->get_int64();
            put(merged, field.path, json::Value(std::clamp(sum, -limits::kMaxInteger, limits::kMaxInteger)));
        }
    }
    return merged;
}

client::Resolution ConflictChoice::resolution(client::Decision decision, const std::string &person) const
{
    client::Resolution resolution{.decision = decision, .merged = {}, .strategy = "person", .decidedBy = person};
    if (decision == client::Decision::Merged)
        resolution.merged = merged();
    return resolution;
}

} // namespace eventsync::desktop
