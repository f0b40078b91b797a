// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/rules.h>

#include <map>

namespace eventsync::eventlog {

/// A cache of the rules of collections. Peers may name any collection, so rules that no document uses are kept for a bounded
/// number of names only (limits::kRulesAtHand), and made again when needed. Owner only.
class RulesBook
{
public:
    explicit RulesBook(RulesOf make) : m_make(std::move(make)) {}

    RulesPtr of(const CollectionName &collection);
    void forget(const CollectionName &collection) { m_known.erase(collection); } ///< they have changed
    std::size_t size() const { return m_known.size(); }

private:
    RulesOf m_make;
    std::map<CollectionName, RulesPtr> m_known;
    std::size_t m_sweepAt = limits::kRulesAtHand;
};

} // namespace eventsync::eventlog
