// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/valueset.h>

#include <eventsync/json/compare.h>

#include <algorithm>
#include <bit>

namespace eventsync::json {

ValueSet::ValueSet(const Array &values, Budget &budget)
{
    if (!budget.charge(values.size() * std::bit_width(values.size())))
        return;
    m_forms.reserve(values.size());
    for (const Value &value : values) {
        if (!chargeWhole(value, budget))
            return;
        m_forms.push_back(canonical(value));
    }
    std::sort(m_forms.begin(), m_forms.end());
}

bool ValueSet::contains(const Value &value, Budget &budget) const
{
    if (m_forms.empty() || !budget.charge(std::bit_width(m_forms.size())) || !chargeWhole(value, budget))
        return false;
    return std::binary_search(m_forms.begin(), m_forms.end(), canonical(value));
}

bool ValueSet::hasDuplicates() const
{
    return std::adjacent_find(m_forms.begin(), m_forms.end()) != m_forms.end();
}

} // namespace eventsync::json
