// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/rulesbook.h>

#include <eventsync/eventlog/limits.h>

#include <algorithm>

namespace eventsync::eventlog {

RulesPtr RulesBook::of(const CollectionName &collection)
{
    if (const auto known = m_known.find(collection); known != m_known.end())
        return known->second;
    if (m_known.size() >= m_sweepAt) {
        std::erase_if(m_known, [](const auto &entry) { return entry.second.use_count() == 1; });
        m_sweepAt = std::max(limits::kRulesAtHand, 2 * m_known.size()); // the remaining ones are in use
    }
    return m_known.emplace(collection, m_make(collection)).first->second;
}

} // namespace eventsync::eventlog
