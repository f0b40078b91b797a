// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/documentrules_p.h>

#include <eventsync/base/guard.h>
#include <eventsync/client/logging_p.h>

#include <algorithm>

namespace eventsync::client {

void DocumentRules::setCollection(const std::optional<CollectionName> &collection)
{
    m_collection = collection;
    refresh();
}

const CollectionPolicy &DocumentRules::policy() const
{
    static const CollectionPolicy kNone;
    return m_collection ? m_policies.of(*m_collection) : kNone;
}

void DocumentRules::refresh()
{
    m_check.reset();
    m_checks = false;
    if (!m_collection)
        return;
    const CollectionPolicy &rules = policy();
    std::shared_ptr<const Validator> code;
    auto check = [&]() -> Result<StateCheck> {
        if (m_options.validators) {
            EVENTSYNC_TRY(code, guarded(m_options.validators, *m_collection));
        }
        return StateCheck::make(*m_collection, rules, code);
    }();
    if (!check) {
        qCWarning(lcClient) << "the rules of a collection cannot be used:" << check.error().toString().c_str();
        return;
    }
    m_check = std::move(*check);
    m_checkedPolicy = rules;
    m_checks = code || rules.schema()
        || std::ranges::any_of(rules.paths(), [](const auto &path) { return path.min || path.max; });
}

bool DocumentRules::pass(const DocumentState &state) const
{
    return !m_checks || m_check->check(state.jsonState()).has_value();
}

Result<> DocumentRules::checkApplied(const DocumentState &after, const Diff &inverse) const
{
    return m_checks ? m_check->checkApplied(after, inverse) : Result<>();
}

} // namespace eventsync::client
