// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/conflictresolver.h>

namespace eventsync::client {

namespace {

class Fixed final : public ConflictResolver
{
public:
    Fixed(std::string name, Decision decision) : m_name(std::move(name)), m_decision(decision) {}
    std::string name() const override { return m_name; }
    Resolution resolve(const ConflictView &) const override
    {
        return {.decision = m_decision, .merged = {}, .strategy = m_name, .decidedBy = m_name};
    }

private:
    std::string m_name;
    Decision m_decision;
};

class FieldMerge final : public ConflictResolver
{
public:
    explicit FieldMerge(ResolverPtr otherwise) : m_otherwise(std::move(otherwise)) {}
    std::string name() const override { return "fieldMerge"; }
    Resolution resolve(const ConflictView &view) const override
    {
        if (view.baseKnown) {
            if (auto merged = mergeFields(view.base, view.ours, view.theirs))
                return {.decision = Decision::Merged, .merged = std::move(*merged), .strategy = name(), .decidedBy = name()};
        }
        return m_otherwise->resolve(view);
    }

private:
    ResolverPtr m_otherwise;
};

bool same(const json::Value *a, const json::Value *b)
{
    return a == b || (a && b && json::equal(*a, *b));
}

// Writes the result into `merged`; no value means that the member is absent. The recursion is bounded by the depth of values.
bool mergeValue(const json::Value *base, const json::Value *ours, const json::Value *theirs, json::State &merged)
{
    const json::Value *taken = nullptr;
    if (same(base, ours))
        taken = theirs;
    else if (same(base, theirs) || same(ours, theirs))
        taken = ours;
    else if (base && ours && theirs && base->is_object() && ours->is_object() && theirs->is_object()) {
        json::Object object;
        auto merge = [&](std::string_view key) {
            if (object.contains(key))
                return true;
            json::State member;
            if (!mergeValue(base->get_object().if_contains(key), ours->get_object().if_contains(key),
                            theirs->get_object().if_contains(key), member))
                return false;
            if (member)
                object.emplace(key, std::move(*member));
            return true;
        };
        for (const json::Value *side : {theirs, ours}) {
            for (const auto &member : side->get_object()) {
                if (!merge({member.key().data(), member.key().size()}))
                    return false;
            }
        }
        merged = json::Value(std::move(object));
        return true;
    } else {
        return false;
    }
    if (taken)
        merged = *taken;
    else
        merged.reset();
    return true;
}

const json::Value *pointer(const json::State &state)
{
    return state ? &*state : nullptr;
}

} // namespace

std::optional<json::State> mergeFields(const json::State &base, const json::State &ours, const json::State &theirs)
{
    json::State merged;
    if (!mergeValue(pointer(base), pointer(ours), pointer(theirs), merged))
        return std::nullopt;
    return merged;
}

ResolverPtr askResolver()
{
    return std::make_shared<Fixed>("ask", Decision::Ask);
}

ResolverPtr oursResolver()
{
    return std::make_shared<Fixed>("ours", Decision::Ours);
}

ResolverPtr theirsResolver()
{
    return std::make_shared<Fixed>("theirs", Decision::Theirs);
}

ResolverPtr lastWriterWinsResolver()
{
    return std::make_shared<Fixed>("lastWriterWins", Decision::Ours);
}

ResolverPtr fieldMergeResolver(ResolverPtr otherwise)
{
    return std::make_shared<FieldMerge>(std::move(otherwise));
}

} // namespace eventsync::client
