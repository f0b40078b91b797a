// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>

namespace eventsync::client {

// The rules of the collection that one document belongs to: its policy and its validators. Owner only.
class DocumentRules
{
public:
    DocumentRules(const Policies &policies, const ClientOptions &options) : m_policies(policies), m_options(options) {}

    const std::optional<CollectionName> &collection() const { return m_collection; }
    void setCollection(const std::optional<CollectionName> &collection);
    const CollectionPolicy &policy() const;
    bool areOutdated() const { return policy() != m_checkedPolicy; } // the policy has changed since refresh()
    void refresh();

    bool pass(const DocumentState &state) const;
    Result<> checkChange(const json::State &before, const json::State &after) const { return m_check->checkChange(before, after); }
    Result<> checkApplied(const DocumentState &after, const Diff &inverse) const;

private:
    const Policies &m_policies;
    const ClientOptions &m_options;
    std::optional<CollectionName> m_collection;
    std::optional<StateCheck> m_check;
    CollectionPolicy m_checkedPolicy; // for which m_check was made
    bool m_checks = false;
};

} // namespace eventsync::client
